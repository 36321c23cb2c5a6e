"""`make bench`: speed, always as a ratio of runs side by side. Timings are never tests."""
