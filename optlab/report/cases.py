"""What pictures are made of: the cases of a plan, by the title they have in all tables."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optlab.evaluation import Evaluation
from optlab.maps import declared
from optlab.plan import Plan
from optlab.records import Case, Floats
from optlab.step import objective, objective_graph


@dataclass(frozen=True)
class Titled:
    """A case under one combination of its options, by the title it has in all tables."""

    title: str
    case: Case
    options: dict[str, float]
    steps: int

    @functools.cached_property
    def computes(self) -> bool:
        """Whether the objective can be evaluated: it may be the very thing that made the runs fail."""
        try:
            objective_graph(self.case, objective(self.case))
        except Exception:
            return False
        return True

    def heights(self, points: Floats) -> Floats:
        """The objective at points (dim, count)."""
        options = {name: np.array([value]) for name, value in self.options.items()}
        return Evaluation.of(self.case, {"loss": objective(self.case)}, options, points.shape[1]).at(points)["loss"]

    @functools.cached_property
    def minima(self) -> tuple[Floats, ...]:
        """The known minimisers; not those that the options have moved away."""
        return tuple(declared.holding(self.case, self.options)) if self.computes else ()

    @property
    def minimum(self) -> float | None:
        """The known minimum, where it is a number."""
        lowest = declared.lowest(self.case, self.options) if self.computes else None
        return lowest if lowest is not None and np.isfinite(lowest) else None


@dataclass(frozen=True)
class Untold:
    """A case of which there are the results alone: its problem is gone, or is another one by now."""

    title: str
    steps: int
    minima: tuple[Floats, ...] = ()
    minimum: float | None = None


def titled(planned: Plan) -> Iterator[Titled]:
    """The cases of a plan, each once."""
    seen: set[str] = set()
    for sweep in planned.sweeps:
        for number, title in enumerate(sweep.titles):
            if title not in seen:
                seen.add(title)
                yield Titled(title, sweep.case, sweep.options(number), sweep.steps)


def slugs(titles: list[str]) -> list[str]:
    """A file name for every title, no two alike."""
    names: list[str] = []
    for title in titles:
        name = re.sub(r"[^A-Za-z0-9.]+", "_", title).strip("_.")[:80] or "case"
        numbers = itertools.count(2)
        fresh = name
        while fresh in names:
            fresh = f"{name}-{next(numbers)}"
        names.append(fresh)
    return names
