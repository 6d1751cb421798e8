"""Shared parts of the benchmarks: optlab's step graph executed directly, agreement, interleaved timing, a table."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.tables import Report, Table
from optlab.engine.replay import compile
from optlab.execution.records import Sweep
from optlab.execution.step import build_for

TOLERANCE, ROUGHLY = 1e-10, 1e-3

Result = tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any]]
"""The final x, shape (dim, runs), or None if it is not compared, and the loss of every step, shape (steps, runs)."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work: the timed function, and a function that reads its result. `is_baseline`: the times of the
    others are also shown as multiples of its time.

    The clock is the processor time of this thread, so that waiting for other programs does not count. A contender
    with other threads needs another clock. `is_rough`: it computes in float32, so that only few digits agree.
    """

    name: str
    go: Callable[[], Any]
    runs: int
    steps: int
    is_baseline: bool = False
    clock: Callable[[], float] = time.thread_time
    read: Callable[[Any], Result] = lambda result: result
    is_rough: bool = False


@dataclass(frozen=True)
class Comparison:
    """Contenders on the same work: the difference of their results, and the seconds per run and step of each, per
    round. The `baselines` are names among them."""

    title: str
    off: float
    seconds: dict[str, list[float]]
    baselines: list[str]

    def table(self) -> Table:
        heads = ["", "median", "best", *(f"times {name}" for name in self.baselines)]
        rows = [
            [name, shown(median(own)), shown(min(own)), *(ratios(own, self.seconds[base]) for base in self.baselines)]
            for name, own in self.seconds.items()
        ]
        return Table(f"{self.title} (results agree to {self.off:.0e})", heads, rows)


def stepper(work: Sweep, start: Any, fill: Callable[[int, Any], None] | None = None) -> Callable[[], Result]:
    """optlab's replay of a sweep without the runner: a compiled step graph, executed in a plain loop.

    `start` is of shape (dim, runs); `fill(step, out)` writes the minibatch indices, shape (runs, batch_size).
    """
    step_graph = build_for(work)
    columns = [work.numbers[key] for key in step_graph.numbers]
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

    A contender with fewer runs or steps is compared in these.
    """
    results = [(c, *(None if a is None else np.array(a) for a in c.read(c.go()))) for c in contenders]
    reference, _, losses = results[0]
    assert losses is not None
    assert np.isfinite(losses).all()
    pairs = [(own, losses[tuple(map(slice, own.shape))]) for _, _, own in results[1:]]
    ends = [(c, x) for c, x, _ in results if x is not None and c.steps == reference.steps]
    pairs += [(x, ends[0][1][:, : c.runs]) for c, x in ends[1:]]
    return max((float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)))) for a, b in pairs), default=0.0)


def interleaved(contenders: Sequence[Contender], rounds: int, turn: float = 0.0) -> list[list[float]]:
    """Seconds per run and step, for each contender one per round.

    Every round runs all of them, every other round in reverse, so that a busy machine affects all equally. A
    contender that needs less than `turn` seconds repeats the work for this time.
    """
    seconds: list[list[float]] = [[] for _ in contenders]
    times = [_fitting(contender, turn) for contender in contenders]
    turns = list(zip(contenders, times, seconds, strict=True))
    for number in range(rounds):
        for contender, repeats, own in turns if number % 2 == 0 else reversed(turns):
            gc.collect()
            begin = contender.clock()
            for _ in range(repeats):
                contender.go()
            own.append((contender.clock() - begin) / (repeats * contender.runs * contender.steps))
    return seconds


def _fitting(contender: Contender, turn: float) -> int:
    if not turn:
        return 1
    begin = time.perf_counter()
    contender.go()
    return max(1, round(turn / (time.perf_counter() - begin)))


TURN = 0.02
"""The minimal seconds of a turn, if the work can be repeated."""


def compare(title: str, contenders: Sequence[Contender], rounds: int, turn: float = TURN) -> Comparison:
    """Check that all contenders compute the same, then time them."""
    off = _agreeing(title, [contender for contender in contenders if not contender.is_rough], TOLERANCE)
    if any(contender.is_rough for contender in contenders):
        _agreeing(title, contenders, ROUGHLY)
    seconds = interleaved(contenders, rounds, turn)
    names = [contender.name for contender in contenders]
    baselines = [contender.name for contender in contenders if contender.is_baseline]
    return Comparison(title, off, dict(zip(names, seconds, strict=True)), baselines)


def _agreeing(title: str, contenders: Sequence[Contender], tolerance: float) -> float:
    off = disagreement(contenders)
    if off > tolerance:
        raise SystemExit(f"{title}: results differ by {off:.1e}, more than {tolerance:.0e}")
    return off


def of_comparisons(about: str, comparisons: Sequence[Comparison]) -> Report:
    return Report(about, [c.table() for c in comparisons], [asdict(c) for c in comparisons])


UNITS = ((1e-6, 1e-9, "ns"), (1e-3, 1e-6, "us"), (1.0, 1e-3, "ms"), (math.inf, 1.0, "s"))


def shown(seconds: float) -> str:
    unit, name = next((unit, name) for below, unit, name in UNITS if not seconds >= below)
    number = seconds / unit
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f} {name}"


def ratios(own: list[float], baseline: list[float]) -> str:
    """Round by round: the median, and the smallest and largest."""
    each = [a / b for a, b in zip(own, baseline, strict=True)]
    return "{} [{}, {}]".format(*(f"{r:,.{2 * (r < 100)}f}" for r in (median(each), min(each), max(each))))
