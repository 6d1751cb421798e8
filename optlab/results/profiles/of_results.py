"""Profiles of finished results."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import UserError, did_you_mean
from optlab.execution.runner import Graphs
from optlab.experiments.kinds import Kind
from optlab.experiments.metrics import METRICS
from optlab.results.analysis.judged import Judged
from optlab.results.case_frames import CaseFrames
from optlab.results.profiles import chosen, hits
from optlab.results.profiles.arrange import Floats
from optlab.results.profiles.data import data
from optlab.results.profiles.ecdf import ecdf
from optlab.results.profiles.expected import ert, median
from optlab.results.profiles.hits import UNITS, Targets
from optlab.results.profiles.performance import performance
from optlab.results.profiles.reference import references
from optlab.results.profiles.score import CEILING, POINTS, score
from optlab.results.subject import Subject

TAU = 1e-3
"""A run solves its problem when it has removed all but this share of the loss that it could remove."""

KINDS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "performance": performance,
    "data": data,
    "ecdf": ecdf,
    "ecdf_restarts": lambda costs: ecdf(costs, restarts=True),
    "ert": ert,
    "to_target": median,
}
"""The kinds of profile by name, each a function of a table of costs."""

SOLVED = ("performance", "data")
"""The kinds with one target per run, which is relative: solved or not."""


@dataclass(frozen=True)
class Goal:
    """What runs are to reach.

    levels: shares of the loss that can be removed, if `is_solved`, and otherwise distances above the minimum. None: the
        targets of COCO, as distances, and as shares where the minimum is not known.
    takes_own: whether a case with a target of its own has this target.
    """

    levels: Floats | None
    is_solved: bool
    takes_own: bool = False

    @staticmethod
    def solved(tau: float | None) -> Goal:
        if tau is not None and not 0 < tau < 1:
            raise UserError(f"tau must be between 0 and 1, such as 1e-3, not {tau!r}")
        return Goal(np.array([TAU if tau is None else tau]), True, tau is None)


class Profiled(Subject):
    """Finished results with their profiles."""

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """The kind of experiment."""

    @property
    @abstractmethod
    def graphs(self) -> Graphs:
        """The step graphs of the runs."""

    @cached_property
    def frames(self) -> CaseFrames:
        """The data of all runs that pictures and the report show."""
        return CaseFrames.of(self, self.runs)

    @cached_property
    def chosen_runs(self) -> tuple[pd.DataFrame, list[str]]:
        """The judged runs with the best settings, and the labels that are left out; see `chosen.chosen`."""
        return chosen.chosen(self.runs)

    @abstractmethod
    def judged(self, by: str = "final_loss", *, without: Sequence[str] = ()) -> Judged:
        """All verdicts by one metric, each computed at its first use."""

    def profile(
        self,
        kind: str = "performance",
        *,
        unit: str = "gradients",
        tau: float | None = None,
        targets: Sequence[float] | None = None,
        only: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> pd.DataFrame:
        """How the costs of the optimizers compare over all cases, from the judged runs with the best settings.

        Args:
            kind: "performance" (Dolan & Moré: the share of problems solved within x times the cost of the best), "data"
                (Moré & Wild: within a cost of x), "ecdf" (COCO: over many targets, within a cost of x per dimension),
                "ecdf_restarts" (the same with simulated restarts), "ert" (expected running time for each target), or
                "to_target" (the median cost).
            unit: what a cost counts: "gradients", "steps" or "seconds". "ecdf" divides gradients and steps by the
                dimension of the case, as COCO does.
            tau: for "performance" and "data". A run solves its problem at the first loss of at most
                m + tau (f(start) - m) with the minimum m, or the lowest loss of any optimizer if m is not known.
                Default: the `target` of the problem if it has one, otherwise 1e-3.
            targets: for the other kinds: distances above the minimum. Default: 10^2, 10^1.8, ..., 10^-8, and for a case
                without a known minimum these shares of the decrease to the lowest loss of any optimizer.
            only, without: labels that are kept or left out. The profile is computed from the others only.

        Returns:
            Columns `case` (empty if over all cases), `label`, `x`, `y`, `low`, `high`: the curve and its band by
            bootstrap over the seeds, NaN with one seed, and for seconds, since runs that are executed together are
            timed together. `optlab.results.caption(frame)` reads the curves aloud.

        Raises:
            UserError: there is no such profile, a target is impossible, no losses were recorded, or the results are a
                map.
        """
        if kind not in KINDS:
            raise UserError(f"there is no profile {kind!r}{did_you_mean(kind, KINDS)}; there are: {', '.join(KINDS)}")
        levels = None if targets is None else hits.checked_levels(targets)
        goal = Goal.solved(tau) if kind in SOLVED else Goal(levels, False)
        costs, facts = costs_of(self, unit, goal, only, without)
        dims = _dims(self) if kind.startswith("ecdf") and unit != "seconds" else {}
        if dims:
            costs = hits.per_dimension(costs, np.array([dims[case] for case in costs["case"]], dtype=float))
            facts["unit"] = f"{unit} / dimension"
        return _with_facts(KINDS[kind](costs), kind, facts)

    def scores(
        self,
        *,
        unit: str = "gradients",
        tau: float | None = None,
        ceiling: float = CEILING,
        points: int = POINTS,
        only: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> pd.DataFrame:
        """The score of AlgoPerf: the mean of the performance profile between 1 and 4 times the cost of the best.

        Args:
            unit, tau, only, without: see `profile`.
            ceiling: the largest ratio to the best that counts.
            points: the number of ratios of the trapezoidal rule, as in AlgoPerf; 0 for the exact integral.

        Returns:
            Columns `label`, `score` (from 0 to 1), `low`, `high` (by bootstrap over the seeds; NaN for seconds),
            highest score first.
        """
        costs, facts = costs_of(self, unit, Goal.solved(tau), only, without)
        return _with_facts(score(costs, ceiling, points), "score", facts)


def _with_facts(frame: pd.DataFrame, kind: str, facts: dict[str, Any]) -> pd.DataFrame:
    """A profile with the facts for captions. It has no bands if the runs of a sweep share one measurement."""
    frame = frame.assign(low=np.nan, high=np.nan) if facts["is_shared"] else frame
    frame.attrs = {"kind": kind, **facts}
    return frame


def _dims(results: Profiled) -> dict[str, int]:
    """The dimension of each case; empty for results of an earlier version, which did not write it."""
    dims = {case: sweep.get("dim") for sweep in results.manifest["sweeps"] for case in sweep["cases"]}
    return {} if None in dims.values() else dims


def costs_of(
    results: Profiled,
    unit: str,
    goal: Goal,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of costs of the judged runs, and the facts for captions; see `costs_of_runs`."""
    table, facts, _ = costs_of_runs(results, unit, goal, only, without)
    return table, facts


def costs_of_runs(
    results: Profiled,
    unit: str,
    goal: Goal,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame]:
    """The table of costs of the judged runs, the facts for captions, and the judged runs.

    The facts: `unit`, `cases`, `seeds`, `targets` (the levels), `is_solved`, `unknown` (cases whose minimum is not
    known, so that the lowest loss of any optimizer replaces it), `own` (cases with a target of their own), `every` (the
    distance of recorded steps), `failed` (labels that are left out) and `is_shared` (whether runs that are executed
    together share their cost, so that a bootstrap over the seeds says nothing).
    """
    if not results.kind.is_ranked:
        raise UserError("optimizers have no ranks in a map; use .panels for its arrays, .figures() for its pictures")
    if unit not in UNITS:
        raise UserError(f"unit must be one of {', '.join(UNITS)}, not {unit!r}{did_you_mean(unit, UNITS)}")
    runs, failed = chosen.chosen(results.runs, only, without) if only or without else results.chosen_runs
    known = references(results)
    has_own = goal.takes_own & runs["case"].isin(list(known.targets)).to_numpy() & ("reached" in runs)
    minimum = runs["case"].map(known.minima).to_numpy(float)
    unknown = np.isnan(minimum)
    unknown_cases = list(dict.fromkeys(runs.loc[unknown & ~has_own, "case"]))
    if goal.levels is not None and not goal.is_solved and unknown_cases:
        raise UserError(
            f"targets: the minimum of {unknown_cases[0]} is not known, so no loss is a given distance above it; "
            "leave out targets, and they are shares of the decrease to the lowest loss of any optimizer"
        )
    levels = hits.coco_targets() if goal.levels is None else goal.levels
    reference = np.where(unknown, runs["case"].map(chosen.lowest(runs)).to_numpy(float), minimum)
    costs = hits.costs(runs, results.history, Targets(levels, reference, unknown | goal.is_solved), unit)
    if has_own.any():  # one target, so that costs and runs have the same rows
        costs["cost"] = np.where(has_own, hits.own_costs(runs, unit), costs["cost"])
    facts = {
        "unit": unit,
        "cases": runs["case"].nunique(),
        "seeds": int(runs.groupby(["case", "label"])["seed"].nunique().groupby("case").max().min()),
        "targets": levels.tolist(),
        "is_solved": goal.is_solved,
        "unknown": unknown_cases,
        "own": list(dict.fromkeys(runs.loc[has_own, "case"])),
        "every": 1 if has_own.all() else hits.rounding(runs[~has_own], results.history),
        "failed": failed,
        "is_shared": unit in METRICS and METRICS[unit].is_shared,
    }
    return costs, facts, runs
