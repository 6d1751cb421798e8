"""Faults in large numbers: kills, errors of the disk, damaged files. `make torture` runs them and prints a table."""
