"""What rankings and curves say, in sentences: for the terminal, and below pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import counted, named, short
from optlab.results.analysis import separation
from optlab.results.analysis.over_cases import ROUNDING, Friedman
from optlab.results.analysis.verdict import Verdict

NAMED = 3
"""The largest number of names in a sentence."""
NOTHING = "nothing can be said about how sure the order is"
TIMED_TOGETHER = "the runs of an optimizer are timed together"
ONE_RUN = "one run each: nothing can be said about how sure their order is"
OTHER_SETTINGS = "; with settings chosen on other tuning seeds, another could be first"
SAME = 1e-3
"""Expected values that differ by less than this share of them are about the same."""


def sureness(rows: Sequence[Mapping[Any, Any]], verdict: Verdict | None) -> str:
    """How sure the order of one case is, in a sentence; an empty text if nothing can be said.

    Args:
        rows: the rows of the case in the order of the ranks.
    """
    ranked = [row for row in rows if not pd.isna(row["rank"]) and not row["failed"]]
    if verdict is None or verdict.is_open or len(ranked) < 2:
        return ""
    seeds, tested = (contest.values.shape[1] for contest in (verdict.contest, verdict.contest.limited()))
    number = counted(seeds, "seed") if tested == seeds else f"the first {tested:,} of {seeds:,} seeds"
    if not any(pd.isna(row["with_first"]) for row in ranked):
        return _compared(ranked, verdict, number, "others")
    alone = [row["label"] for row in ranked if row["label"] in verdict.contest.copied]
    said = _compared(ranked, verdict, number, "others with several runs")
    return f"{said}; {listed(alone)} have {ONE_RUN}"


def _compared(ranked: Sequence[Mapping[Any, Any]], verdict: Verdict, seeds: str, all_others: str) -> str:
    """The first in comparison with the others that were tested."""
    first, second, *_ = ranked
    leader, next_one = named(first["label"]), named(second["label"])
    others = [row for row in ranked[1:] if not pd.isna(row["with_first"]) and row["with_first"]]
    if not others:
        better = f"{leader} is better than all {all_others}, with {seeds} (at the 5 % level)"
        return better + OTHER_SETTINGS * verdict.depends_on_tuning(first["label"])
    if first["rank"] == second["rank"]:
        return f"{leader} and {next_one} are equal: no number of seeds distinguishes them"
    which = named(others[0]["label"]) if len(others) == 1 else counted(len(others), "optimizer")
    few = f"with {seeds}, {which} cannot be distinguished from {leader}"
    if second is not others[0]:
        return few
    pair = "them" if len(others) == 1 else f"it from {next_one}"
    return f"{few}; {_needed(verdict, second['label'])} would distinguish {pair}"


def _needed(verdict: Verdict, label: str) -> str:
    """The number of seeds that distinguish a label from the first."""
    if verdict.contest.values.shape[1] < separation.FEWEST_TO_ESTIMATE:
        return f"{separation.FEWEST} seeds or more"
    needed = verdict.seeds_needed[verdict.contest.labels.index(label)]
    return f"more than {separation.MOST:,} seeds" if needed is None else f"about {needed:,} seeds"


def unsure(cases: Sequence[str] = (), is_shared: bool = False) -> str:
    """That nothing can be said with one measurement each, on some cases or on all.

    Args:
        is_shared: whether runs share a measurement, see `optlab.experiments.metrics.Metric`.
    """
    where = f" on {listed(cases)}" if cases else ""
    if is_shared:
        return f"{TIMED_TOGETHER}: one measurement each{where}, {NOTHING}"
    return f"one run each{where}: {NOTHING}"


def friedman_text(test: Friedman) -> str:
    """The tests of Friedman and Nemenyi in a sentence."""
    p = "p < 0.001" if test.f_p < 0.001 else f"p = {test.f_p:.3f}"
    if test.f_p >= 0.05:
        return f"over {counted(test.cases, 'problem')} the mean ranks do not differ more than by chance (Friedman, {p})"
    return (
        f"the mean ranks differ (Friedman, {p}); two of them differ if they are more than {test.cd:.2f} apart "
        "(Nemenyi, 5 %)"
    )


def dependence(left_out: pd.DataFrame, overall: pd.DataFrame) -> str:
    """Whether the first over all problems stays first if one problem is left out.

    Args:
        left_out: the frame of `without_each_case`. overall: the frame of `overall`.
    """
    means = overall[overall["mean_rank"].notna()]
    first = set(means["label"][means["mean_rank"] <= means["mean_rank"].min() + ROUNDING])
    changes = []
    for case, rows in left_out.groupby("without", sort=False):
        others = set(rows["label"][rows["place"] == 1])
        if others != first:
            changes.append(
                f"without {named(str(case))}, {listed(sorted(others))} {'is' if len(others) == 1 else 'are'} first"
            )
    if not changes:
        return "the first is the same if any one problem is left out"
    more = len(changes) - NAMED
    return "; ".join(changes[:NAMED]) + (f"; and {counted(more, 'more change')}" if more > 0 else "")


def trials_text(curves: pd.DataFrame, quantity: str, higher_is_better: bool = False) -> str:
    """Which optimizer is expected to be the best after one trial and after all, and at which number they change.

    Args:
        curves: the rows of one case of `best_of_k`. quantity: what is expected.

    >>> curves = pd.DataFrame({"label": ["a", "a", "b", "b"], "k": [1, 2, 1, 2], "expected": [3.0, 0.2, 2.0, 1.0]})
    >>> print(trials_text(curves, "final loss"))
    After 1 trial b has the best expected final loss, 2; after 2 trials a has it, 0.2.
    """
    table = curves.pivot(index="k", columns="label", values="expected").dropna()
    if table.empty:
        return ""
    leaders = _leaders(-table if higher_is_better else table)
    (first, leader), (last, winner) = leaders[0], leaders[-1]
    leads, wins = named(leader), named(winner)

    def result(k: int, label: str) -> str:
        return short(float(table[label].loc[k]))

    begin = f"After {counted(first, 'trial')} {leads} has the best expected {quantity}, {result(first, leader)}"
    if leader == winner:
        still = "still" if all(label == leader for _, label in leaders) else "again"
        return f"{begin}, and {still} after {counted(last, 'trial')}, {result(last, leader)}."
    since = next(k for (k, _), (_, before) in zip(leaders[::-1], leaders[-2::-1], strict=False) if before != winner)
    if since == last:
        return f"{begin}; after {counted(last, 'trial')} {wins} has it, {result(last, winner)}."
    return f"{begin}; after {counted(since, 'trial')} or more {wins} has it, {result(last, winner)} in the end."


def strategies_text(table: pd.DataFrame, within: str | None = None) -> str:
    """Whether one optimizer that is tuned with the most trials is better than the best of all with the fewest trials.

    Args:
        table: as from `strategies`, with the column `within`.

    >>> table = pd.DataFrame({"strategy": ["all", "one"], "trials": [0, 25], "low": [0.0, -0.3], "high": [0.0, 0.1]})
    >>> print(strategies_text(table))
    Tuning one optimizer with 25 trials, instead of trying all with defaults: not distinguished.
    """
    fewest, most = int(table["trials"].min()), int(table["trials"].max())
    found: dict[str, list[str]] = {}
    for row in table[(table["strategy"] == "one") & (table["trials"] == most)].to_dict("records"):
        verdict = "better" if row["high"] < 0 else "worse" if row["low"] > 0 else "not distinguished"
        found.setdefault(verdict, []).append(group_name(row[within]) if within else "")
    said = [verdict + (f" ({', '.join(groups)})" if within else "") for verdict, groups in found.items()]
    least = f"{counted(fewest, 'trial')} each" if fewest else "defaults"
    return f"Tuning one optimizer with {counted(most, 'trial')}, instead of trying all with {least}: {'; '.join(said)}."


def group_name(value: Any) -> str:
    """The name of a group of optimizers in texts: "none" for those without a schedule."""
    return "none" if pd.isna(value) else str(value)


def _leaders(table: pd.DataFrame) -> list[tuple[int, str]]:
    """For each k, the label with the lowest value. Another label leads only if it is visibly better than the leader."""
    found: list[tuple[int, str]] = []
    for k, values in zip(table.index, table.to_numpy(float), strict=True):
        best = int(np.argmin(values))
        if found:
            leader = list(table.columns).index(found[-1][1])
            visible = SAME * abs(values[leader])
            best = best if values[best] < values[leader] - visible else leader
        found.append((int(k), str(table.columns[best])))
    return found


def listed(names: Sequence[str]) -> str:
    """Some names and the number of further ones.

    >>> listed(["a", "b"]), listed(["a", "b, x", "c", "d", "e"])
    ('a and b', 'a, "b, x", c and 2 more')
    """
    names = [named(name) for name in names]
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
