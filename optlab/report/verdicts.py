"""The verdicts of the page: the ranking of each case and over all cases, with what their marks mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optlab.report.packing import plain, row
from optlab.results import notes
from optlab.results.analysis import sentences
from optlab.results.analysis.judged import Judged

RANKING = {
    "rank": "rank",
    "rank_low": "rankLow",
    "rank_high": "rankHigh",
    "with_first": "withFirst",
    "settings": "settings",
    "tuned": "tuned",
    "median": "median",
    "interval": "interval",
    "n": "seeds",
    "diverged": "diverged",
    "failed": "failed",
    "cells": "cells",
    "gradients": "gradients",
}
"""The columns of the ranking, and their names in the page."""


def ranking(title: str, judged: Judged, places: Mapping[str, int], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The ranking of a case as JSON, how sure its order is, and the errors of failed runs.

    Args:
        places: the index of each label.
        manifest: of the results; it has the messages of failed runs.
    """
    rows = judged.ranking.assign(gradients=judged.gradients)[judged.ranking["case"] == title].to_dict("records")
    return {
        "ranking": [_ranked(r, places) for r in rows],
        "verdict": sureness(rows, judged, title),
        "errors": _errors(rows, places, manifest),
    }


def _ranked(record: Mapping[Any, Any], places: Mapping[str, int]) -> dict[str, Any]:
    """A row of a ranking as JSON. Failed runs say nothing about settings and divergence."""
    return {
        "label": places[record["label"]],
        **row(record, RANKING),
        "marked": notes.marked(record["settings"], record["at_edge"]) if record["at_edge"] else None,
        "diverged": None if record["failed"] else plain(record["diverged"]),
    }


def _errors(
    rows: Sequence[Mapping[Any, Any]], places: Mapping[str, int], manifest: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What failed, in a sentence for each label."""
    return [
        {
            "label": places[row["label"]],
            "text": notes.failure(row["label"], row["case"], row["failed"], row["n"] * row["cells"], manifest),
        }
        for row in rows
        if row["failed"]
    ]


def sureness(rows: Sequence[Mapping[Any, Any]], judged: Judged, title: str) -> str:
    """How sure the order of a case is, in a sentence; empty if there is no order."""
    verdict = judged.verdicts.get(title)
    if verdict is not None and verdict.contest.is_single and len(rows) > 1:
        return sentences.unsure(is_shared=judged.is_shared)
    return sentences.sureness(rows, verdict)


def overall(judged: Judged, places: Mapping[str, int]) -> dict[str, Any]:
    """The ranks over all cases as JSON, with the title and the sentences of their table."""
    names = {"mean_rank": "meanRank", "mean_low": "low", "mean_high": "high", "wins": "wins", "cases": "cases",
             "diverged": "diverged", "failed": "failed"}  # fmt: skip
    firsts = notes.firsts(judged.ranking)
    rows = [
        {"label": places[r["label"]], **row(r, names), "firsts": None if r["failed"] else firsts.get(r["label"])}
        for r in judged.overall.to_dict("records")
    ]
    return {"rows": rows, "title": notes.over_title(judged), "notes": notes.over_notes(judged)}


def marks(judged: Judged) -> dict[str, str]:
    """What the marks in the tables mean, and what holds for all of them; a text is empty if it does not apply."""
    return {
        "interval": notes.INTERVAL,
        "first": notes.could_be_first(judged),
        "equal": notes.EQUAL,
        "edge": notes.EDGE,
        "fixed": notes.choice_is_fixed(judged),
        "optimistic": notes.OPTIMISTIC * judged.is_chosen_on_judged_seeds,
    }


def headline(judged: Judged, cases: Sequence[dict[str, Any]]) -> list[str]:
    """What the results say, in sentences."""
    if len(cases) == 1:
        return [cases[0]["verdict"]] if cases[0]["verdict"] else []
    if judged.friedman is None:
        return []
    table = judged.overall[judged.overall["mean_rank"].notna()]
    best = table["mean_rank"].min()
    first = sentences.listed([str(label) for label in table.loc[table["mean_rank"] == best, "label"]])
    return [f"{first}: the best mean rank, {best:.2f} over {int(table['cases'].max())} problems",
            sentences.friedman_text(judged.friedman)]  # fmt: skip
