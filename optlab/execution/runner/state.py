"""The state of a sweep's runs: its initial values, and whether it is still finite after the last step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.replay import RUN, Input, compile
from optlab.execution.records import Floats
from optlab.execution.step import StepGraph


def initial_state(graph: StepGraph, x: Floats) -> list[Floats]:
    """The parts of the initial state at the starts x, shape (dim, runs).

    A part of shape s is returned with shape (*s, runs), or (*s, 1) if it is equal for all runs.
    """
    initial = graph.initial
    if all(v in initial.constants for v in initial.outputs):  # true for nearly every optimizer
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
    """Which runs have a state that became infinite or NaN, shape (runs,).

    If the average of squared gradients is infinite, a rule such as Adam makes no further progress, although its loss is
    finite. Entries that are not finite before the first step are ignored, because the rule sets them on purpose.

    Args:
        before: for each part of the state, whether its entries are finite before the first step.
        after: each part after the last step, shape (..., runs).
    """
    lost = np.zeros(after[0].shape[-1] if after else 1, dtype=bool)
    for finite, part in zip(before, after, strict=True):
        lost |= (finite & ~np.isfinite(part)).reshape(-1, part.shape[-1]).any(axis=0)
    return lost
