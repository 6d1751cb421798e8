"""Values and gradients of all test functions and of networks: optlab's replay against autograd, PyTorch and JAX."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from statistics import median
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import optlab
from benchmarks import conditions, gradient_peers, objectives
from benchmarks.gradient_peers import Arrays, Evaluator
from benchmarks.measure import TOLERANCE, Contender, interleaved, ratios, shown
from benchmarks.objectives import Objective
from benchmarks.tables import Report, Table
from optlab.engine.derivatives import gradient_graph
from optlab.engine.replay import Input, compile

TURN = 0.01
"""Seconds of evaluation per contender and round, with at least one evaluation."""


@dataclass(frozen=True)
class Timing:
    """Times of one objective at a number of points: the seconds per point of each contender and round."""

    name: str
    kind: str
    points: int
    off: float
    seconds: dict[str, list[float]]

    def times(self, peer: str) -> float:
        """The time of a peer divided by that of optlab: the median over rounds."""
        return median(a / b for a, b in zip(self.seconds[peer], self.seconds["optlab"], strict=True))


@dataclass(frozen=True)
class Tracing:
    """The seconds from the source of an objective to a compiled gradient, per round."""

    name: str
    seconds: list[float]


def with_optlab(objective: Objective, many: bool) -> Evaluator:
    """The gradient graph, compiled for one run or all of them. The points are in its input buffer, as in a sweep."""
    points = objective.points if many else objective.points[:1]
    program = compile(gradient_graph(optlab.trace(objective.function, points[0])), [Input()], len(points))
    np.copyto(program.inputs[0], points.T)
    program.prepare()

    def read(_: Any) -> Arrays:
        value, gradient = program.outputs
        return np.broadcast_to(value, len(points)), np.broadcast_to(gradient, points.T.shape)

    return Evaluator("optlab", len(points), program.step, read)


def disagreement(results: Sequence[Arrays]) -> float:
    """The largest difference from the first result: of values, relative to those above one; of gradients, relative to
    the largest entry at that point."""
    (values, gradients), *others = results
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()
    size = np.max(np.abs(gradients), axis=0)
    off = [0.0]
    for own_values, own_gradients in others:
        off.append(float(np.max(np.abs(own_values - values) / np.maximum(1, np.abs(values)))))
        off.append(float(np.max(np.abs(own_gradients - gradients) / np.where(size > 0, size, 1))))
    return max(off)


def timed(objective: Objective, many: bool, rounds: int, turn: float = TURN) -> Timing:
    """Check that all contenders compute the same, then time them in turns."""
    evaluators = [with_optlab(objective, many), *gradient_peers.evaluators(objective, many)]
    off = disagreement([e.read(e.evaluate()) for e in evaluators])
    if off > TOLERANCE:
        raise SystemExit(f"{objective.name}: results differ by {off:.1e}, more than {TOLERANCE:.0e}")
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # garbage of the previous turn is collected before each turn
    seconds = interleaved([_contender(e, turn) for e in evaluators], rounds)
    names = [e.name for e in evaluators]
    return Timing(objective.name, objective.kind, evaluators[0].points, off, dict(zip(names, seconds, strict=True)))


def _contender(evaluator: Evaluator, turn: float) -> Contender:
    """As many evaluations as fit into a turn."""
    evaluate = evaluator.evaluate

    def repeat(times: int) -> float:
        begin = evaluator.clock()
        for _ in range(times):
            evaluate()
        return evaluator.clock() - begin

    repeat(1)
    few = 1
    while (spent := repeat(few)) < turn / 10:
        few *= 2
    steps = max(1, round(few * turn / spent))
    return Contender(evaluator.name, lambda: repeat(steps), evaluator.points, steps, clock=evaluator.clock)


def traced(objective: Objective, times: int) -> Tracing:
    """Time the work before the first evaluation: tracing, gradient, passes, and the plan for one run."""
    seconds = []
    for _ in range(times):
        begin = time.thread_time()
        compile(gradient_graph(optlab.trace(objective.function, objective.points[0])), [Input()], 1)
        seconds.append(time.thread_time() - begin)
    return Tracing(objective.name, seconds)


def measured(rounds: int, scale: float) -> tuple[list[Timing], list[Tracing]]:
    """Everything, on one thread."""
    points, runs = (max(2, int(n * scale)) for n in (objectives.POINTS, objectives.RUNS))
    timings, tracings = [], []
    with threadpool_limits(1), gradient_peers.one_thread(), np.errstate(all="ignore"):
        for objective in chain(objectives.functions(points), objectives.networks(runs)):
            tracings.append(traced(objective, max(1, 3 * rounds)))
            timings += [timed(objective, many, rounds, TURN * scale) for many in (False, True)]
    gc.unfreeze()
    return timings, tracings


def tables(timings: Sequence[Timing], tracings: Sequence[Tracing]) -> list[Table]:
    found = [_comparison(*group) for group in _groups(timings)]
    return [_summary(timings), *found, _of_tracing(tracings)]


def _groups(timings: Sequence[Timing]) -> list[tuple[str, list[Timing]]]:
    """Functions and networks, at one point and at many."""
    groups: dict[str, list[Timing]] = {}
    for t in timings:
        one, many = ("point", "points") if t.kind == "function" else ("run", "runs")
        head = (
            f"{'Test functions' if t.kind == 'function' else 'Networks'}, {t.points:,} {one if t.points == 1 else many}"
        )
        groups.setdefault(head, []).append(t)
    return list(groups.items())


def _comparison(head: str, timings: Sequence[Timing]) -> Table:
    names = list(timings[0].seconds)[1:]
    rows = []
    for t in timings:
        own = t.seconds["optlab"]
        rows.append([t.name, shown(median(own)), *(ratios(t.seconds[name], own) for name in names)])
    return Table(f"{head}: times optlab, median [min, max]", ["", "optlab", *names], rows)


def _summary(timings: Sequence[Timing]) -> Table:
    """One line per peer, and below it the objectives for which optlab is slower."""
    rows, notes = [], []
    for head, group in _groups(timings):
        for peer in list(group[0].seconds)[1:]:
            times = [t.times(peer) for t in group]
            slower = sorted((ratio, t.name) for ratio, t in zip(times, group, strict=True) if ratio < 1)
            rows.append(
                [f"{head}: {peer}", f"{min(times):.2f}", f"{median(times):.2f}", f"{len(slower)} of {len(group)}"]
            )
            if slower:
                named = "; ".join(f"{name} ({ratio:.2f})" for ratio, name in slower)
                notes.append(f"Slower than {peer}, {head[0].lower()}{head[1:]}: {named}.")
    return Table("A peer's time, times optlab's", ["", "smallest", "median", "optlab is slower in"], rows, notes)


def _of_tracing(tracings: Sequence[Tracing]) -> Table:
    rows = [[t.name, *(f"{1000 * f(t.seconds):.2f}" for f in (median, max))] for t in tracings]
    slowest = max(tracings, key=lambda t: median(t.seconds))
    title = f"Tracing, in ms, to a compiled gradient (longest: {slowest.name}, {1000 * median(slowest.seconds):.2f})"
    return Table(title, ["", "median", "worst"], rows)


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    timings, tracings = measured(rounds, scale)
    figures = {"timings": list(map(asdict, timings)), "tracing": list(map(asdict, tracings))}
    about = f"{conditions.text()}; float64; one thread each. {rounds} rounds."
    return Report(about, tables(timings, tracings), figures)
