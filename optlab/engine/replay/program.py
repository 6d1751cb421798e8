"""A program: the calls of a graph on its memory, which can be replayed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from optlab.engine.graph import Graph
from optlab.engine.replay.calls import Array, Call, Calls
from optlab.engine.replay.inputs import Input
from optlab.engine.replay.memory import Memory


@dataclass(frozen=True)
class Program:
    """An executable graph. Fill `inputs`, call `prepare` once, call `step` any number of times, and read `outputs`.

    Arrays that differ between runs end in the run axis. After each step, carried outputs are in their inputs.
    """

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    prepare: Callable[[], None]
    step: Callable[[], None]
    calls: int = field(default=0)


def compile(graph: Graph, inputs: Sequence[Input], runs: int) -> Program:
    """Allocate the buffers and make the calls of a graph for a number of runs.

    Args:
        graph: the computation of one run, optimised.
        inputs: one per input of the graph.
        runs: the length of the run axis.

    >>> import numpy as np
    >>> from optlab.engine import trace
    >>> from optlab.engine.replay import RUN, Input
    >>> graph = trace(lambda x, lr: x - lr * x, np.ones(2), 0.1)
    >>> program = compile(graph, [Input(carry=0), Input(RUN, changes=False)], runs=3)
    >>> program.inputs[0][...] = 1.0
    >>> program.inputs[1][...] = [0.1, 0.5, 1.0]
    >>> program.prepare(); program.step(); program.inputs[0].tolist()
    [[0.9, 0.5, 0.0], [0.9, 0.5, 0.0]]
    """
    memory = Memory(graph, tuple(inputs), runs)
    calls = Calls(memory)
    outputs = calls.lower()
    return Program(
        inputs=tuple(memory.seen(v, memory.arrays[v]) for v in graph.inputs),
        outputs=tuple(map(memory.seen, graph.outputs, outputs)),
        prepare=functools.partial(_replay, tuple(calls.once)),
        step=functools.partial(_replay, tuple(calls.every_step)),
        calls=len(calls.every_step),
    )


def _replay(calls: tuple[Call, ...]) -> None:
    for call in calls:
        call()
