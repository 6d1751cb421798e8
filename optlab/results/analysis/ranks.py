"""The tables of ranks: the order of the labels on each case, and the doubt about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import UserError, counted, named
from optlab.experiments import metrics
from optlab.results.analysis.contest import Contest
from optlab.results.analysis.phases import has_phases, tuned
from optlab.results.analysis.ties import Ties
from optlab.results.analysis.tuning import FINAL_LOSS, PAIR, best
from optlab.results.analysis.verdict import Verdict

DOUBT = ["rank_low", "rank_high", "first", "with_first", "p", "seeds_needed", "interval"]
COLUMNS = ["case", "rank", "rank_low", "rank_high", "first", "with_first", "p", "seeds_needed", "label", "settings",
           "tuned", "median", "interval", "low", "high", "n", "cells", "diverged", "failed", "at_edge",
           "run"]  # fmt: skip


def placed(runs: pd.DataFrame, by: str = FINAL_LOSS, search: str = "grid") -> pd.DataFrame:
    """The best cell of each label in the order of the ranks, without the doubt; values are losses."""
    table = best(runs, by)
    places = Ties.of(runs, by).places(table, "median")
    found = (table["median"] < np.inf).groupby(table["case"], sort=False).transform("any")
    table["rank"] = places.where(found).astype("Int64")
    table["tuned"] = _searches(runs, table, search)
    case = table.groupby("case", sort=False).ngroup()
    table = table.assign(_case=case, _failed=table["failed"] > 0)
    return table.sort_values(["_case", "_failed", "rank"], kind="stable", ignore_index=True)


def with_doubt(table: pd.DataFrame, verdicts: Mapping[str, Verdict]) -> pd.DataFrame:
    """A table of `case` and `label` with the columns about the doubt; missing where nothing can be said."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for case, verdict in verdicts.items():
        if not verdict.is_open:
            intervals = [None if np.isnan(low) else (low, high) for low, high in verdict.intervals]
            columns = (
                *verdict.rank_ends,
                verdict.first,
                verdict.with_first,
                verdict.p,
                verdict.seeds_needed,
                intervals,
            )
            pairs = [(case, label) for label in verdict.contest.labels]
            found |= dict(zip(pairs, zip(*columns, strict=True), strict=True))
    nothing = (None, None, np.nan, None, np.nan, None, None)
    rows = [found.get(pair, nothing) for pair in zip(*(table[name] for name in PAIR), strict=True)]
    kinds = dict(zip(DOUBT, ["Int64", "Int64", "float64", "boolean", "float64", "Int64", "object"], strict=True))
    columns = zip(*rows, strict=True) if rows else [()] * len(DOUBT)
    return table.assign(**{
        name: pd.Series(list(column), index=table.index, dtype=kind)
        for (name, kind), column in zip(kinds.items(), columns, strict=True)
    })  # fmt: skip


def judge(table: pd.DataFrame) -> pd.DataFrame:
    """The ranking of values that were not computed here: the columns of `ranking` from `case` to `n`.

    Args:
        table: one row per run, with the columns `case`, `label`, `seed` and `value`. Lower is better. A value that is
            not finite is infinitely bad. Labels are compared at the seeds that they share. Only identical values are
            equal.

    Raises:
        UserError: a run of a case, label and seed occurs twice.

    >>> table = pd.DataFrame({"case": "a", "label": ["gd", "adam"], "seed": 0, "value": [2.0, 1.0]})
    >>> judge(table)[["label", "rank"]].values.tolist()
    [['adam', 1], ['gd', 2]]
    """
    return ranking_of(verdicts_of(table))


def verdicts_of(table: pd.DataFrame) -> dict[str, Verdict]:
    """The verdict on each case of a table with the columns `case`, `label`, `seed` and `value`, see `judge`."""
    keys = ["case", "label", "seed"]
    if (twice := table.duplicated(keys)).any():
        case, label, seed = table.loc[twice, keys].iloc[0]
        raise UserError(f"{named(label)} has several values on {case} at seed {seed}; write one row for each seed")
    verdicts = {}
    for case, rows in table.groupby("case", sort=False):
        value = rows["value"].to_numpy(float)
        labels, seeds = list(dict.fromkeys(rows["label"])), _in_order(set(rows["seed"]))
        values = np.full((len(labels), len(seeds)), np.nan)
        row, column = (
            pd.Index(names).get_indexer(pd.Index(rows[key])) for names, key in ((labels, "label"), (seeds, "seed"))
        )
        values[row, column] = np.where(np.isfinite(value), value, np.inf)
        verdicts[str(case)] = Verdict(Contest.of(tuple(map(str, labels)), values))
    return verdicts


def _in_order(seeds: Iterable[Any]) -> list[Any]:
    """Seeds in order: as numbers if all are, so that "10" comes after "9"."""
    as_texts = sorted(seeds)
    try:
        return sorted(as_texts, key=float)
    except (TypeError, ValueError):
        return as_texts


def ranking_of(verdicts: Mapping[str, Verdict]) -> pd.DataFrame:
    """The ranking of each case by the medians of its verdict, see `judge`."""
    parts = []
    for case, verdict in verdicts.items():
        part = pd.DataFrame({"case": case, "label": verdict.contest.labels, "median": verdict.medians})
        part["rank"] = pd.Series(verdict.ranks if verdict.has_ranks else pd.NA, dtype="Int64")
        part["n"] = (~np.isnan(verdict.contest.values)).sum(axis=1)
        parts.append(part.sort_values("rank", kind="stable"))
    found = with_doubt(pd.concat(parts, ignore_index=True), verdicts)
    return found[["case", "rank", *DOUBT[:-1], "label", "median", "interval", "n"]]


def with_metric(runs: pd.DataFrame, by: str) -> pd.DataFrame:
    """The runs of the cases on which the metric exists, such as the test accuracy of networks.

    Raises:
        UnknownName: there is no such metric.
        UserError: it was not recorded.
    """
    metric = metrics.metric(by, runs.columns)
    if not metric.is_recorded(runs.columns):
        raise UserError(metric.missing())
    is_done = (runs["status"] == "done").to_numpy(bool)
    has_value = runs[list(metric.columns)].notna().all(axis=1).to_numpy()
    if not (is_done & ~has_value).any():
        return runs
    cases_with, cases_without = (runs["case"][is_done & part].unique() for part in (has_value, ~has_value))
    kept = ~runs["case"].isin(cases_without) | runs["case"].isin(cases_with)
    if not kept.any():
        raise UserError(metric.missing())
    return runs[kept].reset_index(drop=True)


def _searches(runs: pd.DataFrame, table: pd.DataFrame, search: str) -> list[str]:
    """For each row of a table, how its settings were chosen, in words."""
    if not has_phases(runs):
        return ["one setting" if cells == 1 else f"grid of {cells}, on the judged seeds" for cells in table["cells"]]
    untuned = set(runs.loc[runs["trials"] == 0, "label"]) if "trials" in runs else set()
    seeds = tuned(runs).groupby(PAIR, sort=False)["seed"].nunique()
    counts = [seeds.get((case, label), 0) for case, label in zip(table["case"], table["label"], strict=True)]
    return ["defaults" if label in untuned else f"{search}, {counted(cells, 'trial')} x {counted(seeds, 'seed')}"
            for label, cells, seeds in zip(table["label"], table["cells"], counts, strict=True)]  # fmt: skip


def as_measured(table: pd.DataFrame) -> pd.DataFrame:
    """The table of a metric of which more is better: with its own signs instead of losses."""
    turned = {"median": -table["median"], "low": -table["high"], "high": -table["low"]}
    ends = [pair and (-pair[1], -pair[0]) for pair in table["interval"]]
    return table.assign(**turned, interval=pd.Series(ends, index=table.index, dtype=object))
