"""The pictures of an experiment, and the data that each of them shows.

inputs      what the pictures show
pictures    the pictures of an experiment, and the function that draws all
per_case    the pictures of one case of a ranked experiment
over_cases  the pictures that compare the optimizers over all cases
verdicts    the pictures of ranks, and of trials of settings
unit_tests  the picture of unit tests
moving      the animation of one case
absent      why there is no picture of a kind
maps        the pictures of maps
from_plugins
            the pictures of plugins
"""
