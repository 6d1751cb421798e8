"""Sweep -> Trajectories on the native back end: the step loop is in the machine code."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from optlab.evaluation import is_constant
from optlab.records import DIVERGED, DONE, Floats, Sweep, Trajectories
from optlab.runner.replayed import CHUNK, Progress
from optlab.runner.state import initial_state, overflowed
from optlab.starts import starts
from optlab.step import StepGraph

if TYPE_CHECKING:
    from optlab.engine.native.trajectories import Kernel


def kernel_for(sweep: Sweep, graph: StepGraph, quick: bool = False) -> Kernel:
    """Machine code for all blocks of a sweep; see `Choice` for `quick`."""
    from optlab.engine.native import trajectories  # llvmlite takes a while to load

    inputs = graph.inputs([is_constant(sweep.numbers[key]) for key in graph.numbers])
    trail, targets = sweep.recording.trajectory, sweep.target is not None
    return trajectories.compile(graph.graph, inputs, CHUNK, trail, targets, quick)


def run(kernel: Kernel, graph: StepGraph, block: Sweep, progress: Progress, threads: int) -> Trajectories:
    """Execute the sweep that the kernel was made for, or a block of it."""
    began = time.perf_counter()
    layout = kernel.program.layout
    first = graph.first_number
    numbers = [block.numbers[key] for key in graph.numbers]
    carried, dim = _before_the_first_step(block, graph), block.case.dim
    began_finite = np.isfinite(carried[dim:])
    done = kernel.run(
        carried,
        np.array([numbers[n - first][0] for n in layout.uniform]),
        np.array([numbers[n - first] for n in layout.columns]).reshape(len(layout.columns), len(block)),
        block.steps,
        block.recording.steps,
        block.target,
        progress,
        threads,
    )
    alive = done.alive & ~overflowed([began_finite], [done.carried[dim:]])
    final = np.where(done.alive & ~alive, np.nan, done.final)
    recorded = (done.loss, done.trail, done.first, final, done.best)
    lost = np.flatnonzero(~alive)
    loss, trail, first_loss, final_loss, best = (_one_nan(values, lost) for values in recorded)
    return Trajectories(
        status=np.where(alive, DONE, DIVERGED).astype(np.uint8),
        steps=done.steps,
        grad_evals=done.steps * graph.grad_evals,
        first_loss=first_loss,
        final_loss=final_loss,
        best_loss=np.where(np.isfinite(best), best, first_loss),
        seconds=np.full(len(block), (time.perf_counter() - began) / len(block)),
        loss=loss,
        x=trail,
        metrics={},
        final_x=np.where(alive, done.carried[:dim], np.nan) if block.recording.final_x else None,
        reached=done.reached,
    )


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


def _one_nan(values: Any, lost: Any) -> Any:
    """All NaN of the diverged alike: which one it is depends on how it was computed."""
    if values is not None and len(lost):
        values[..., lost] = np.where(np.isnan(part := values[..., lost]), np.nan, part)
    return values
