"""What tables of rankings say besides numbers: marks, and the sentences below them. The terminal and the report have
the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from optlab.errors import counted, named
from optlab.results.analysis import sentences

if TYPE_CHECKING:
    from optlab.results.analysis.judged import Judged
    from optlab.results.imported.judged import JudgedTable

INTERVAL = "a rank such as 1-3 is an interval: it holds 90 % of the ranks in resamples of the seeds"
EQUAL = "= equal ranks: the values differ by no more than rounding"
OUTSIDE = "a better one may be outside"
EDGE = f"* the best value is at the edge of its grid or range: {OUTSIDE}"
OPTIMISTIC = "settings were chosen on the seeds shown: all values are slightly optimistic ([tuning] avoids it)"


def marked(settings: str, at_edge: str) -> str:
    """The settings, with a * after each value at the edge of its range.

    >>> marked("lr=0.1, beta1=0.9", "lr")
    'lr=0.1*, beta1=0.9'
    """
    if not at_edge:
        return settings
    names = at_edge.split(", ")
    return ", ".join(part + "*" * (part.partition("=")[0] in names) for part in settings.split(", "))


def are_shared(ranks: pd.Series) -> pd.Series:
    """Whether another rank is equal to each."""
    return ranks.notna() & ranks.duplicated(keep=False)


def failure(label: str, case: str, failed: int, runs: int, manifest: Mapping[str, Any]) -> str:
    """The errors of an optimizer's runs on a problem, and the number of failed runs."""
    sweeps = [sweep for sweep in manifest["sweeps"] if sweep["label"] == label and case in sweep["cases"]]
    messages = dict.fromkeys(sweep["error"] for sweep in sweeps if "error" in sweep)
    count = f"{failed:,} of {counted(runs, 'run')}" if failed < runs else counted(runs, "run")
    return f"error: {named(label)}, {count}: " + ("; ".join(messages) or "the message was not stored")


def firsts(ranking: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """By label, on how many cases it could be first, and on how many that was tested."""
    known = ranking.dropna(subset="with_first").groupby("label")["with_first"].agg(["sum", "size"])
    return {str(label): (int(row["sum"]), int(row["size"])) for label, row in known.iterrows()}


def could_be_first(judged: Judged | JudgedTable) -> str:
    """What "could be first" means; an empty text if nothing was tested."""
    if judged.ranking["with_first"].isna().all():
        return ""
    is_apart = any(verdict.contest.is_judged_apart for verdict in judged.verdicts.values())
    settings = ", with the chosen settings" if is_apart else ""
    return f"could be first: not distinguished from the first at the 5 % level{settings}, compared at the same seeds"


def choice_is_fixed(judged: Judged | JudgedTable) -> str:
    """That intervals leave out the choice of settings; an empty text if they do not."""
    fixed = f"intervals of ranks are those of the chosen settings: the tuning runs have no {judged.by}"
    return fixed * judged.is_choice_fixed


def meanings(judged: Judged | JudgedTable, has_each: bool) -> list[str]:
    """The sentences below all tables. `has_each`: whether there are tables of each case."""
    table, found = judged.ranking, []
    if has_each and (table["rank_low"] != table["rank_high"]).fillna(False).any():
        found.append(INTERVAL)
    found.append(could_be_first(judged))
    alone = [case for case, verdict in judged.verdicts.items() if verdict.contest.is_single]
    if alone:
        found.append(sentences.unsure([] if len(alone) == table["case"].nunique() else alone, judged.is_shared))
    if has_each and table.groupby("case", sort=False)["rank"].transform(are_shared).any():
        found.append(EQUAL)
    if (table["at_edge"] != "").any():
        found.append(EDGE if has_each else f"{_edges(judged.overall)}: {OUTSIDE}")
    found.append(choice_is_fixed(judged))
    if judged.is_chosen_on_judged_seeds:
        found.append(OPTIMISTIC)
    return [sentence for sentence in found if sentence]


def _edges(overall: pd.DataFrame) -> str:
    """How often the best value of each optimizer is at the edge of its grid or range."""
    rows = overall[overall["at_edge"] > 0].to_dict("records")
    counts = ", ".join(
        f"{named(row['label'])} on {row['at_edge']} of {counted(row['cases'], 'problem')}" for row in rows
    )
    return f"the best value is at the edge of its grid or range for {counts}"


# ---- over all cases --------------------------------------------------------------------------------------------------


def over_title(judged: Judged | JudgedTable) -> str:
    """Over how many of the cases the means are."""
    placed, every = _placed(judged), judged.ranking["case"].nunique() + judged.without_metric
    return f"over {'all' if placed == every else f'{placed} of'} {counted(every, 'problem')}"


def over_notes(judged: Judged | JudgedTable) -> list[str]:
    """The sentences below the table over all cases: what is left out, the tests, and what a case decides alone."""
    cases, placed, overall = judged.ranking["case"].nunique(), _placed(judged), judged.overall
    reasons = {"no optimizer has a finite median": cases - placed,
               f"{judged.by} was not recorded": judged.without_metric}  # fmt: skip
    parts = [f"{counted(count, 'problem')} where {reason}" for reason, count in reasons.items() if count]
    found = [f"left out: {' and '.join(parts)}"] * bool(parts)
    for row in overall[overall["failed"] > 0].to_dict("records"):
        where = f"runs of it failed on {row['failed']} of {counted(cases, 'problem')}"
        found.append(f"{named(row['label'])} is left out of the means over problems: {where}")
    if judged.friedman is not None:
        found.append(sentences.friedman_text(judged.friedman))
        found.append(sentences.dependence(judged.without_each_case, overall))
    return found


def _placed(judged: Judged | JudgedTable) -> int:
    """The number of cases with ranks."""
    return judged.ranking["case"][judged.ranking["rank"].notna()].nunique()
