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
from optlab.errors import counted, short

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
    from optlab.results import notes

    *others, last = shown(judged)
    return [*others, replace(last, notes=[*last.notes, *notes.meanings(judged, has_each=True)])]


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
    from optlab.results import notes

    count = judged.ranking["case"].nunique()
    if count <= most:
        _each(console, judged, manifest)
    if count > 1 and has_overall:
        _overall(console, judged)
    for sentence in notes.meanings(judged, count <= most):
        console.print(tables.sentence(sentence))


def _each(console: Console, judged: Judged | JudgedTable, manifest: Mapping[str, Any]) -> None:
    from optlab.results import notes

    table = judged.ranking
    cases = list(dict.fromkeys(table["case"]))
    for case, own in zip(cases, shown(judged), strict=True):
        rows = table[table["case"] == case]
        console.print(tables.table(own.columns, _first(own.rows), own.title, spare=own.spare))
        _rest(console, own.rows)
        for row in rows[rows["failed"] > 0].to_dict("records"):
            counts = row["failed"], row["n"] * row["cells"]
            console.print(Text(notes.failure(row["label"], row["case"], *counts, manifest)), soft_wrap=True)
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
    from optlab.results import notes

    is_repeated = bool(ranked["interval"].notna().any())
    is_judged = bool(ranked["with_first"].notna().any())
    ended = (ranked["failed"] == 0) & (ranked["median"].abs() < float("inf"))  # a run that diverged stops early
    is_unequal = ranked.loc[ended, "gradients"].nunique() > 1  # some need more than one per step
    is_shared = notes.are_shared(ranked["rank"])
    digits = _digits(ranked["median"], ranked["rank"])
    rows = []
    for row, shared in zip(ranked.to_dict("records"), is_shared, strict=True):
        settings = notes.marked(row["settings"], row["at_edge"])
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


# ---- over all problems -----------------------------------------------------------------------------------------------


def _overall(console: Console, judged: Judged | JudgedTable) -> None:
    from optlab.results import notes

    over = overall_table(judged)
    console.print(tables.table(over.columns, _first(over.rows), over.title, spare=over.spare))
    _rest(console, over.rows)
    for sentence in notes.over_notes(judged):
        console.print(tables.sentence(sentence))
    console.print()


def overall_table(judged: Judged | JudgedTable) -> Shown:
    """The table over all cases."""
    from optlab.results import notes

    ranked, of_several = judged.overall, bool((judged.ranking["cells"] > 1).any())
    is_judged, has_ends = (bool(ranked[name].notna().any()) for name in ("among_first", "mean_low"))
    known = notes.firsts(judged.ranking)
    rows = []
    for row in ranked.to_dict("records"):
        is_placed = not row["failed"] and not math.isnan(row["mean_rank"])
        mean = f"{row['mean_rank']:.2f}" if is_placed else tables.ERROR if row["failed"] else tables.NONE
        ends = f"{row['mean_low']:.2f} to {row['mean_high']:.2f}" if row["mean_low"] >= 0 else tables.NONE
        among = tables.NONE if math.isnan(row["among_first"]) else "{} of {}".format(*known[row["label"]])
        diverged = tables.NONE if row["failed"] else _share(row["diverged"])
        rows.append([mean, row["label"], *[ends] * has_ends, str(row["wins"]), *[among] * is_judged, diverged])
    interval, diverged = "90 % interval>", _diverged(of_several)
    columns = ["mean rank>", "optimizer", *[interval] * has_ends, "wins>"]
    columns += [f"{COULD_BE_FIRST}>"] * is_judged + [diverged]
    return Shown(*_with_content(columns, rows), notes.over_title(judged), spare=[diverged, interval])


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
