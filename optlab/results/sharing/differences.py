"""Stored and computed values of runs, compared bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import named
from optlab.execution.records import STATUSES, TIMEOUT
from optlab.experiments.passes import Done
from optlab.results.sharing import sampling
from optlab.results.store import Results, runs_table
from optlab.results.store.steps import history, trajectories

TIMES = ("seconds",)
"""The columns of the table of runs that measure time."""
AT_END = np.iinfo(np.int64).max
"""The step of values that belong to a whole run, after all steps."""


@dataclass(frozen=True)
class Difference:
    """A value that differs.

    run: the index of the run, with its `label`, `case` and `seed`. step: the recorded step, or None for a value of the
    whole run. quantity: the name of the column. stored, computed: the two values; None if there is none.
    """

    run: int
    label: str
    case: str
    seed: int
    step: int | None
    quantity: str
    stored: Any
    computed: Any

    @property
    def relative(self) -> float:
        """The relative difference of two numbers; infinite if one of them is not finite or no number."""
        return float(_relative(np.array([self.stored]), np.array([self.computed]))[0])

    def __str__(self) -> str:
        """The difference in words.

        >>> str(Difference(3, "adam", "beale", 0, 20, "loss", 0.5, 0.25))
        'run 3 (adam on beale, seed 0) at step 20: loss was 0.5 and is 0.25 (relative difference 0.5)'
        """
        where = "at its end" if self.step is None else f"at step {self.step}"
        values = f"{self.quantity} was {_shown(self.stored)} and is {_shown(self.computed)}"
        by = f" (relative difference {self.relative:.2g})" if np.isfinite(self.relative) else ""
        return f"run {self.run} ({named(self.label)} on {self.case}, seed {self.seed}) {where}: {values}{by}"


@dataclass
class Comparison:
    """The comparison of some runs with stored ones.

    runs: how many were compared. different: the indices of those that differ. first: the first difference, in the order
    of runs and steps. largest: the largest relative difference of two numbers.
    """

    runs: int = 0
    different: set[int] = field(default_factory=set)
    first: Difference | None = None
    largest: float = 0.0


def compare(stored: Results, parts: Sequence[Done], columns: Mapping[str, Any]) -> Comparison:
    """Compare computed runs with the stored ones.

    Runs that reached a limit of seconds, before or now, are left out.

    Args:
        parts: the computed sweeps or parts of them, in the order of the plan.
        columns: further columns of the table of runs, in this order.
    """
    rows = stored.runs.set_index("run", drop=False)
    whole = runs_table(parts, columns).to_pandas()
    is_timed = rows["status"] == STATUSES[TIMEOUT]
    if "stopped" in rows:
        is_timed |= rows["stopped"] == "seconds"
    timed = rows.index[is_timed].to_numpy()
    parts = sampling.without_timed(parts, timed)
    kept = np.concatenate([sweep.run for sweep, _ in parts]) if parts else timed[:0]
    found = Comparison(len(kept))
    if not parts:
        return found
    first: tuple[int, int] = (AT_END, AT_END)
    for frame, other in _frames(stored, parts, whole[whole["run"].isin(kept)]):
        for name in [name for name in other.columns if name in frame and name not in ("run", "step", *TIMES)]:
            differs = np.flatnonzero(_differs(frame[name], other[name]))
            if not len(differs):
                continue
            runs, steps = (frame[key].to_numpy()[differs] for key in ("run", "step"))
            old, new = (table[name].to_numpy()[differs] for table in (frame, other))
            found.different.update(runs.tolist())
            found.largest = max(found.largest, float(_relative(old, new).max()))
            at = int(np.lexsort((steps, runs))[0])
            if (place := (int(runs[at]), int(steps[at]))) < first:
                first = place
                row: Any = rows.loc[place[0]]
                step = None if place[1] == AT_END else place[1]
                values = [_plain(value) for value in (old[at], new[at])]
                about = str(row["label"]), str(row["case"]), int(row["seed"])
                found.first = Difference(place[0], *about, step, name, *values)
    return found


def _frames(stored: Results, parts: Sequence[Done], runs: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs of frames with equal rows, stored and computed: the values along the steps, then those of whole runs.

    `runs` is the computed table of runs.
    """
    for tables, whole in ((history, stored.history), (trajectories, stored.trajectories)):
        begins = whole["run"].to_numpy()
        for sweep, done in parts:
            if tables is trajectories and done.x is None:
                continue
            of_part = np.sort(sweep.run)
            low, high = np.searchsorted(begins, of_part), np.searchsorted(begins, of_part, side="right")
            rows = np.repeat(low - np.cumsum([0, *(high - low)[:-1]]), high - low) + np.arange((high - low).sum())
            yield _aligned(whole.iloc[rows], tables(sweep, done).to_pandas())
    own = stored.runs.set_index("run", drop=False).loc[runs["run"]]
    yield own.reset_index(drop=True).assign(step=AT_END), runs.reset_index(drop=True).assign(step=AT_END)


def _aligned(stored: pd.DataFrame, computed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two frames with the same rows (run, step). A row that one of them lacks has missing values there."""
    keys = ["run", "step"]
    stored, computed = (frame.sort_values(keys, ignore_index=True) for frame in (stored, computed))
    if len(stored) == len(computed) and (stored[keys].to_numpy() == computed[keys].to_numpy()).all():
        return stored, computed
    indexed = [frame.set_index(keys).astype(object) for frame in (stored, computed)]
    index = indexed[0].index.union(indexed[1].index)
    both = [frame.reindex(index, fill_value=None) for frame in indexed]
    return both[0].reset_index(), both[1].reset_index()


def _differs(stored: pd.Series, computed: pd.Series) -> Any:
    """Where two columns differ. Numbers differ if one of their bits does; two NaN are equal."""
    old, new = stored.to_numpy(), computed.to_numpy()
    if old.dtype.kind == new.dtype.kind == "f":
        bits = [np.ascontiguousarray(values, dtype=float).view(np.int64) for values in (old, new)]
        return (bits[0] != bits[1]) & ~(np.isnan(old) & np.isnan(new))
    is_missing = stored.isna().to_numpy(), computed.isna().to_numpy()
    return ~((old == new).astype(bool) | (is_missing[0] & is_missing[1]))


def _relative(old: Any, new: Any) -> Any:
    """The relative differences of numbers; infinite where they are not both finite numbers."""
    try:
        a, b = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
    except (ValueError, TypeError):
        return np.full(len(old), np.inf)
    with np.errstate(all="ignore"):
        ratio = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), np.finfo(float).tiny)
    return np.where(np.isfinite(ratio), ratio, np.inf)


def _plain(value: Any) -> Any:
    """A value of NumPy as one of Python; None if there is none."""
    return value.item() if hasattr(value, "item") else value


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)
