"""Captions that read a profile aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import counted, named, short
from optlab.results.analysis.sentences import TIMED_TOGETHER, listed
from optlab.results.profiles.arrange import Floats

MOST = 2
"""The number of labels that a caption is about."""
SHARE = 0.8
"""A caption compares the curves at the cost where each of them has reached this part of its final height."""
DIGITS = np.array([1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0])
"""The digits of the rounded costs in captions."""


def caption(frame: pd.DataFrame) -> str:
    """What a profile says, in plain words: the curves of the first two labels at the same cost, the targets, the band.

    Args:
        frame: a profile, with the facts of `optlab.results.profiles.of_results.costs_of` in `frame.attrs`.

    >>> from optlab.results.profiles.examples import COSTS, FACTS
    >>> from optlab.results.profiles.performance import performance
    >>> frame = performance(COSTS)
    >>> frame.attrs = FACTS | {"kind": "performance"}
    >>> print(caption(frame).replace(". ", ".\\n"))
    Within 2 times the best's gradients, adam solves 100 % of problems and gd 75 %.
    As the fastest, adam solves 75 % of problems and gd 50 %.
    2 problems, 2 seeds each; bands: 5 % to 95 % of bootstrap draws of the seeds.
    Solved: the loss came 99.9 % of the way from the start to the minimum.
    Ratios are to the best of the optimizers shown; compare others without it.
    """
    facts: dict[str, Any] = {str(name): value for name, value in frame.attrs.items()}
    kind = facts["kind"].removesuffix("_restarts")
    said = _shares(frame, facts) if kind in _DONE else _expected(frame, facts)
    return " ".join(f"{sentence}." for sentence in [*said, _sample(facts), *targets_of(facts), *_notes(facts)])


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
    solved = targets_of(facts)
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


# ---- the curves of the first labels ----------------------------------------------------------------------------------

_DONE = {
    "performance": ("solves", "problems", "No problem is solved"),
    "data": ("solves", "problems", "No problem is solved"),
    "ecdf": ("reaches", "all targets", "No target is reached"),
}
"""By the kind of profile: what is done, to what, and the sentence if it is never done."""


@dataclass(frozen=True)
class _Curve:
    """A curve of shares: `y` from `x` on, until the next x."""

    label: str
    x: Floats
    y: Floats

    def at(self, cost: float) -> float:
        """The share at a cost."""
        return float(self.y[np.searchsorted(self.x, cost, side="right") - 1])

    @property
    def mostly(self) -> float:
        """The smallest round cost with at least 80 % of the final share."""
        at = float(self.x[np.argmax(self.y >= SHARE * self.y[-1])])
        if at <= 0:
            return 0.0
        steps = np.r_[DIGITS, 10.0] * 10.0 ** np.floor(np.log10(at))
        return float(steps[np.argmax(steps >= at * (1 - 1e-12))])


def _shares(frame: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """The shares of the highest curves, all at the same cost, and in the end; those of ratios also at 1."""
    parts = [(label, frame[frame["label"] == label]) for label in _highest(frame)]
    curves = [_Curve(named(label), rows["x"].to_numpy(float), rows["y"].to_numpy(float)) for label, rows in parts]
    verb, of, none = _DONE[facts["kind"].removesuffix("_restarts")]
    if not any(curve.y[-1] for curve in curves):
        return [none]
    cost, is_ratio = max(curve.mostly for curve in curves), facts["kind"] == "performance"
    within = f"{cost:.10g} times the best's {facts['unit']}" if is_ratio else _cost(cost, facts)
    said = [f"Within {within}, {_each(curves, cost, verb, of)}"] if cost > 1 or not is_ratio else []
    if not said or any(curve.at(cost) < curve.y[-1] for curve in curves):
        said.append(f"In the end, {_each(curves, np.inf, verb, of)}")
    return said + [f"As the fastest, {_each(curves, 1.0, verb, of)}"] * is_ratio


def _each(curves: Sequence[_Curve], cost: float, verb: str, of: str) -> str:
    """The share of each curve at a cost, as in "a solves 80 % of problems and b 20 %"."""
    (label, share), *others = [(curve.label, _percent(curve.at(cost))) for curve in curves]
    return f"{label} {verb} {share} of {of}" + "".join(f" and {other} {share}" for other, share in others)


def _expected(frame: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """The costs of the hardest target that all of the first labels reach, and how far each of them comes."""
    case = frame["case"].iloc[0]
    how, misses = ("expected", "") if facts["kind"] == "ert" else ("in the median", " with half of its runs")
    finite = frame[(frame["case"] == case) & np.isfinite(frame["y"])]
    reached = {named(label): finite[finite["label"] == label] for label in _farthest(frame)}
    count = min((len(rows) for rows in reached.values() if len(rows)), default=0)  # easier targets are reached, too
    costs, more = [], []
    for label, rows in reached.items():
        if rows.empty:
            more.append(f"{label} reaches no target{misses}")
            continue
        row = rows.iloc[count - 1]
        band = "" if np.isnan(row["low"]) else f", {_number(row['low'])} to {_number(row['high'])}"
        within = f"comes within {_target(row['x'], case, facts)} " * (not costs)
        costs.append(f"{label} {within}with {_cost(row['y'], facts)} ({how}{band})")
        if len(rows) > count:
            more.append(f"the hardest target of {label} is {short(rows['x'].iloc[-1])}")
    return [f"On {case}, {'; '.join([' and '.join(costs), *more] if costs else more)}"]


def _target(level: float, case: str, facts: Mapping[str, Any]) -> str:
    """A target, after "within"."""
    return f"{short(level)} of " + (
        "the whole decrease to the lowest loss" if case in facts["unknown"] else "the minimum"
    )


# ---- what holds for all labels --------------------------------------------------------------------------------------


def _sample(facts: Mapping[str, Any]) -> str:
    cases, seeds = counted(facts["cases"], "problem"), counted(facts["seeds"], "seed")
    if facts["seeds"] == 1:
        return f"{cases}, 1 seed: there is no band, and other starts may change the order"
    if facts["is_shared"]:
        return f"{cases}, {seeds} each; no bands: {TIMED_TOGETHER}"
    return f"{cases}, {seeds} each; bands: 5 % to 95 % of bootstrap draws of the seeds"


def targets_of(facts: Mapping[str, Any]) -> list[str]:
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
        notes.append(f"Left out, because runs failed: {', '.join(map(named, facts['failed']))}")
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
