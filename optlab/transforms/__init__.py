"""Transforms: `base` declares what one is; every other file holds one, in exactly the form of a drop-in file."""
