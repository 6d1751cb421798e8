"""Which unit tests for stochastic optimization each optimizer passes (Schaul, Antonoglou & Silver, 2014).

The reference of a test is the best constant step of gradient descent in the same experiment. With f_0 the loss at the
start and f_r the reference's median loss, the gain of a loss f is (f_0 - f) / (f_0 - f_r): 0 at the start, 1 for the
reference. The verdicts are those of the authors' program optimBench:

    diverged      the median loss is infinite
    slow          the gain of the median is at most 0.1
    unreliable    more than a quarter of the seeds have a gain below 0.1
    excellent     the gain of the median is above 2
    good          otherwise

A test is passed if its verdict is good or excellent. A test on which the reference gains nothing is left out. The
losses of a test with a drift are those of the moving function: f_0 at the first step, f and f_r after the last update.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.errors import UserError
from optlab.results.analysis.phases import judged
from optlab.results.analysis.tuning import best, cell_ids, cells, run_losses

LEAST, MUCH, FEW = 0.1, 2.0, 0.25
LOWEST = -1e10
"""Lower losses count as this one: some of the functions have no minimum."""
PASSED = ("good", "excellent")
UNITS = ("unit", "drifting_unit")
"""The problems of unit tests."""
REFERENCES = ("gd", "sgd")
KINKS = {"abs", "bend", "relu", "cliff", "ridge", "laplace"}

DIFFICULTIES: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "no noise": lambda t: t["noise"] == "",
    **{name: lambda t, name=name: t["noise"] == name for name in ("normal", "multiplicative", "cauchy", "dropout")},
    "flat": lambda t: t["slope"] < 1,
    "steep": lambda t: t["slope"] > 1,
    "smooth": lambda t: ~t["kinks"],
    "kinks": lambda t: t["kinks"],
    "several": lambda t: t["several"],
    "rotated": lambda t: t["rotated"],
    "curled": lambda t: t["curl"] != 0,
    "drifting": lambda t: t["drift"] != 0,
}
"""The difficulties, and the tests that have each of them."""


def is_reference(optimizer: str, is_changed: bool) -> bool:
    """Whether a rule is a reference. `is_changed`: whether it has a schedule or transforms."""
    return optimizer in REFERENCES and not is_changed


def has_unit_tests(runs: pd.DataFrame) -> bool:
    """Whether runs have unit tests with a reference."""
    return bool((runs["problem"].isin(UNITS) & _are_references(runs)).any())


def _are_references(runs: pd.DataFrame) -> pd.Series:
    return runs["optimizer"].isin(REFERENCES) & runs["schedule"].isna() & runs["transforms"].isna()


def unit_tests(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per test and optimizer, with its best settings.

    Columns: `case`, `label`; `noise`, `slope`, `shapes`, `kinks` (whether a shape has one), `several` (parameters),
    `rotated`, `curl` and `drift`; `gain` (of the median loss), `verdict` and `passed`.

    Raises:
        UserError: there are no unit tests in the results, or no reference.
    """
    runs = judged(runs)
    runs = runs[runs["problem"].isin(UNITS)].reset_index(drop=True)
    if runs.empty:
        raise UserError('there are no unit tests in these results; write [[problem]] with suite = "units"')
    references = runs[_are_references(runs)].reset_index(drop=True)
    if references.empty:
        raise UserError('unit tests need a reference: write an [[optimizer]] "gd" or "sgd" with a grid of lr')
    of_cells = cells(references)
    levels = {str(case): (own["first"].min(), own["median"].min()) for case, own in of_cells.groupby("case")}
    chosen, cell, losses = best(runs), cell_ids(runs), np.maximum(run_losses(runs), LOWEST)
    rows = []
    position = pd.Index(runs["run"]).get_indexer(pd.Index(chosen["run"]))
    for row, at in zip(chosen.to_dict("records"), position, strict=True):
        start, reference = levels.get(row["case"], (np.nan, np.nan))
        if not reference < start:
            continue
        reference = max(reference, LOWEST)
        gains = np.asarray(start - losses[cell == cell[at]]) / (start - reference)
        gain = float(np.median(gains)) if not row["failed"] else np.nan
        rows.append({**_features(runs.iloc[at]), "label": row["label"], "gain": gain, "verdict": _verdict(gain, gains)})
    table = pd.DataFrame(rows, columns=[*COLUMNS])
    return table.assign(passed=table["verdict"].isin(PASSED))


COLUMNS = (
    "case",
    "label",
    "noise",
    "slope",
    "shapes",
    "kinks",
    "several",
    "rotated",
    "curl",
    "drift",
    "gain",
    "verdict",
)


def _verdict(gain: float, gains: NDArray[np.float64]) -> str:
    if np.isnan(gain):
        return "error"
    if gain == -np.inf:
        return "diverged"
    if gain <= LEAST:
        return "slow"
    if (gains < LEAST).mean() > FEW:
        return "unreliable"
    return "excellent" if gain > MUCH else "good"


def _features(run: pd.Series) -> dict[str, object]:
    noise, shapes = run.get("noise"), tuple(json.loads(run["opt.shapes"]))
    return {
        "case": run["case"],
        "noise": noise if isinstance(noise, str) else "",
        "slope": float(run["opt.slope"]),
        "shapes": shapes,
        "kinks": bool(KINKS & {*shapes}),
        "several": len(shapes) > 1,
        "rotated": str(run.get("opt.rotated")).lower() == "true",
        "curl": _number(run, "opt.curl"),
        "drift": _number(run, "opt.drift"),
    }


def _number(run: pd.Series, option: str) -> float:
    """The value of an option, or 0 for a problem without it."""
    value = float(run.get(option, 0.0))
    return 0.0 if np.isnan(value) else value


def units(runs: pd.DataFrame) -> pd.DataFrame:
    """The matrix of passed tests: one row per optimizer and difficulty, in their order.

    Columns: `label`, `difficulty`, `passed` and `tests` (the numbers of tests). Difficulties without tests are left
    out. The last difficulty is "all".

    Raises:
        UserError: see `unit_tests`.
    """
    table = unit_tests(runs)
    rows = []
    for label in dict.fromkeys(runs["label"]):
        own = table[table["label"] == label]
        for name, has in {**DIFFICULTIES, "all": lambda t: t["slope"] > 0}.items():
            among = own[has(own).astype(bool)] if len(own) else own
            if len(among):
                rows.append((label, name, int(among["passed"].sum()), len(among)))
    return pd.DataFrame(rows, columns=["label", "difficulty", "passed", "tests"])
