"""What the benchmarks share: optlab's step graph stepped directly, agreement, interleaved timing, a table."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import numpy as np

from optlab.engine.replay import compile
from optlab.records import Sweep
from optlab.step import Rule, build

Result = tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any]]
"""The final x (or None) and the loss of every step, shape (steps, runs)."""


def stepper(work: Sweep, start: Any, fill: Callable[[int, Any], None] | None = None) -> Callable[[], Result]:
    """optlab's replay of a sweep without the runner: a compiled step graph, stepped in the plainest loop.

    `start` is of shape (dim, runs); `fill(step, out)` writes the minibatch indices, shape (runs, batch_size).
    """
    step_graph = build(work.case, Rule(work.optimizer, work.settings), work.steps)
    owners = {"option": work.options, "hyperparameter": work.hyperparameters}
    columns = [owners[owner][name] for owner, name in step_graph.numbers]
    constant = [bool((column == column[0]).all()) for column in columns]
    program = compile(step_graph.graph, step_graph.inputs(constant), len(work))
    states = len(step_graph.initial.outputs)
    x, *state = program.inputs[: 1 + states]
    t = program.inputs[1 + states]
    numbers = program.inputs[len(program.inputs) - len(columns) :]
    loss, step = program.outputs[0], program.step

    def go() -> Result:
        x[...] = start
        for buffer in state:
            buffer[...] = 0
        for buffer, column in zip(numbers, columns, strict=True):
            buffer[...] = column if buffer.shape else column[0]
        program.prepare()
        losses = np.empty((work.steps, len(work)))
        index = np.moveaxis(program.inputs[2 + states], -1, 0) if fill else None
        for now in range(1, work.steps + 1):
            if fill:
                fill(now, index)
            t[...] = now
            step()
            losses[now - 1] = loss
        return x, losses

    return go


def disagreement(results: Mapping[str, Result]) -> float:
    """The largest difference in final x or in any loss, relative where numbers exceed one."""
    first_x, first_losses = next(iter(results.values()))
    worst = 0.0
    for x, losses in results.values():
        pairs = [(losses, first_losses)] + ([] if x is None else [(x, first_x)])
        for a, b in pairs:
            worst = max(worst, float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)))))
    return worst


def interleaved(contenders: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds per contender and round. Every round runs all of them, so that a busy machine disturbs all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        order = list(contenders)
        for name in order if turn % 2 == 0 else reversed(order):
            gc.collect()
            begin = time.perf_counter()
            contenders[name]()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def ratios(seconds: list[float], baseline: list[float]) -> str:
    """Round by round: the median, and the smallest and largest."""
    each = [a / b for a, b in zip(seconds, baseline, strict=True)]
    return f"{median(each):.2f} [{min(each):.2f}, {max(each):.2f}]"


def table(title: str, seconds: Mapping[str, list[float]], run_steps: int) -> str:
    """One line per contender; ratios are to the first."""
    baseline = next(iter(seconds.values()))
    width = max(map(len, seconds))
    lines = [f"{title}", f"  {'':{width}}  {'median':>10} {'best':>10}   ratio median [min, max]"]
    for name, own in seconds.items():
        middle, best = (f"{s / run_steps * 1e9:,.0f} ns" for s in (median(own), min(own)))
        lines.append(f"  {name:{width}}  {middle:>10} {best:>10}   {ratios(own, baseline)}")
    return "\n".join(lines)
