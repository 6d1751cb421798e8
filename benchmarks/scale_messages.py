"""What is sent for a sweep: the bytes of its head and of its answer, and the seconds to make and to read them."""

from __future__ import annotations

import pickle
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks import lab, processes
from benchmarks.measure import shown
from benchmarks.tables import Table
from optlab.api import pipeline
from optlab.execution import fingerprint
from optlab.execution.executors.protocol import Answer
from optlab.execution.executors.travel import Head, drops_of, read, written
from optlab.execution.executors.worker import compute
from optlab.execution.records import Sweep
from optlab.plugins.registry import Registry

STEPS, POINTS, RATES, SEEDS = 200, 200, 10, 10
EXAMPLE = "experiments/sgd_vs_adam.toml"


@dataclass(frozen=True)
class Work:
    """A sweep with its head and its answer. `known` has its plugins."""

    name: str
    sweep: Sweep
    known: Registry
    head: Head
    answer: Answer


@dataclass(frozen=True)
class Messages:
    """The bytes of the messages of a sweep, and per round the seconds to make, read and compute them."""

    name: str
    runs: int
    head: int
    answer: int
    seconds: dict[str, list[float]]


def head_of(sweep: Sweep, known: Registry) -> Head:
    """What the executors send to a worker before the first block of a sweep."""
    return Head(drops_of(known), fingerprint.versions(), written(sweep, known))


def _work(name: str, document: dict[str, Any], number: int = 0) -> Work:
    job = pipeline.prepare(document, plugins=())
    sweep = job.plan.sweeps[number]
    head = head_of(sweep, job.registry)
    return Work(name, sweep, job.registry, head, compute(head, 0, len(sweep)))


def function(rates: int = RATES, seeds: int = SEEDS, steps: int = STEPS, points: int = POINTS, **more: Any) -> Work:
    """Adam on Rosenbrock's function from random starts."""
    optimizer = {"name": "adam", "lr": lab.rates(1e-4, 1e-1, rates)}
    document = lab.document([{"name": "rosenbrock", "start": "random"} | more], [optimizer], steps, points, seeds=seeds)
    dim = more.get("dim", 2)
    name = f"Adam on Rosenbrock, {dim} parameters, {rates * seeds:,} run{'s' * (rates * seeds > 1)}, {points} points"
    return _work(name, document)


def network(steps: int = STEPS) -> Work:
    """Adam on the digits, as in the example, without its separate runs for tuning."""
    document = tomllib.loads((processes.ROOT / EXAMPLE).read_text(encoding="utf-8"))
    del document["tuning"]
    document["problem"] = [one for one in document["problem"] if one["name"] == "mlp"]
    document["optimizer"] = [one for one in document["optimizer"] if one["name"] == "adam"]
    document |= {"steps": steps, "record": {"points": min(POINTS, steps), "evaluations": 11}}
    work = _work("", document)
    name = f"Adam on the digits, {work.sweep.case.dim:,} parameters, {len(work.sweep)} runs, {POINTS} points"
    return Work(name, work.sweep, work.known, work.head, work.answer)


def measured(work: Work, rounds: int) -> Messages:
    """Time each part of sending a sweep and its answer, without a connection between them."""
    sent, returned = _dumps(work.head), _dumps(work.answer)
    parts: dict[str, Callable[[], object]] = {
        "head made": lambda: _dumps(head_of(work.sweep, work.known)),
        "head read": lambda: read(pickle.loads(sent).sweep, work.known),
        "answer made": lambda: _dumps(work.answer),
        "answer read": lambda: pickle.loads(returned),
        "computed": lambda: compute(work.head, 0, len(work.sweep)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, part in parts.items():
            begin = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - begin)
    return Messages(work.name, len(work.sweep), len(sent), len(returned), seconds)


def _dumps(message: object) -> bytes:
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


def table(found: list[Messages]) -> Table:
    rows = [
        [one.name, f"{one.head:,}", f"{one.answer:,}", *(shown(median(own)) for own in one.seconds.values())]
        for one in found
    ]
    heads = ["", "bytes of head", "bytes of answer", *(found[0].seconds if found else ())]
    return Table(f"Messages of a sweep, {STEPS} steps; times are medians, on one core", heads, rows)
