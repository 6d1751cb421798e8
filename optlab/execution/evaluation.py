"""Quantities of a case at many points at once: losses and metrics over the whole data, the heights of a surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.passes import optimise, settle
from optlab.engine.replay import RUN, UNIFORM, Input, Program, compile
from optlab.engine.trace import trace
from optlab.execution.records import Case, Floats
from optlab.execution.step import objective

Quantity = Callable[..., Any]
"""A function of x and the case's numeric options, whose value is a single number."""


def whole_objective(case: Case) -> Quantity:
    """The objective, over all training data where there is data."""
    split = case.split
    return objective(case, *((split.train_inputs, split.train_targets) if split else ()))


def on_data(case: Case) -> dict[str, Quantity]:
    """Of a problem trained on data: the training loss, and on the test data the loss and the problem's metrics."""
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
    """Quantities of a case as one program: what they have in common is computed once."""

    names: tuple[str, ...]
    program: Program

    @staticmethod
    def of(case: Case, quantities: Mapping[str, Quantity], options: Mapping[str, Floats], points: int) -> Evaluation:
        """Prepare to evaluate at a number of points; `options` has a column for each of the case's numbers."""
        numbers = tuple(case.problem.signature.numbers)

        def all_of_them(x: Any, *values: Any) -> list[Any]:
            settings = dict(zip(numbers, values, strict=True))
            return [quantity(x, **settings) for quantity in quantities.values()]

        graph = optimise(settle(trace(all_of_them, *_examples(case, len(numbers)))))
        columns = [options[name] for name in numbers]
        kinds = [UNIFORM if is_constant(column) else RUN for column in columns]
        program = compile(graph, [Input(RUN), *(Input(kind, changes=False) for kind in kinds)], points)
        with np.errstate(all="ignore"):  # a number may overflow where the case is computed in float32
            for buffer, column, kind in zip(program.inputs[1:], columns, kinds, strict=True):
                buffer[...] = column[0] if kind == UNIFORM else column
            program.prepare()
        return Evaluation(tuple(quantities), program)

    def at(self, x: Floats) -> dict[str, Floats]:
        """Each quantity at x (dim, points), shape (points,)."""
        with np.errstate(all="ignore"):
            np.copyto(self.program.inputs[0], x)
            self.program.step()
        values = (np.broadcast_to(output, x.shape[1:]).copy() for output in self.program.outputs)
        return dict(zip(self.names, values, strict=True))


def _examples(case: Case, numbers: int) -> list[Any]:
    return [np.empty(case.dim, case.precision), *(np.zeros((), case.precision) for _ in range(numbers))]


def is_constant(column: Floats) -> bool:
    """Whether all runs have the same value."""
    return bool((column == column[0]).all())
