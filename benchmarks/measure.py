"""What the benchmarks share: optlab's step graph stepped directly, agreement, interleaved timing, a table."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from optlab.engine.replay import compile
from optlab.records import Sweep
from optlab.step import Rule, build

Result = tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any]]
"""The final x, shape (dim, runs), or None where nobody looks at it, and the loss of every step, shape (steps, runs)."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work. `is_baseline`: the others' times are also told as multiples of its own.

    The clock is the processor time of this thread, so that waiting for other programs does not count; who computes in
    threads of its own needs another one.
    """

    name: str
    go: Callable[[], Result]
    runs: int
    steps: int
    is_baseline: bool = False
    clock: Callable[[], float] = time.thread_time


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
    index = np.moveaxis(program.inputs[2 + states], -1, 0) if fill else None
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
        for now in range(1, work.steps + 1):
            if fill:
                fill(now, index)
            t[...] = now
            step()
            losses[now - 1] = loss
        return x, losses

    return go


def disagreement(contenders: Sequence[Contender]) -> float:
    """The largest difference from the first contender in a final x or a loss, relative to numbers above one.

    A contender of fewer runs or steps is compared in those it has.
    """
    first, *others = [(c, *(None if a is None else a.copy() for a in c.go())) for c in contenders]
    reference, x, losses = first
    assert losses is not None
    assert np.isfinite(losses).all()
    pairs = []
    for contender, own_x, own_losses in others:
        pairs.append((own_losses, losses[: contender.steps, : contender.runs]))
        if own_x is not None and contender.steps == reference.steps:
            pairs.append((own_x, x[:, : contender.runs]))
    return max((float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)))) for a, b in pairs), default=0.0)


def interleaved(contenders: Sequence[Contender], rounds: int) -> list[list[float]]:
    """Seconds per run and step, for each contender one per round.

    Every round runs all of them, every other round in reverse, so that a busy machine disturbs all alike.
    """
    seconds: list[list[float]] = [[] for _ in contenders]
    turns = list(zip(contenders, seconds, strict=True))
    for turn in range(rounds):
        for contender, own in turns if turn % 2 == 0 else reversed(turns):
            gc.collect()
            begin = contender.clock()
            contender.go()
            own.append((contender.clock() - begin) / (contender.runs * contender.steps))
    return seconds


def compare(title: str, contenders: Sequence[Contender], rounds: int, tolerance: float = 1e-10) -> str:
    """Check that all contenders compute the same, then time them: a table, one line per contender."""
    off = disagreement(contenders)
    if off > tolerance:
        raise SystemExit(f"{title}: results differ by {off:.1e}, more than {tolerance:.0e}")
    seconds = interleaved(contenders, rounds)
    baselines = [own for c, own in zip(contenders, seconds, strict=True) if c.is_baseline]
    letters = iter("AB")
    labels = [f"{next(letters)}. {c.name}" if c.is_baseline else f"   {c.name}" for c in contenders]
    width = max(map(len, labels))
    heads = "".join(f"   {f'times {letter}, median [min, max]':<26}" for letter in "AB"[: len(baselines)])
    lines = [f"{title}  (results agree to {off:.0e})", f"  {'':{width}}  {'median':>8}  {'best':>8}{heads}".rstrip()]
    for label, own in zip(labels, seconds, strict=True):
        times = "".join(f"   {ratios(own, base):<26}" for base in baselines)
        lines.append(f"  {label:{width}}  {shown(median(own))}  {shown(min(own))}{times}".rstrip())
    return "\n".join(lines)


def shown(seconds: float) -> str:
    number, unit = (seconds * 1e9, "ns") if seconds < 1e-6 else (seconds * 1e6, "us")
    return f"{number:>5.{1 if number < 100 else 0}f} {unit}"


def ratios(own: list[float], baseline: list[float]) -> str:
    """Round by round: the median, and the smallest and largest."""
    each = [a / b for a, b in zip(own, baseline, strict=True)]
    return "{} [{}, {}]".format(*(f"{r:,.{2 * (r < 100)}f}" for r in (median(each), min(each), max(each))))
