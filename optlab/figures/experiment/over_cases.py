"""The pictures that compare the optimizers over all cases, and by their costs: profiles, and costs of targets."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from optlab.errors import counted
from optlab.execution.records import FAILURES
from optlab.experiments.choices import CASES_SHOWN
from optlab.figures import data_profile, ecdf, ert, profile
from optlab.figures.experiment.inputs import PictureInputs
from optlab.figures.style import Look
from optlab.results.profiles import caption
from optlab.results.profiles.of_results import Profiled
from optlab.results.subject import ALL_CASES, NamedFigure

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

LEAST = 3
"""The least number of cases for which these pictures are usual."""
_OVER_ALL: Mapping[str, tuple[str, Callable[..., InlineFigure]]] = {
    "profile": ("performance", profile.figure),
    "data_profile": ("data", data_profile.figure),
    "ecdf": ("ecdf", ecdf.figure),
}
"""The kinds of pictures over all cases: the kind of profile, and the drawing function."""


@dataclass(frozen=True)
class Costs:
    """The profiles of results without some optimizers."""

    results: Profiled
    unit: str
    without: tuple[str, ...]

    @functools.cached_property
    def expected(self) -> pd.DataFrame:
        """The costs of the targets of all cases."""
        return self.profile("ert")

    def profile(self, kind: str) -> pd.DataFrame:
        return self.results.profile(kind, unit=self.unit, without=self.without)


def usual(cases: int, labels: int) -> set[str]:
    """The kinds of usual pictures. With many cases, they replace those of each case."""
    compared = {"profile"} if cases >= LEAST and labels > 1 else set[str]()
    return compared | {"data_profile", "ecdf"} if cases > CASES_SHOWN else compared


def figures(shown: PictureInputs) -> Iterator[NamedFigure]:
    """The pictures over all cases, and the costs of targets of each case, not drawn yet."""
    results, selection, looks, note = shown.results, shown.selection, shown.looks, shown.note
    if not len(shown.labels) or results.history.empty or results.runs["status"].isin(FAILURES).all():
        return
    costs = Costs(results, selection.x or "gradients", selection.without)
    title = ALL_CASES if shown.count > 1 else shown.cases[0].title
    failed = results.runs.loc[results.runs["status"].isin(FAILURES), "label"]
    can_compare = not {*shown.labels} <= {*failed}  # a label that failed on any case is left out of profiles
    usual_kinds = usual(shown.count, len(shown.labels)) if can_compare else set[str]()
    for kind, (of, draw) in _OVER_ALL.items():
        if selection.wants(kind, kind in usual_kinds):
            headline = f"{_NAMES[kind]}: {title}"
            problems, file = counted(shown.count, "problem"), shown.files[ALL_CASES]
            yield NamedFigure(kind, title, file, partial(_profile, costs, of, draw, looks, headline, problems, note))
    if selection.wants("ert", False):
        for case in shown.cases:
            yield NamedFigure(
                "ert", case.title, shown.files[case.title], partial(_expected, costs, case.title, looks, note)
            )


_NAMES = {"profile": "performance profile", "data_profile": "data profile", "ecdf": "targets reached"}


def _profile(
    costs: Costs,
    kind: str,
    draw: Callable[..., InlineFigure],
    looks: Mapping[str, Look],
    title: str,
    problems: str,
    note: str,
) -> InlineFigure:
    frame = costs.profile(kind)
    unit = frame.attrs["unit"]
    return draw(frame, looks=_present(looks, frame), cost=unit, caption=caption(frame), title=title,
                subtitle=f"{problems}, costs in {unit}{note}")  # fmt: skip


def _expected(costs: Costs, case: str, looks: Mapping[str, Look], note: str) -> InlineFigure:
    frame = costs.expected
    rows = frame[frame["case"] == case]
    is_relative = case in frame.attrs["unknown"]
    rows.attrs = frame.attrs | {"cases": 1, "seeds": int(rows["n"].max()), "unknown": [case] * is_relative}
    target = "target: share of the loss that is left" if is_relative else "target: loss − minimum"
    return ert.figure(rows, looks=_present(looks, rows), cost=costs.unit, target=target, caption=caption(rows),
                      title=f"expected running time: {case}", subtitle=f"costs in {costs.unit}{note}")  # fmt: skip


def _present(looks: Mapping[str, Look], frame: pd.DataFrame) -> dict[str, Look]:
    """The looks of the labels that have a curve. Labels with failed runs have none."""
    present = set(frame["label"])
    return {label: look for label, look in looks.items() if label in present}
