"""The two phases of an experiment with `[tuning]`: settings are chosen in one and judged in the other.

The column `phase` of `runs` says to which phase a run belongs. Without `[tuning]` there is no such column, and all runs
are judged.
"""

from __future__ import annotations

import pandas as pd

PHASE = "phase"
TUNING = "tuning"
JUDGING = "judging"


def judged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that are compared, with new row numbers: those of the chosen settings, or all runs without `[tuning]`.

    >>> runs = pd.DataFrame({"run": [0, 1, 2], "phase": ["tuning", "tuning", "judging"]})
    >>> judged(runs)["run"].tolist(), judged(runs[["run"]])["run"].tolist()
    ([2], [0, 1, 2])
    """
    return _of(runs, JUDGING) if has_phases(runs) else runs


def tuned(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that settings were chosen by, with new row numbers. Without `[tuning]` there are none.

    >>> runs = pd.DataFrame({"run": [0, 1, 2], "phase": ["tuning", "tuning", "judging"]})
    >>> tuned(runs)["run"].tolist(), tuned(runs[["run"]])["run"].tolist()
    ([0, 1], [])
    """
    return _of(runs, TUNING) if has_phases(runs) else runs.iloc[:0]


def has_phases(runs: pd.DataFrame) -> bool:
    """Whether settings were chosen and judged on different runs."""
    return PHASE in runs.columns


def _of(runs: pd.DataFrame, phase: str) -> pd.DataFrame:
    return runs[runs[PHASE] == phase].reset_index(drop=True)
