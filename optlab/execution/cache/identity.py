"""The hash of all that bears on the numbers of a sweep, except what differs between its runs.

It is made of what was traced, not of the text of plugins: names, labels, comments and the order of runs do not bear on
it. What cannot be traced is represented by `fingerprint.of_plugin`: optimizers of other packages with their schedules,
and operations that a plugin defines itself.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.containment import contained
from optlab.engine.graph import Graph
from optlab.engine.ops import OPS
from optlab.execution import evaluation, fingerprint
from optlab.execution.records import Case, DomainDraw, FixedPoint, PixelGrid, Sweep
from optlab.execution.runner import Graphs
from optlab.execution.runner.choice import choose
from optlab.execution.step import StepGraph
from optlab.plugins.external import Foreign

SIZE = 16
"""The bytes of a hash."""


@dataclass(frozen=True)
class Identity:
    """What a sweep computes.

    - `key`: the hash of all that bears on its numbers. `backend`: the back end that executes it.
    - `family`: a hash of the names of its problem and rule, to find what has changed since an earlier sweep.
    - `parts`: hashes of what the key is made of, by what they are called in messages.
    """

    key: bytes
    backend: str
    family: bytes
    parts: Mapping[str, str]


class Identities:
    """Finds the identities of sweeps. `graphs` has the step graphs, which the execution of the sweeps uses too."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs
        self._evaluations: dict[tuple[int, str, int, str, str], tuple[Case, str]] = {}
        self._plugins: dict[int, tuple[Any, str]] = {}

    def of(self, sweep: Sweep) -> Identity | None:
        """The identity of a sweep. None if its results must not be kept: a run that ends after some seconds is not
        reproducible. None also if its code raises an exception: the execution reports it."""
        if sweep.stop is not None and sweep.stop.seconds is not None:
            return None
        try:
            with contained():
                return self._of(sweep)
        except Exception:
            return None

    def backend(self, sweep: Sweep) -> str:
        """The back end that would execute a sweep."""
        return choose(sweep, self._graphs.of(sweep)).backend

    def _of(self, sweep: Sweep) -> Identity:
        case, graph, backend = sweep.case, self._graphs.of(sweep), self.backend(sweep)
        plugins = {plugin.name: self._plugin(plugin) for plugin in fingerprint.plugins(sweep)}
        code, is_traced = _code(sweep, graph)
        data = self._evaluation(case) if case.split is not None else ""
        recording, stop = sweep.recording, sweep.stop
        parts = {
            "versions": fingerprint.digest([fingerprint.versions(), _machine()]),
            "steps": str(sweep.steps),
            "record": fingerprint.digest(
                [recording.steps, recording.evaluations, recording.trajectory, recording.final_x]
            ),
            "stop": fingerprint.digest([None if stop is None else [stop.loss, stop.gradient_norm]]),
            "target": fingerprint.digest([sweep.target is not None, *_quantity(sweep)]),
            "back end": backend,
            "start": _start(case),
            "seed": str(sweep.root_seed) if _is_random(sweep, graph) else "",
            "batch size": str(case.batch_size),
            "noise": "" if case.noise is None else f"{case.noise.kind.name} on {case.noise.on}",
            "code": fingerprint.digest([code, data, case.precision, *([] if is_traced else plugins.items())]),
        }
        names = [case.problem.name, *(part.plugin.name for part in sweep.rule.parts)]
        key = hashlib.blake2b(repr(sorted(parts.items())).encode(), digest_size=SIZE).digest()
        return Identity(key, backend, hashlib.blake2b(repr(names).encode(), digest_size=8).digest(), parts | plugins)

    def _evaluation(self, case: Case) -> str:
        """The hash of the dataset, and of the graph of all that is computed on it. Equal cases share it."""
        assert case.split is not None
        key = id(case.problem), fingerprint.of_data(case.split), case.dim, case.precision, repr(dict(case.choices))
        if key not in self._evaluations:
            with np.errstate(all="ignore"):
                graph = evaluation.graph_of(case, evaluation.on_data(case))
            content, is_traced = _content(graph)
            own = "" if is_traced else self._plugin(case.problem)
            self._evaluations[key] = (
                case,
                content + own + key[1],
            )  # the case is kept, so that the id stays its problem's
        return self._evaluations[key][1]

    def _plugin(self, plugin: Any) -> str:
        if id(plugin) not in self._plugins:
            self._plugins[id(plugin)] = plugin, fingerprint.of_plugin(plugin)
        return self._plugins[id(plugin)][1]


def _quantity(sweep: Sweep) -> list[Any]:
    return [] if sweep.target_of is None else [sweep.target_of.name, sweep.target_of.higher_is_better]


def _start(case: Case) -> str:
    """The hash of the start of a case. What a problem draws belongs to its runs, see `rows.py`."""
    match case.start:
        case FixedPoint(x):
            return fingerprint.digest([x])
        case PixelGrid(low, high, resolution):
            return fingerprint.digest([low, high, resolution])
        case DomainDraw():
            return fingerprint.digest([np.asarray(bound, float) for bound in case.problem.bounds(case.dim)])
        case _:
            return "drawn"


def _is_random(sweep: Sweep, graph: StepGraph) -> bool:
    """Whether the numbers of runs depend on the seed of the experiment."""
    is_drawn = not isinstance(sweep.case.start, FixedPoint | PixelGrid)
    return is_drawn or bool(sweep.case.batch_size) or bool(graph.draws)


def _code(sweep: Sweep, graph: StepGraph) -> tuple[str, bool]:
    """The hash of what is computed in each step, and whether all of it was traced."""
    (step, step_traced), (initial, initial_traced) = _content(graph.graph), _content(graph.initial)
    more: list[Any] = [graph.takes_index, graph.grad_evals, graph.extras, len(graph.numbers)]
    more += [[draw.kind, draw.shape, draw.stream] for draw in graph.draws]
    if isinstance(sweep.rule.optimizer, Foreign):
        choices = sorted(sweep.rule.all_choices.items())
        more += [sweep.case.tensors, repr(choices), sorted(sweep.numbers)]
        return fingerprint.digest([step, initial, *more]), False
    return fingerprint.digest([step, initial, *more]), step_traced and initial_traced


def _content(graph: Graph) -> tuple[str, bool]:
    """The hash of a graph, and whether it says everything: a plugin may define operations itself."""
    values = [*graph.inputs, *graph.constants, *(node.output for node in graph.nodes)]
    number = {var: i for i, var in enumerate(values)}
    hashed = hashlib.sha256(repr([(var.shape, var.dtype.str) for var in graph.inputs]).encode())
    for value in graph.constants.values():
        hashed.update(f"{value.shape} {value.dtype.str}".encode())
        hashed.update(np.ascontiguousarray(value).data)
    is_traced = True
    for node in graph.nodes:
        params = sorted(node.params.items())
        is_traced &= OPS.get(node.op.name) is node.op and all(_is_plain(value) for _, value in params)
        hashed.update(f"{node.op.name} {[number[var] for var in node.inputs]} {params}\n".encode())
    hashed.update(repr([number[var] for var in graph.outputs]).encode())
    return hashed.hexdigest(), is_traced


def _is_plain(value: Any) -> bool:
    """Whether the text of a parameter says all about it."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, slice):
        return all(map(_is_plain, (value.start, value.stop, value.step)))
    return value is None or isinstance(value, bool | int | float | str | np.dtype)


@functools.cache
def _machine() -> list[Any]:
    """What the bits of NumPy and of machine code depend on, besides versions."""
    features = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return [platform.machine(), features, os.environ.get("OPENBLAS_CORETYPE", "")]
