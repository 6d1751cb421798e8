"""The values of each contest, from which the page computes ranks and their doubt if optimizers are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optlab.report.packing import packed_exactly
from optlab.results.analysis.contest import MOST_SEEDS, Contest
from optlab.results.analysis.judged import Judged
from optlab.results.analysis.resampling import promising
from optlab.results.analysis.ties import Ties

NUMBERS = 30_000
"""The most numbers of all cases together: 320 kB of text. First the other settings are left out, which the intervals of
ranks need, and then all values, so that there are no tests either."""
WORK = 1_500_000
"""The largest sum over the cases of labels^2 * seeds. Tests compare all labels once for each label, and with more work
than this they take longer than about ten seconds in the page."""


def contests(judged: Judged, titles: Sequence[str], places: Mapping[str, int]) -> list[dict[str, Any]]:
    """The contest of each case as JSON, for the page to rank some of its labels.

    `eps` and `starts` give the rounding error of losses (`optlab.results.analysis.ties`), which depends on the runs of
    the labels: `starts` has distinct tables of losses at the start (`losses`, and how many runs have them, `counts`),
    and `of` the table of each label. `values` are the values of the judged seeds, by label and seed, or None if they
    are too many or tests would take too long; `choices` the settings that may be chosen in a resample of the seeds.

    Args:
        titles: the cases.
        places: the index of each label.
    """
    found = [judged.verdicts[title].contest if title in judged.verdicts else None for title in titles]
    values = sum(contest.values.size for contest in found if contest)
    is_small = (
        values <= NUMBERS and sum(len(contest.labels) * contest.values.size for contest in found if contest) <= WORK
    )
    tried = [_choices(contest) if contest else [] for contest in found]
    chosen = sum(sum(array.size for array in choice["arrays"]) for choices in tried for choice in choices if choice)
    starts = _starts(judged, places)
    return [
        {
            **starts[title],
            **(_values(contest, places) if contest and is_small else {"values": None}),
            "choices": [_packed(choice) for choice in choices] if is_small and values + chosen <= NUMBERS else None,
        }
        for title, contest, choices in zip(titles, found, tried, strict=True)
    ]


def _values(contest: Contest, places: Mapping[str, int]) -> dict[str, Any]:
    if contest.values.shape[1] > MOST_SEEDS or np.isnan(contest.values).any():
        return {"values": None}
    return {
        "labels": [places[label] for label in contest.labels],
        "values": packed_exactly(contest.values),
        "isApart": contest.is_judged_apart,
        "copied": [places[label] for label in contest.labels if label in contest.copied],
    }


def _choices(contest: Contest) -> list[dict[str, Any] | None]:
    """For each label, the settings that may be chosen in a resample: the row of the chosen one, and their values; also
    the values that they were chosen by if these are others. None if there is no choice."""
    found: list[dict[str, Any] | None] = []
    for tried, by, own in zip(contest.tried, contest.choices or contest.tried, contest.chosen, strict=True):
        rows, place = promising(by, own)
        arrays = [tried[rows]] if tried is by else [tried[rows], by[rows]]
        found.append({"own": place, "arrays": arrays} if len(tried) > 1 else None)
    return found


def _packed(choice: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    values, *by = choice["arrays"]
    return {
        "own": choice["own"],
        "rows": len(values),
        "values": packed_exactly(values),
        "by": packed_exactly(by[0]) if by else None,
    }


def _starts(judged: Judged, places: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """By case, the losses at the start that `Ties` uses."""
    runs, ties = judged.runs, Ties.of(judged.runs, judged.by)
    first = runs["first_loss"].where(
        np.isfinite(runs["first_loss"].to_numpy(float)) & runs["case"].map(ties.start).notna()
    )
    table = runs[["case", "label"]].assign(loss=first, count=1)
    counts = table.groupby(["case", "label", "loss"], sort=False, as_index=False)["count"].sum()
    found = {str(case): {"eps": float(eps), "starts": [], "of": {}} for case, eps in ties.eps.items()}
    for (case, label), rows in counts.groupby(["case", "label"], sort=False):
        of_label = {"losses": rows["loss"].tolist(), "counts": rows["count"].tolist()}
        tables = found[str(case)]["starts"]
        if of_label not in tables:
            tables.append(of_label)
        found[str(case)]["of"][places[str(label)]] = tables.index(of_label)
    return found
