"""The performance profile, and the costs from which the page computes it again if optimizers are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import UserError
from optlab.report.packing import packed, packed_exactly, plain
from optlab.results import analysis, caption
from optlab.results.profiles import captions, chosen, hits, performance
from optlab.results.profiles.of_results import Goal, Profiled, costs_of_runs
from optlab.results.profiles.reference import references

NUMBERS = 30_000
"""The most costs: 160 kB of text. With more, the page does not compute the profile again."""


def profile(results: Profiled, places: Mapping[str, int]) -> dict[str, Any] | None:
    """The performance profile as JSON; None if no losses were recorded, all optimizers failed, or not all have the same
    seeds, as in a comparison of results with other random numbers.

    Args:
        places: the index of each label.
    """
    if results.history.empty or analysis.has_strategies(results.runs):
        return None
    try:
        costs, facts, runs = costs_of_runs(results, "gradients", Goal.solved(None))
        frame = performance(costs)
    except UserError:
        return None
    frame.attrs = {"kind": "performance", **facts}
    lines = [
        {"label": places[str(label)], **{name: packed(rows[name]) for name in ("x", "y", "low", "high")}}
        for label, rows in frame.groupby("label", sort=False)
    ]
    return {"lines": lines, "caption": caption(frame), "costs": _costs(results, runs, costs, facts, places)}


def _costs(
    results: Profiled, runs: pd.DataFrame, costs: pd.DataFrame, facts: Mapping[str, Any], places: Mapping[str, int]
) -> dict[str, Any] | None:
    """The costs of the judged runs by case; None if they are too many.

    The target of a case without a known minimum depends on the lowest loss of the optimizers that are shown. So such a
    case has a row of costs for each loss that can be the lowest, in increasing order, and `of` the row of each label:
    that of its own lowest loss. A row has the costs of the labels one after the other, `seeds` of each. `floors` are
    the minimum, or these losses; a target is `level` of the way from there to the loss at the start, or `own`.
    """
    labels = list(dict.fromkeys(runs["label"]))
    relative = [case for case in facts["unknown"] if case not in facts["own"]]
    rows = {case: costs["cost"].to_numpy()[None, runs["case"] == case] for case in dict.fromkeys(runs["case"])}
    of: dict[str, list[int]] = {}
    known = references(results)
    floors = {case: [least] for case, least in known.minima.items()}
    if relative:
        of, again, lowest = _relative(runs[runs["case"].isin(relative)], results.history, facts["targets"], labels)
        rows, floors = rows | again, floors | lowest
    if sum(array.size for array in rows.values()) > NUMBERS:
        return None
    rounded = runs[~runs["case"].isin(facts["own"])]
    every = pd.Series(hits.roundings(rounded, results.history) if len(rounded) else [], rounded["label"], dtype=float)
    return {
        "labels": [places[label] for label in labels],
        "level": facts["targets"][0],
        "cases": [
            {
                **_case(runs[runs["case"] == case], array, of.get(case), labels),
                "floors": [plain(float(value)) for value in floors.get(case, [])],
                "own": known.targets[case] if case in facts["own"] else None,
            }
            for case, array in rows.items()
        ],
        "every": every.groupby(level=0).max().reindex(labels, fill_value=1).astype(int).tolist(),
        "failed": [places[label] for label in facts["failed"]],
        "targets": captions.targets_of(facts),
    }


def _case(runs: pd.DataFrame, rows: np.ndarray, of: Sequence[int] | None, labels: Sequence[str]) -> dict[str, Any]:
    place = pd.Index(labels).get_indexer(pd.Index(runs["label"]))
    order = np.lexsort((pd.factorize(runs["seed"])[0], place))
    seeds = np.bincount(place, minlength=len(labels)).tolist()
    return {"seeds": seeds, "of": of, "costs": packed_exactly(rows[:, order])}


def _relative(
    runs: pd.DataFrame, history: pd.DataFrame, levels: Sequence[float], labels: Sequence[str]
) -> tuple[dict[str, list[int]], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """By case, the row of each label, the costs by row and run, and the lowest loss of each row."""
    first = runs["first_loss"].to_numpy(float)
    of, floors = {}, {}
    for case, of_case in runs.groupby("case", sort=False):
        lowest = [float(chosen.lowest(of_case[of_case["label"] == label]).iloc[0]) for label in labels]
        floors[str(case)], found = np.unique(lowest, return_inverse=True)
        of[str(case)] = found.tolist()
    most = max(len(values) for values in floors.values())
    wanted = np.full((len(runs), most), np.nan)
    for row in range(most):
        reference = np.array([floors[case][min(row, len(floors[case]) - 1)] for case in runs["case"]])
        targets = hits.Targets(np.array(levels), reference, np.full(len(runs), True))
        wanted[:, row] = targets.losses(first)[:, 0]
    costs = hits.until(runs, history, wanted).T
    return of, {case: costs[: len(values), runs["case"] == case] for case, values in floors.items()}, floors
