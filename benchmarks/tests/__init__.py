"""Tests of the benchmarks: the contenders give the same answers, and the measurements are computed correctly."""
