"""Sweep -> Trajectories on the native back end. The machine code follows the run protocol of `protocol.py`."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np

from optlab.engine.saver import UNSAVED, StateSaver
from optlab.execution.records import STOPS, Floats, Ints, Stop, Sweep, Trajectories
from optlab.execution.runner.choice import constants
from optlab.execution.runner.finished import trajectories
from optlab.execution.runner.protocol import CHUNK, Progress
from optlab.execution.runner.state import initial_state, overflowed
from optlab.execution.starts import starts
from optlab.execution.step import StepGraph

if TYPE_CHECKING:
    from optlab.engine.native.kernel import Kernel, KernelOutput


def kernel_for(sweep: Sweep, graph: StepGraph, quick: bool = False) -> Kernel:
    """The machine code for all blocks of a sweep. `Choice` describes `quick`."""
    from optlab.engine.native import compilation  # llvmlite takes a while to load

    inputs = graph.inputs(constants(sweep, graph))
    inputs += [inputs[position] for position in graph.spread.by()]
    trail, targets = sweep.recording.trajectory, sweep.target is not None
    stops = sweep.stop is not None and (sweep.stop.loss is not None or sweep.stop.gradient_norm is not None)
    return compilation.compile(graph.spread.graph, inputs, CHUNK, trail, targets, quick, stops)


def run(
    kernel: Kernel, graph: StepGraph, block: Sweep, progress: Progress, threads: int, saver: StateSaver = UNSAVED
) -> Trajectories:
    """Execute the sweep of the kernel, or a block of it."""
    began = time.perf_counter()
    layout = kernel.program.layout
    first = graph.first_number
    numbers = [block.numbers[key] for key in graph.numbers]
    numbers += graph.spread.entries({first + n: column for n, column in enumerate(numbers)})
    carried, dim = _before_the_first_step(block, graph), block.case.dim
    began_finite = np.isfinite(carried[dim:])
    done = kernel.run(
        carried,
        np.array([numbers[n - first][0] for n in layout.uniform]),
        np.array([numbers[n - first] for n in layout.columns]).reshape(len(layout.columns), len(block)),
        block.steps,
        block.recording.steps,
        target=block.target,
        limits=_limits(block.stop, graph),
        seconds=math.inf if block.stop is None or block.stop.seconds is None else block.stop.seconds,
        progress=progress,
        threads=threads,
        saver=saver,
    )
    began -= done.seconds_before * len(block)
    finite = done.finite & ~overflowed([began_finite], [done.carried[dim:]])
    return trajectories(
        block,
        finite=finite,
        steps=done.steps,
        grad_evals=done.steps * graph.grad_evals,
        first=done.first,
        final=np.where(done.finite & ~finite, np.nan, done.final),
        best=done.best,
        seconds=np.full(len(block), (time.perf_counter() - began) / len(block)),
        loss=done.loss,
        trail=done.trail,
        metrics={},
        x=done.carried[:dim],
        reached=done.reached,
        stopped=None if block.stop is None else _stopped(block.stop, done),
    )


def _limits(stop: Stop | None, graph: StepGraph) -> Floats | None:
    """The limits of the loss and of the extra outputs. Nothing is at most -inf except a loss that has diverged."""
    if stop is None:
        return None
    limits = [stop.loss, *([stop.gradient_norm] if graph.extras else [])]
    return np.array([-math.inf if limit is None else limit for limit in limits])


def _stopped(stop: Stop, done: KernelOutput) -> Ints:
    """The reason for which each run stopped, or -1."""
    by_loss = np.zeros(len(done.finite), bool) if stop.loss is None else done.final <= stop.loss
    reasons = np.select(
        [done.out_of_time, by_loss], [STOPS.index("seconds"), STOPS.index("loss")], STOPS.index("gradient_norm")
    )
    return np.where(~done.finite & np.isfinite(done.final), reasons, -1)


def _before_the_first_step(block: Sweep, graph: StepGraph) -> Floats:
    """x and the state of each run, one row per entry."""
    x = starts(block.case, block.root_seed, block.seed)
    parts = [x, *initial_state(graph, x)]
    shapes = [var.shape for var in graph.graph.inputs[: len(parts)]]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    rows = np.empty((ends[-1], len(block)))
    for part, shape, end in zip(parts, shapes, ends, strict=True):
        rows[end - math.prod(shape) : end].reshape(*shape, -1)[...] = part
    return rows
