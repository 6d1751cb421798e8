"""Captions that read a profile aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import counted, short
from optlab.results.analysis.sentences import listed
from optlab.results.profiles.arrange import Floats

MOST = 2
"""The number of labels that a caption is about."""
SHARE = 0.8
"""A caption says at which cost this part of the final height of a curve is reached."""
DIGITS = np.array([1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0])
"""The digits of the rounded costs in captions."""


def caption(frame: pd.DataFrame) -> str:
    """What a profile says, in plain words: the curves of the first two labels, the targets, and the band.

    Args:
        frame: a profile, with the facts of `optlab.results.profiles.of_results.costs_of` in `frame.attrs`.

    >>> from optlab.results.profiles.examples import COSTS, FACTS
    >>> from optlab.results.profiles.performance import performance
    >>> frame = performance(COSTS)
    >>> frame.attrs = FACTS | {"kind": "performance"}
    >>> print(caption(frame).replace(". ", ".\\n"))
    adam solves 100 % of problems within 2 times the best's gradients, and is the fastest on 75 %.
    gd solves 75 % of problems within 2 times the best's gradients, and is the fastest on 50 %.
    2 problems, 2 seeds each; bands: 5 % to 95 % of bootstrap draws of the seeds.
    Solved: the loss came 99.9 % of the way from the start to the minimum.
    Ratios are to the best of the optimizers shown; compare others without it.
    """
    facts: dict[str, Any] = {str(name): value for name, value in frame.attrs.items()}
    kind = facts["kind"].removesuffix("_restarts")
    labels = _highest(frame) if kind in ("performance", "data", "ecdf") else _farthest(frame)
    said = [_READ[kind](frame[frame["label"] == label], str(label), facts) for label in labels]
    return " ".join(f"{sentence}." for sentence in [*said, _sample(facts), *_targets(facts), *_notes(facts)])


def score_caption(frame: pd.DataFrame, ceiling: float) -> str:
    """What the scores in a frame are: the costs, and what was to be reached.

    >>> from optlab.results.profiles.examples import FACTS
    >>> frame = pd.DataFrame({"label": ["adam"], "score": [1.0]})
    >>> frame.attrs = FACTS | {"kind": "score"}
    >>> print(score_caption(frame, 4.0).replace("; ", ";\\n"))
    score: the mean of the performance profile from 1 to 4 times the lowest cost;
    cost: the gradients until a problem is solved, as the median over the seeds;
    solved: the loss came 99.9 % of the way from the start to the minimum
    """
    facts: dict[str, Any] = {str(name): value for name, value in frame.attrs.items()}
    solved = _targets(facts)
    cost = f"the {facts['unit']}" + " until a problem is solved" * bool(solved)
    cost += ", as the median over the seeds" * (facts["seeds"] > 1)
    mean = f"score: the mean of the performance profile from 1 to {ceiling:g} times the lowest cost"
    return "; ".join([mean, f"cost: {cost}", *(text[0].lower() + text[1:] for text in solved)])


def _highest(frame: pd.DataFrame) -> list[str]:
    """The labels with the largest areas below their curves, on a logarithmic axis."""
    x = np.unique(frame["x"].to_numpy(float))
    x = x[x > 0]
    areas = {}
    for label, rows in frame.groupby("label", sort=False):
        y = np.r_[0.0, rows["y"].to_numpy(float)][np.searchsorted(rows["x"], x, side="right")]
        areas[str(label)] = float((y[:-1] * np.diff(np.log(x))).sum() + 1e-9 * y.sum()) if x.size else 0.0
    return sorted(areas, key=lambda label: -areas[label])[:MOST]


def _farthest(frame: pd.DataFrame) -> list[str]:
    """The labels that reach the most targets of the first case."""
    first = frame[frame["case"] == frame["case"].iloc[0]]
    reached = np.isfinite(first["y"]).groupby(first["label"], sort=False).sum()
    return [str(label) for label in reached.sort_values(ascending=False, kind="stable").index[:MOST]]


# ---- one sentence for each label ------------------------------------------------------------------------------------


def _performance(rows: pd.DataFrame, label: str, facts: Mapping[str, Any]) -> str:
    x, y = _curve(rows)
    if not y[-1]:
        return f"{label} solves no problem"
    factor, share = _mostly(x, y)
    fastest = f"is the fastest on {_percent(y[0])}"
    if y[0] >= share:
        return f"{label} solves {_percent(y[-1])} of problems, and {fastest}"
    within = f"within {factor:.10g} times the best's {facts['unit']}"
    return f"{label} solves {_percent(share)} of problems {within}, and {fastest}"


def _data(rows: pd.DataFrame, label: str, facts: Mapping[str, Any]) -> str:
    x, y = _curve(rows)
    if not y[-1]:
        return f"{label} solves no problem"
    cost, share = _mostly(x, y)
    return f"{label} solves {_percent(share)} of problems within {_cost(cost, facts)}, and {_percent(y[-1])} in the end"


def _ecdf(rows: pd.DataFrame, label: str, facts: Mapping[str, Any]) -> str:
    x, y = _curve(rows)
    if not y[-1]:
        return f"{label} reaches no target"
    cost, share = _mostly(x, y)
    within = f"within {_cost(cost, facts)}"
    return f"{label} reaches {_percent(share)} of all targets {within}, and {_percent(y[-1])} in the end"


def _expected(rows: pd.DataFrame, label: str, facts: Mapping[str, Any]) -> str:
    case = rows["case"].iloc[0]
    rows = rows[rows["case"] == case]
    reached = rows[np.isfinite(rows["y"])]
    if reached.empty:
        return f"On {case}, {label} reaches no target" + ("" if facts["kind"] == "ert" else " with half of its runs")
    last = reached.iloc[-1]
    target = f"{short(last['x'])} of the minimum"
    if case in facts["unknown"]:
        target = f"{short(last['x'])} of the whole decrease to the lowest loss"
    expected = "expected" if facts["kind"] == "ert" else "in the median"
    band = "" if np.isnan(last["low"]) else f", {_number(last['low'])} to {_number(last['high'])}"
    return f"On {case}, {label} comes within {target} with {_cost(last['y'], facts)} ({expected}{band})"


_READ = {"performance": _performance, "data": _data, "ecdf": _ecdf, "ert": _expected, "to_target": _expected}


def _curve(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    return rows["x"].to_numpy(float), rows["y"].to_numpy(float)


def _mostly(x: Floats, y: Floats) -> tuple[float, float]:
    """The smallest round x with at least 80 % of the final share, and the share there."""
    at = x[np.argmax(y >= SHARE * y[-1])]
    if at <= 0:
        return 0.0, float(y[np.searchsorted(x, 0.0, side="right") - 1])
    power = 10.0 ** np.floor(np.log10(at))
    steps = np.r_[DIGITS, 10.0] * power
    rounded = float(steps[np.argmax(steps >= at * (1 - 1e-12))])
    return rounded, float(y[np.searchsorted(x, rounded, side="right") - 1])


# ---- what holds for all labels --------------------------------------------------------------------------------------


def _sample(facts: Mapping[str, Any]) -> str:
    cases, seeds = counted(facts["cases"], "problem"), counted(facts["seeds"], "seed")
    if facts["seeds"] == 1:
        return f"{cases}, 1 seed: there is no band, and other starts may change the order"
    return f"{cases}, {seeds} each; bands: 5 % to 95 % of bootstrap draws of the seeds"


def _targets(facts: Mapping[str, Any]) -> list[str]:
    """What was to be reached. Nothing for a table of costs, which does not say."""
    targets: Sequence[float] = facts["targets"]
    if not targets:
        return []
    if len(facts["own"]) == facts["cases"]:
        return ["Solved: the target of the problem was reached"]
    everywhere = len(facts["unknown"]) + len(facts["own"]) == facts["cases"]
    own = f"; for {listed(facts['own'])}: its own target" if facts["own"] else ""
    best = "the lowest loss of any optimizer shown"
    where = f" (for {listed(facts['unknown'])}, whose minimum is not known: {best})"
    if facts["is_solved"]:
        way = f"Solved: the loss came {100 * (1 - targets[0]):.10g} % of the way from the start to "
        return [way + (best if everywhere else "the minimum" + (where if facts["unknown"] else "")) + own]
    if len(targets) == 1 and not facts["unknown"]:
        return [f"Solved: at most {short(targets[0])} above the minimum"]
    several = f"{counted(len(targets), 'target')} per problem, {short(targets[0])} to {short(targets[-1])}"
    if everywhere:
        return [f"{several} of the decrease from the start to {best}"]
    relative = where[:-1] + ", and targets are shares of the decrease to it)"
    return [f"{several} above the minimum" + (relative if facts["unknown"] else "")]


def _notes(facts: Mapping[str, Any]) -> list[str]:
    notes = []
    if facts["kind"] == "performance":
        notes.append("Ratios are to the best of the optimizers shown; compare others without it")
    if facts["kind"].endswith("_restarts"):
        notes.append("Runs that missed a target are restarted by simulation")
    if facts["every"] > 1:
        notes.append(f"Costs are rounded up to recorded steps, every {facts['every']:,}")
    if facts["failed"]:
        notes.append(f"Left out, because runs failed: {', '.join(facts['failed'])}")
    return notes


def _percent(share: float) -> str:
    """A share as text; 100 % and 0 % are exact.

    >>> _percent(0.8), _percent(0.9999), _percent(0.0001), _percent(1.0)
    ('80 %', '99.9 %', '0.1 %', '100 %')
    """
    if 0 < share < 1:
        text = f"{100 * share:.0f}"
        return {"100": "99.9 %", "0": "0.1 %"}.get(text, f"{text} %") if abs(share - 1) > 1e-12 else "100 %"
    return f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return "infinity" if np.isinf(value) else f"{value:,.0f}" if value >= 100 else short(value)


def _cost(value: float, facts: Mapping[str, Any]) -> str:
    return f"{_number(value)} {facts['unit']}"
