"""The state of a sweep's runs: before the first step, and whether it is still of numbers after the last one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.replay import RUN, Input, compile
from optlab.records import Floats
from optlab.step import StepGraph


def initial_state(graph: StepGraph, x: Floats) -> list[Floats]:
    """Each part of the state at the starts x, shape (dim, runs).

    A part has the shape (*its own, runs), or (*its own, 1) where it is the same for all runs.
    """
    initial = graph.initial
    if all(v in initial.constants for v in initial.outputs):  # as of nearly every optimizer
        return [initial.constants[v][..., None] for v in initial.outputs]
    program = compile(initial, [Input(RUN)], x.shape[1])
    np.copyto(program.inputs[0], x)
    with np.errstate(all="ignore"):
        program.prepare()
        program.step()
    return [
        value if value.ndim == len(var.shape) + 1 else value[..., None]
        for var, value in zip(initial.outputs, program.outputs, strict=True)
    ]


def overflowed(before: Sequence[Any], after: Sequence[Floats]) -> NDArray[np.bool_]:
    """Which runs remember a number that is not finite any more, shape (runs,).

    Where the average of squared gradients is infinite, a rule such as Adam stands still from then on, at a loss that is
    finite. A state that is infinite before the first step is meant to be.

    Args:
        before: for each part of the state, whether its entries are finite before the first step.
        after: each part after the last step, shape (..., runs).
    """
    lost = np.zeros(after[0].shape[-1] if after else 1, dtype=bool)
    for finite, part in zip(before, after, strict=True):
        lost |= (finite & ~np.isfinite(part)).reshape(-1, part.shape[-1]).any(axis=0)
    return lost
