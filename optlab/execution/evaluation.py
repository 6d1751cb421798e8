"""Quantities of a case at many points at once: losses and metrics over all data, and the values of a surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.passes import optimise, settle
from optlab.engine.replay import RUN, UNIFORM, Input, Program, compile
from optlab.engine.trace import trace
from optlab.execution.records import Case, Floats
from optlab.execution.step import objective
from optlab.plugins.problems.base import STEP

Quantity = Callable[..., Any]
"""A function of x and the numeric options of the case. It returns a single number."""
Quantities = Callable[..., list[Any]]
"""A function of x and the numeric options of the case. It returns several numbers."""


def whole_objective(case: Case) -> Quantity:
    """The objective. If there is data, it is computed over all training data."""
    split = case.split
    return objective(case, *((split.train_inputs, split.train_targets) if split else ()))


def on_data(case: Case) -> dict[str, Quantity]:
    """The training loss, the test loss and the metrics on the test data. Empty for problems without data."""
    split = case.split
    if split is None:
        return {}
    quantities = {"train_loss": whole_objective(case)}
    if len(split.test_inputs):
        quantities["test_loss"] = objective(case, split.test_inputs, split.test_targets)
        for name, metric in case.problem.metrics.items():
            quantities[f"test_{name}"] = _on_test_data(case, metric)
    return quantities


def _on_test_data(case: Case, metric: Callable[..., Any]) -> Quantity:
    split = case.split
    assert split is not None

    def quantity(x: Any, **options: Any) -> Any:
        return metric(x, inputs=split.test_inputs, targets=split.test_targets, **case.choices, **options)

    return quantity


@dataclass(frozen=True)
class Evaluation:
    """Quantities of a case as one program, in which common subexpressions are computed once."""

    names: tuple[str, ...]
    program: Program
    t: Floats | None = None
    """The buffer of the step, if the problem changes from step to step."""

    @staticmethod
    def of(case: Case, quantities: Mapping[str, Quantity], options: Mapping[str, Floats], points: int) -> Evaluation:
        """Prepare the evaluation at `points` points. `options` has an array for each number of the case."""

        def all_of_them(x: Any, **options: Any) -> list[Any]:
            return [quantity(x, **options) for quantity in quantities.values()]

        return Evaluation.jointly(case, tuple(quantities), all_of_them, options, points)

    @staticmethod
    def jointly(
        case: Case, names: tuple[str, ...], quantities: Quantities, options: Mapping[str, Floats], points: int
    ) -> Evaluation:
        """As `of`, for one function that returns all quantities."""
        columns = {name: options[name] for name in case.problem.signature.numbers}
        columns |= {STEP: np.ones(1)} if case.problem.changes else {}
        numbers = tuple(columns)
        graph = _graph(case, quantities, numbers)
        kinds = [UNIFORM if is_constant(column) else RUN for column in columns.values()]
        inputs = [Input(kind, changes=name == STEP) for name, kind in zip(numbers, kinds, strict=True)]
        program = compile(graph, [Input(RUN), *inputs], points)
        with np.errstate(all="ignore"):  # an option may overflow in float32
            for buffer, column, kind in zip(program.inputs[1:], columns.values(), kinds, strict=True):
                buffer[...] = column[0] if kind == UNIFORM else column
            program.prepare()
        return Evaluation(names, program, program.inputs[-1] if case.problem.changes else None)

    def at(self, x: Floats, t: float = 1.0) -> dict[str, Floats]:
        """The value of each quantity at x (dim, points), shape (points,), at step `t`."""
        with np.errstate(all="ignore"):
            if self.t is not None:
                self.t[...] = t
            np.copyto(self.program.inputs[0], x)
            self.program.step()
        values = (np.broadcast_to(output, x.shape[1:]).copy() for output in self.program.outputs)
        return dict(zip(self.names, values, strict=True))


def graph_of(case: Case, quantities: Mapping[str, Quantity]) -> Graph:
    """The graph (x, *options) -> values that an `Evaluation` computes."""
    names = (*case.problem.signature.numbers, *([STEP] if case.problem.changes else []))
    return _graph(case, lambda x, **options: [quantity(x, **options) for quantity in quantities.values()], names)


def _graph(case: Case, quantities: Quantities, numbers: Sequence[str]) -> Graph:
    def of_numbers(x: Any, *values: Any) -> list[Any]:
        return quantities(x, **dict(zip(numbers, values, strict=True)))

    return optimise(settle(trace(of_numbers, *_examples(case, len(numbers)))))


def _examples(case: Case, numbers: int) -> list[Any]:
    return [np.empty(case.dim, case.precision), *(np.zeros((), case.precision) for _ in range(numbers))]


def is_constant(column: Floats) -> bool:
    """Whether all runs have the same value."""
    return bool((column == column[0]).all())
