"""Transforms: `base` defines the interface; every other file holds one transform, in the form of a drop-in file."""
