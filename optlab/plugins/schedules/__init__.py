"""Schedules: `base` defines the interface; every other file holds one schedule, in the form of a drop-in file."""
