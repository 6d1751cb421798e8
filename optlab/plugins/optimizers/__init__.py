"""Optimizers: `base` defines the interface; every other file holds one optimizer, in the form of a drop-in file."""
