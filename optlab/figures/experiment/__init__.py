"""The pictures of an experiment, and the data that each of them shows.

pictures    the pictures of a ranked experiment, and the function that draws all
maps        the pictures of maps
from_plugins
            the pictures of plugins
cases       the cases that pictures show
"""
