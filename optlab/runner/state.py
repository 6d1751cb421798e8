"""The state of a sweep's runs before the first step."""

from __future__ import annotations

import numpy as np

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
