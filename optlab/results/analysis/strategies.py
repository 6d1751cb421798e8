"""Trying several optimizers or tuning one of them: what each way to use trials leads to.

An experiment with several numbers of trials has two strategies for each of them: one optimizer is tuned with so many
trials, or each optimizer is, and the one with the best value on the seeds for tuning is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.errors import UserError
from optlab.execution.records import FAILURES
from optlab.experiments import metrics
from optlab.results.analysis.contest import Contest, contests
from optlab.results.analysis.over_cases import shared
from optlab.results.analysis.ranks import placed, with_metric
from optlab.results.analysis.resampling import RESAMPLES, medians_of
from optlab.results.analysis.tuning import FINAL_LOSS
from optlab.results.analysis.verdict import TAILS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ONE, ALL = "one", "all"
"""The strategies: tune one optimizer, whichever; or try all and use the best."""


def has_strategies(runs: pd.DataFrame) -> bool:
    """Whether the runs are those of several numbers of trials, and some label has no failed runs."""
    return "trials" in runs and not runs["label"].isin(_failed(runs)).all()


def groups_of(runs: pd.DataFrame) -> str | None:
    """The column whose values are compared apart if nothing else is said: the schedule, if there are several."""
    return "schedule" if runs["schedule"].nunique(dropna=False) > 1 else None


def _failed(runs: pd.DataFrame) -> set[str]:
    """The labels with failed runs."""
    return set(runs.loc[runs["status"].isin(FAILURES), "label"])


def strategies(runs: pd.DataFrame, by: str = FINAL_LOSS, within: str | None = None) -> pd.DataFrame:
    """What one has after tuning one optimizer, and after trying all, with each number of trials.

    One row per strategy and number of `trials`, each optimizer having so many; 0 are the defaults. The `strategy` is
    "one" (the mean over the optimizers, as for one that is chosen blindly), "all" (of all optimizers, the one with the
    lowest median on the seeds for tuning; the mean over those that are equally good there), or the name of an
    optimizer, which is tuned alone. `settings` is the number of settings that are tried in total.

    `place` is the share of all labels of a case that are better than the result, from 0 to 1, where equal ones count
    half: the mean over the cases of (rank - 1) / (labels - 1), by the median over the judged seeds. `difference` is the
    place minus that of trying all with the fewest trials: below 0, the strategy is better than this. `low` and `high`
    are the ends of its 90 % interval, and `place_low` and `place_high` those of the place: 5 % and 95 % quantiles in a
    thousand resamples of the cases, of the judged seeds, and of the seeds for tuning by which "all" chooses.

    Args:
        runs: one row per run, of an experiment with several numbers of trials.
        by: the metric.
        within: a column of `runs`, such as "schedule". Optimizers with different values are then different sets for the
            strategies "one" and "all". Places are still among all labels.

    Raises:
        UserError: the experiment has one number of trials, there is no such column, each label has failed runs, or
            the metric is "seconds".
        UnknownName: there is no such metric.
    """
    if "trials" not in runs:
        raise UserError("there is one number of trials; write several in [tuning], as in trials = [0, 25, 50]")
    if not has_strategies(runs):
        raise UserError("runs of every optimizer ended with an error")
    if within is not None and within not in runs:
        raise UserError(f"within: the runs have no column {within!r}")
    runs = with_metric(runs, by)
    if metrics.metric(by, runs.columns).is_shared:
        raise UserError(f"by: the runs of an optimizer are timed together, so that {by} have no intervals; "
                        "choose another metric, such as final_loss")  # fmt: skip
    table = placed(runs, by)
    found = [_Case.of(contest, number) for number, (_, contest) in enumerate(contests(runs, table, by))]
    about = runs.drop_duplicates("label").set_index("label")
    about = about[~about.index.isin(_failed(runs))].assign(cells=table.groupby("label")["cells"].max())
    cases = np.random.default_rng(2).integers(len(found), size=(RESAMPLES, len(found)))
    rows: list[dict[str, Any]] = []
    for group, members in about.groupby(within, sort=False, dropna=False) if within else [(None, about)]:
        reference = None
        for trials, same in members.groupby("trials"):
            for strategy, places in _strategies(found, same, cases):
                reference = places if reference is None else reference
                low, high = np.quantile(places[1:], TAILS)
                gap = places - reference
                rows.append({
                    **({within: group} if within else {}),
                    "strategy": strategy,
                    "trials": trials,
                    "settings": int(same["cells"].sum() if strategy == ALL else same["cells"].max()),
                    "place": places[0],
                    "place_low": low,
                    "place_high": high,
                    "difference": gap[0],
                    **dict(zip(("low", "high"), np.quantile(gap[1:], TAILS), strict=True)),
                })  # fmt: skip
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Case:
    """One case: the place of each label and its rank on the seeds for tuning, as observed and in all resamples.

    Both have the shape (1 + resamples, labels).
    """

    labels: Mapping[str, int]
    places: Floats
    tuning: Floats

    @staticmethod
    def of(contest: Contest, number: int) -> _Case:
        """The case of a contest. `number` makes its resamples differ from those of other cases."""
        generator = np.random.default_rng([3, number])
        judged = medians_of(contest.values, _draws(generator, contest.values.shape[1])).T
        chosen = np.stack([tried[row] for tried, row in zip(contest.tried, contest.chosen, strict=True)])
        tuning = contest.floor.ranks(medians_of(chosen, _draws(generator, chosen.shape[1])).T)
        labels = {label: place for place, label in enumerate(contest.labels)}
        places = (shared(contest.floor.ranks(judged)) - 1) / max(len(labels) - 1, 1)
        return _Case(labels, places, tuning)

    def at(self, labels: Sequence[str]) -> list[int]:
        return [self.labels[label] for label in labels]


def _draws(generator: np.random.Generator, seeds: int) -> Ints:
    """All seeds as they are, and then resamples of them."""
    return np.vstack([np.arange(seeds), generator.integers(seeds, size=(RESAMPLES, seeds))])


def _strategies(found: Sequence[_Case], same: pd.DataFrame, cases: Ints) -> Iterator[tuple[str, Floats]]:
    """The mean place of each strategy with one number of trials, as observed and in resamples; trying all comes first.

    `same` has a row for each label with this number of trials. `cases` are the resampled cases.
    """
    labels = list(same.index)
    places = np.stack([case.places[:, case.at(labels)] for case in found])  # (cases, 1 + resamples, labels)
    tuning = np.stack([case.tuning[:, case.at(labels)] for case in found])
    best = tuning == tuning.min(axis=2, keepdims=True)  # several are equally good if all missed a target, for example
    yield ALL, _mean((places * best).sum(axis=2) / best.sum(axis=2), cases)
    yield ONE, _mean(places.mean(axis=2), cases)
    for column, name in enumerate(same["base"]):
        yield name, _mean(places[..., column], cases)


def _mean(places: Floats, cases: Ints) -> Floats:
    """The mean over the cases (cases, 1 + resamples), as observed and over the resampled cases, (1 + resamples,)."""
    resampled = places[cases, 1 + np.arange(len(cases))[:, None]]
    return np.concatenate([[places[:, 0].mean()], resampled.mean(axis=1)])
