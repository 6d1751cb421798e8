"""The pictures of verdicts: ranks on each case and over all cases, and the loss to be expected after k trials."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.experiments import metrics
from optlab.experiments.cases import Titled, WithoutProblem
from optlab.figures import best_of_k, critical_difference, ranks, strategies
from optlab.figures.experiment.inputs import PictureInputs
from optlab.figures.style import Look
from optlab.results import analysis
from optlab.results.analysis import sentences
from optlab.results.analysis.phases import has_phases
from optlab.results.subject import ALL_CASES, NamedFigure

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

LOSSES = ("final_loss", "best_loss")
"""The metrics of which the known minimum is the lowest possible value."""


@dataclass(frozen=True)
class Verdicts:
    """The rankings of some runs, and the curves of their trials, computed at their first use.

    runs: the runs of the labels that are compared. judged: the verdicts on them. select: the metric that settings were
    chosen by.
    """

    runs: pd.DataFrame
    judged: analysis.Judged
    select: str

    @property
    def by(self) -> str:
        """The metric of the ranks."""
        return self.judged.by

    @cached_property
    def trials(self) -> pd.DataFrame:
        return analysis.best_of_k(self.runs, self.select)

    def has_trials(self, case: str, labels: Collection[str]) -> bool:
        """Whether one of the labels has a curve on the case."""
        table = self.judged.placed
        rows = table[(table["case"] == case) & table["label"].isin(labels)]
        return bool(((rows["cells"] > 1) & (rows["failed"] == 0)).any())


def usual(cases: int, labels: int, is_tuned: bool) -> int:
    """The number of usual pictures: mean ranks of several cases; with `[tuning]`, the trials on a single one."""
    return int(cases > 1 and labels > 1) + int(cases == 1 and is_tuned)


def figures(shown: PictureInputs) -> Iterator[NamedFigure]:
    """The pictures of ranks and trials, not drawn yet."""
    selection, looks, note = shown.selection, shown.looks, shown.note
    plan = shown.results.origin.plan
    select = selection.by or (plan.tuning.table.select if plan and plan.tuning else analysis.FINAL_LOSS)
    verdicts = Verdicts(shown.runs, shown.judged_by(selection.by or analysis.FINAL_LOSS, select), select)
    of_all = shown.files[ALL_CASES]
    if selection.wants("strategies") and analysis.has_strategies(shown.runs):
        yield NamedFigure("strategies", ALL_CASES, of_all, partial(_strategies, verdicts))
    if selection.wants("best_of_k", has_phases(shown.runs) and (shown.count == 1 or bool(selection.cases))):
        for case in shown.cases:
            name = shown.files[case.title]
            if verdicts.has_trials(case.title, looks):
                yield NamedFigure("best_of_k", case.title, name, partial(_trials, verdicts, case, looks, note))
    if len(shown.labels) < 2 or not selection.wants("ranks", shown.count > 1):
        return
    if selection.kinds:
        ranked = set(verdicts.judged.placed.dropna(subset="rank")["case"])
        for case in shown.cases:
            name = shown.files[case.title]
            if case.title in ranked:
                yield NamedFigure("ranks", case.title, name, partial(_ranks, verdicts, case.title, looks, note))
    if verdicts.judged.friedman is not None:
        yield NamedFigure("ranks", ALL_CASES, of_all, partial(_mean_ranks, verdicts, looks, note))


def _quantity(metric: str) -> str:
    return metric.replace("_", " ")


def _trials(verdicts: Verdicts, case: Titled | WithoutProblem, looks: Mapping[str, Look], note: str) -> InlineFigure:
    of_case = verdicts.trials[verdicts.trials["case"] == case.title]
    shown = of_case[of_case["label"].isin(list(looks))].rename(columns={"k": "x", "expected": "y"})
    quantity, metric = _quantity(verdicts.select), metrics.metric(verdicts.select, verdicts.runs.columns)
    caption = sentences.trials_text(of_case, quantity, metric.higher_is_better)
    bands = (
        f"No bands: {sentences.TIMED_TOGETHER}" if metric.is_shared else "Bands: 5 % to 95 % in resamples of the trials"
    )
    caption += f" {bands}."
    minimum = case.minimum if verdicts.select in LOSSES else None
    return best_of_k.figure(
        shown, looks=looks, quantity=quantity, minimum=minimum, caption=caption,
        title=f"best of k trials: {case.title}",
        subtitle=f"the best {quantity} to be expected with k settings, drawn with replacement from those tried{note}",
    )  # fmt: skip


def _strategies(verdicts: Verdicts) -> InlineFigure:
    within = analysis.groups_of(verdicts.runs)
    frame = analysis.strategies(verdicts.runs, verdicts.by, within)
    subtitle = f"by the {_quantity(verdicts.by)}; bands: 90 % intervals over problems and seeds"
    caption = sentences.strategies_text(frame, within)
    return strategies.figure(frame, within=within, caption=caption, title="trying several optimizers, or tuning one",
                             subtitle=subtitle)  # fmt: skip


def _ranks(verdicts: Verdicts, case: str, looks: Mapping[str, Look], note: str) -> InlineFigure:
    table = verdicts.judged.ranking
    rows = table[table["case"] == case]
    verdict = verdicts.judged.verdicts.get(case)
    caption = sentences.sureness(rows.to_dict("records"), verdict)
    if not caption and verdict is not None and verdict.contest.is_single:
        caption = sentences.unsure(is_shared=verdicts.judged.is_shared)
    intervals = "; lines: 90 % of the ranks in resamples of the seeds" if rows["rank_low"].notna().any() else ""
    shown = rows[rows["label"].isin(list(looks))]
    return ranks.figure(shown, looks=looks, caption=_sentence(caption, set(rows["label"])), title=f"ranks: {case}",
                        subtitle=f"by the {_quantity(verdicts.by)}{intervals}{note}")  # fmt: skip


def _mean_ranks(verdicts: Verdicts, looks: Mapping[str, Look], note: str) -> InlineFigure:
    judged, test = verdicts.judged, verdicts.judged.friedman
    assert test is not None
    labels = [label for label in looks if label in set(judged.placed["label"])]
    means = pd.Series(dict(zip(test.labels, test.mean_ranks, strict=True)), dtype=float).reindex(labels)
    frame = pd.DataFrame({"label": labels, "mean_rank": means.to_numpy()})
    caption = f"{sentences.friedman_text(test)}; {sentences.dependence(judged.without_each_case, judged.overall)}"
    difference = test.cd if np.isfinite(test.cd) else None
    problems, by = counted(test.cases, "problem"), _quantity(verdicts.by)
    subtitle = f"{problems}, by the {by}; bars join what cannot be distinguished"
    return critical_difference.figure(frame, looks=looks, difference=difference, caption=_sentence(caption),
                                      title="mean ranks over all cases", subtitle=f"{subtitle}{note}")  # fmt: skip


def _sentence(text: str, labels: Collection[str] = ()) -> str:
    """A text as a sentence. A label at the beginning is not capitalised."""
    if text and not any(text.startswith(label) for label in labels):
        text = text[0].upper() + text[1:]
    return f"{text}." if text else ""
