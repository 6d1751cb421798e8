"""Rankings on the terminal: who is first on each problem and over all of them, and how sure that is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from optlab.cli import tables
from optlab.cli.formats import Shown
from optlab.errors import counted, named, short

if TYPE_CHECKING:
    from optlab.results.analysis import Judged
    from optlab.results.imported.judged import JudgedTable

COULD_BE_FIRST = "could be first"

DIGITS, MOST_DIGITS = 3, 12
"""Numbers in a table have the one number of digits, or more up to the other if unequal medians look equal."""

MOST_ROWS, FIRST_ROWS = 60, 20
"""A table of more rows than the one is cut to the other."""


def shown(judged: Judged | JudgedTable) -> list[Shown]:
    """The ranking of each case as a table, with a sentence about how sure the order is."""
    from optlab.results.analysis import sentences

    table = judged.ranking.assign(gradients=judged.gradients)
    found = []
    for case, rows in table.groupby("case", sort=False):
        sureness = sentences.sureness(rows.to_dict("records"), judged.verdicts.get(str(case)))
        found.append(replace(case_table(str(case), rows, judged.by), notes=[sureness] * bool(sureness)))
    return found


def with_meanings(judged: Judged | JudgedTable) -> list[Shown]:
    """The same with what the marks mean below the last table."""
    *others, last = shown(judged)
    return [*others, replace(last, notes=[*last.notes, *_meanings(judged, has_each=True)])]


def print_rankings(
    console: Console,
    judged: Judged | JudgedTable,
    manifest: Mapping[str, Any],
    most: float = math.inf,
    has_overall: bool = True,
) -> None:
    """Print the ranking of each case, one over all cases, and what the marks mean.

    Args:
        manifest: of the results; it has the messages of failed runs.
        most: with more cases than this, only the ranking over all cases is printed.
        has_overall: whether the cases are all that there are, so that there is a ranking over all of them.
    """
    count = judged.ranking["case"].nunique()
    if count <= most:
        _each(console, judged, manifest)
    if count > 1 and has_overall:
        _overall(console, judged)
    for sentence in _meanings(judged, count <= most):
        console.print(tables.sentence(sentence))


def _each(console: Console, judged: Judged | JudgedTable, manifest: Mapping[str, Any]) -> None:
    table = judged.ranking
    cases = list(dict.fromkeys(table["case"]))
    for case, own in zip(cases, shown(judged), strict=True):
        rows = table[table["case"] == case]
        console.print(tables.table(own.columns, _first(own.rows), own.title, spare=own.spare))
        _rest(console, own.rows)
        for row in rows[rows["failed"] > 0].to_dict("records"):
            counts = row["failed"], row["n"] * row["cells"]
            console.print(Text(failure(row["label"], row["case"], *counts, manifest)), soft_wrap=True)
        for note in own.notes:
            console.print(tables.sentence(note))
        console.print()


def _first(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """All rows, or the first ones of very many."""
    return rows if len(rows) <= MOST_ROWS else rows[:FIRST_ROWS]


def _rest(console: Console, rows: Sequence[Any]) -> None:
    """Print how many rows a table lacks."""
    if len(rows) > MOST_ROWS:
        more = counted(len(rows) - FIRST_ROWS, "more optimizer")
        console.print(tables.sentence(f"and {more}: optlab rank RESULTS --format markdown (or csv, json) has all"))


def case_table(case: str, ranked: Any, by: str) -> Shown:
    """The table of one case. `ranked` has the rows of a ranking, and the column `gradients`."""
    is_repeated = bool(ranked["interval"].notna().any())
    is_judged = bool(ranked["with_first"].notna().any())
    ended = (ranked["failed"] == 0) & (ranked["median"].abs() < float("inf"))  # a run that diverged stops early
    is_unequal = ranked.loc[ended, "gradients"].nunique() > 1  # some need more than one per step
    is_shared = are_shared(ranked["rank"])
    digits = _digits(ranked["median"], ranked["rank"])
    rows = []
    for row, shared in zip(ranked.to_dict("records"), is_shared, strict=True):
        settings = _marked(row["settings"], row["at_edge"])
        cells = [rank_text(row) + "=" * bool(shared), row["label"], settings, number(row["median"], digits)]
        more = [interval_text(row["interval"], digits)] * is_repeated + [_yes(row["with_first"])] * is_judged
        more += [f"{row['gradients']:,.0f}"] * is_unequal + [_share(row["diverged"])]
        if row["failed"]:
            cells, more = [tables.ERROR, row["label"], tables.NONE, tables.NONE], [tables.NONE] * len(more)
        rows.append([*cells, *more])
    interval, gradients, diverged = "90 % interval>", "gradients>", _diverged(bool((ranked["cells"] > 1).any()))
    columns = ["rank>", "optimizer", "best settings", f"{by.replace('_', ' ')}>"]
    columns += [interval] * is_repeated + [COULD_BE_FIRST] * is_judged + [gradients] * is_unequal + [diverged]
    return Shown(*_with_content(columns, rows), case, spare=[gradients, diverged, interval])


def _marked(settings: str, at_edge: str) -> str:
    """The settings, with a * after each value at the edge of its range.

    >>> _marked("lr=0.1, beta1=0.9", "lr")
    'lr=0.1*, beta1=0.9'
    """
    if not at_edge:
        return settings
    names = at_edge.split(", ")
    return ", ".join(part + "*" * (part.partition("=")[0] in names) for part in settings.split(", "))


def _with_content(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """The columns with a cell that is not empty. Others' results have no settings."""
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in rows]


def rank_text(row: Mapping[str, Any]) -> str:
    """A rank, or its interval: "2", "1-3", "-"."""
    low, high = row["rank_low"], row["rank_high"]
    if _is_missing(row["rank"]):
        return tables.NONE
    return str(row["rank"]) if _is_missing(low) or low == high else f"{low}-{high}"


def _digits(medians: Any, ranks: Any) -> int:
    """The number of digits, at most 12, with which medians of unequal ranks differ, if they differ at all."""
    neighbours = medians.groupby(ranks).first().sort_index()
    pairs = [(a, b) for a, b in itertools.pairwise(neighbours) if math.isfinite(b)]
    return next(
        (
            digits
            for digits in range(DIGITS, MOST_DIGITS)
            if all(short(a, digits) != short(b, digits) for a, b in pairs)
        ),
        MOST_DIGITS if pairs else DIGITS,
    )


def interval_text(interval: Sequence[float] | None, digits: int = DIGITS) -> str:
    if interval is None or math.isnan(interval[0]) or (math.isinf(interval[0]) and interval[0] == interval[1]):
        return tables.NONE
    return f"{number(interval[0], digits)} to {number(interval[1], digits)}"


def failure(label: str, case: str, failed: int, runs: int, manifest: Mapping[str, Any]) -> str:
    """The errors of an optimizer's runs on a problem, and the number of failed runs."""
    sweeps = [sweep for sweep in manifest["sweeps"] if sweep["label"] == label and case in sweep["cases"]]
    messages = dict.fromkeys(sweep["error"] for sweep in sweeps if "error" in sweep)
    count = f"{failed:,} of {counted(runs, 'run')}" if failed < runs else counted(runs, "run")
    return f"{tables.ERROR}: {named(label)}, {count}: " + ("; ".join(messages) or "the message was not stored")


# ---- over all problems -----------------------------------------------------------------------------------------------


def _overall(console: Console, judged: Judged | JudgedTable) -> None:
    from optlab.results.analysis import sentences

    cases, has_ranks = judged.ranking["case"].nunique(), judged.ranking["rank"].notna()
    placed = judged.ranking["case"][has_ranks].nunique()
    ranked, of_several = judged.overall, bool((judged.ranking["cells"] > 1).any())
    is_judged, has_ends = (bool(ranked[name].notna().any()) for name in ("among_first", "mean_low"))
    known = judged.ranking.dropna(subset="with_first").groupby("label")["with_first"].agg(["sum", "size"])
    rows = []
    for row in ranked.to_dict("records"):
        is_placed = not row["failed"] and not math.isnan(row["mean_rank"])
        mean = f"{row['mean_rank']:.2f}" if is_placed else tables.ERROR if row["failed"] else tables.NONE
        ends = f"{row['mean_low']:.2f} to {row['mean_high']:.2f}" if row["mean_low"] >= 0 else tables.NONE
        among = tables.NONE if math.isnan(row["among_first"]) else "{} of {}".format(*known.loc[row["label"]])
        diverged = tables.NONE if row["failed"] else _share(row["diverged"])
        rows.append([mean, row["label"], *[ends] * has_ends, str(row["wins"]), *[among] * is_judged, diverged])
    interval, diverged = "90 % interval>", _diverged(of_several)
    columns = ["mean rank>", "optimizer", *[interval] * has_ends, "wins>"]
    columns += [f"{COULD_BE_FIRST}>"] * is_judged + [diverged]
    every = cases + judged.without_metric
    title = f"over {'all' if placed == every else f'{placed} of'} {counted(every, 'problem')}"
    console.print(tables.table(*_with_content(columns, _first(rows)), title, spare=[diverged, interval]))
    _rest(console, rows)
    if placed < every:
        console.print(tables.sentence(_left_out(judged.by, cases - placed, judged.without_metric)))
    for row in ranked[ranked["failed"] > 0].to_dict("records"):
        where = f"runs of it failed on {row['failed']} of {counted(cases, 'problem')}"
        console.print(tables.sentence(f"{named(row['label'])} is left out of the means over problems: {where}"))
    if judged.friedman is not None:
        console.print(tables.sentence(sentences.friedman_text(judged.friedman)))
        console.print(tables.sentence(sentences.dependence(judged.without_each_case, ranked)))
    console.print()


def _left_out(by: str, without_ranks: int, without_metric: int) -> str:
    """How many problems have no ranks, and why."""
    reasons = {"no optimizer has a finite median": without_ranks, f"{by} was not recorded": without_metric}
    parts = [f"{counted(count, 'problem')} where {reason}" for reason, count in reasons.items() if count]
    return f"left out: {' and '.join(parts)}"


# ---- what the marks mean ---------------------------------------------------------------------------------------------


def _meanings(judged: Judged | JudgedTable, has_each: bool) -> list[str]:
    """The sentences below all tables. `has_each`: whether there are tables of each case."""
    from optlab.results.analysis import sentences

    table, found = judged.ranking, []
    if has_each and (table["rank_low"] != table["rank_high"]).fillna(False).any():
        found.append("a rank such as 1-3 is an interval: it holds 90 % of the ranks in resamples of the seeds")
    if table["with_first"].notna().any():
        is_apart = any(verdict.contest.is_judged_apart for verdict in judged.verdicts.values())
        settings = ", with the chosen settings" if is_apart else ""
        meaning = f"not distinguished from the first at the 5 % level{settings}, compared at the same seeds"
        found.append(f"{COULD_BE_FIRST}: {meaning}")
    alone = [case for case, verdict in judged.verdicts.items() if verdict.contest.is_single]
    if alone:
        found.append(sentences.unsure([] if len(alone) == table["case"].nunique() else alone, judged.is_shared))
    if has_each and table.groupby("case", sort=False)["rank"].transform(are_shared).any():
        found.append("= equal ranks: the values differ by no more than rounding")
    if (table["at_edge"] != "").any():
        at_edge = "* the best value is at the edge of its grid or range" if has_each else _edges(judged.overall)
        found.append(f"{at_edge}: a better one may be outside")
    if judged.is_choice_fixed:
        found.append(f"intervals of ranks are those of the chosen settings: the tuning runs have no {judged.by}")
    if judged.is_chosen_on_judged_seeds:
        found.append("settings were chosen on the seeds shown: all values are slightly optimistic ([tuning] avoids it)")
    return found


def _edges(overall: Any) -> str:
    """How often the best value of each optimizer is at the edge of its grid or range."""
    rows = overall[overall["at_edge"] > 0].to_dict("records")
    counts = ", ".join(
        f"{named(row['label'])} on {row['at_edge']} of {counted(row['cases'], 'problem')}" for row in rows
    )
    return f"the best value is at the edge of its grid or range for {counts}"


def are_shared(ranks: Any) -> Any:
    return ranks.notna() & ranks.duplicated(keep=False)


def number(value: float, digits: int = DIGITS) -> str:
    return "none finite" if math.isinf(value) else short(value, digits)


def _is_missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "<NA>"


def _yes(value: Any) -> str:
    return tables.NONE if _is_missing(value) else "yes" if value else "no"


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.0f} %"


def _diverged(of_several: bool) -> str:
    """The name of the column with shares of diverged runs. With several cells, the shares are over all settings."""
    return "diverged, of all settings>" if of_several else "diverged>"
