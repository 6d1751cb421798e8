"""The cases of a plan, by their titles in all tables, as the subject of pictures and reports."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optlab.execution.evaluation import Evaluation
from optlab.execution.records import Case, Floats
from optlab.execution.step import objective, objective_graph
from optlab.experiments.kinds import Plan
from optlab.experiments.maps import declared


@dataclass(frozen=True)
class Titled:
    """A case with one combination of its options, and its title in all tables.

    `steps` is the budget of each run, in the unit `unit`: "step" or "gradient".
    """

    title: str
    case: Case
    options: dict[str, float]
    steps: int
    unit: str = "step"

    @functools.cached_property
    def computes(self) -> bool:
        """Whether the objective can be evaluated. It may be what made the runs fail."""
        try:
            objective_graph(self.case, objective(self.case))
        except Exception:
            return False
        return True

    def heights(self, points: Floats) -> Floats:
        """The objective at points of shape (dim, count)."""
        options = {name: np.array([value]) for name, value in self.options.items()}
        return Evaluation.of(self.case, {"loss": objective(self.case)}, options, points.shape[1]).at(points)["loss"]

    @functools.cached_property
    def minima(self) -> tuple[Floats, ...]:
        """The declared minimisers that hold with these options."""
        return tuple(declared.valid_minima(self.case, self.options)) if self.computes else ()

    @functools.cached_property
    def minimum(self) -> float | None:
        """The known minimum, or None."""
        lowest = declared.lowest(self.case, self.options) if self.computes else None
        return lowest if lowest is not None and np.isfinite(lowest) else None


@dataclass(frozen=True)
class WithoutProblem:
    """A case without its problem, which is gone or has changed since the runs. Only the results are available."""

    title: str
    steps: int
    minima: tuple[Floats, ...] = ()
    minimum: float | None = None
    unit: str = "step"


def titled(planned: Plan) -> Iterator[Titled]:
    """The distinct cases of a plan."""
    seen: set[str] = set()
    for sweep in planned.sweeps:
        for number, title in enumerate(sweep.titles):
            if title not in seen:
                seen.add(title)
                budget = (sweep.steps, "step") if planned.tuning is None else planned.tuning.budget
                yield Titled(title, sweep.case, sweep.options(number), *budget)


def slugs(titles: list[str]) -> list[str]:
    """A distinct file name for every title."""
    names: list[str] = []
    for title in titles:
        name = re.sub(r"[^A-Za-z0-9.]+", "_", title).strip("_.")[:80] or "case"
        numbers = itertools.count(2)
        fresh = name
        while fresh in names:
            fresh = f"{name}-{next(numbers)}"
        names.append(fresh)
    return names
