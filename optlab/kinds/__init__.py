"""Kinds of experiment: what a table of an experiment file asks for beyond a grid of runs.

    base        the interface, whose defaults are those of a plain grid
    grid        every optimizer on every problem; no table
    basins      the table [basins]: every pixel is a start
    stability   the table [stability]: every pixel is a pair of hyperparameters

A kind says what its table holds, what is wrong with an experiment, what its runs record and aim at, how often they are
made, which columns the table of runs gets, and what becomes of them in arrays. Pictures and summaries of the built-in
kinds are in `report` and `cli`, by the name of the kind; a kind from elsewhere brings its own (`Kind.figures`,
`Kind.summary`). Outside of the file of a kind nothing asks which kind an experiment is of.
"""

from optlab.kinds.base import Kind
from optlab.kinds.grid import GRID
from optlab.mapping import Passes

__all__ = ["GRID", "Kind", "Passes"]
