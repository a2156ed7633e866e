"""Measurements of time, memory and cost; each script can be run again."""
