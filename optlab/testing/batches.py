"""A rule executed as in the lab: traced once, then executed for many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.replay import Input, Program, compile
from optlab.execution.rule import Rule
from optlab.execution.step import StepGraph, build
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule
from optlab.testing.ground import BUDGET, RUNS, STEPS, Ground, initial, noise
from optlab.testing.landscapes import Array


def seven_runs(optimizer: Optimizer, ground: Ground) -> tuple[Array, dict[str, Array]]:
    """Starts and hyperparameters that differ between runs. Each hyperparameter decreases from its default."""
    x = ground.start[..., None] + np.random.default_rng(0).normal(size=(*ground.shape, RUNS))
    shrink = 1 - np.arange(RUNS) / 16
    numbers = {name: default * shrink for name, default in optimizer.signature.numbers.items()}
    return x.astype(ground.start.dtype), numbers


def step_graph(optimizer: Optimizer, ground: Ground, schedule: Schedule | None = None) -> StepGraph:
    """One step of a rule on the bowl, traced as in the lab."""
    return build(ground.case, Rule(optimizer, {}, schedule, {}), BUDGET)


def traced(
    optimizer: Optimizer,
    ground: Ground,
    x: Array,
    numbers: Mapping[str, Array],
    schedule: Schedule | None = None,
    program: Callable[[Graph, Sequence[Input], int], Program] = compile,
) -> Iterator[list[Array]]:
    """[x, *state] of the traced rule before the first step and after each of `STEPS`; arrays end in the run axis.

    `program` makes the program of the step graph for a number of runs.
    """
    graph = step_graph(optimizer, ground, schedule)
    columns = [numbers[name] for _, name in graph.numbers]
    inputs = graph.inputs([bool((c == c[0]).all()) for c in columns])
    made = program(graph.graph, inputs, x.shape[-1])
    count = 1 + len(optimizer.signature.state)
    values, t = made.inputs[:count], made.inputs[count]
    buffers = made.inputs[graph.first_number :][: len(columns)]
    drawn = made.inputs[len(made.inputs) - len(graph.draws) :]
    for buffer, column in zip(buffers, columns, strict=True):
        buffer[...] = column if buffer.shape else column[0]
    runs = [initial(optimizer, x[..., run]) for run in range(x.shape[-1])]
    for buffer, first in zip(values, zip(*runs, strict=True), strict=True):
        buffer[...] = np.stack(first, axis=-1).reshape(buffer.shape)
    made.prepare()
    yield _copied(values, x)
    for step in range(1, STEPS + 1):
        t[...] = step
        drawing = noise(step)
        for draw, buffer in zip(graph.draws, drawn, strict=True):
            buffer[...] = np.asarray(getattr(drawing, draw.kind)(draw.shape))[..., None]
        made.step()
        yield _copied(values, x)


def _copied(values: Sequence[Array], x: Array) -> list[Array]:
    """Copies of [x, *state], with x in its own shape, as the engine flattens it."""
    return [values[0].reshape(x.shape).copy(), *(value.copy() for value in values[1:])]
