"""Compares the measurements with the targets, and writes the page of results and its charts."""
