"""The values recorded along the steps of a sweep as Arrow tables: losses and metrics, and the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from optlab.execution.records import FAILURES, STATUSES, Sweep, Trajectories


def history(sweep: Sweep, done: Trajectories) -> pa.Table:
    """One row (run, step, loss, ...) for each recorded step of each run."""
    keep = _recorded(sweep, done)
    runs, steps = np.nonzero(keep)
    columns: dict[str, Any] = {
        "run": sweep.run[runs],
        "step": sweep.recording.steps[steps],
        "loss": done.loss.T[keep],
    }
    if done.metrics:
        position = np.full(sweep.steps + 1, -1)
        position[sweep.recording.evaluations] = np.arange(len(sweep.recording.evaluations))
        at = position[sweep.recording.steps][steps]
        for name, values in done.metrics.items():
            # Null where the metric was not evaluated. NaN is a value of an evaluated metric.
            columns[name] = pa.array(values[at, runs], mask=at < 0)
    return pa.table(columns)


def trajectories(sweep: Sweep, done: Trajectories) -> pa.Table:
    """One row (run, step, x0, x1, ...) for each recorded step of each run. Requires that x was recorded."""
    assert done.x is not None
    keep = _recorded(sweep, done)
    runs, steps = np.nonzero(keep)
    columns = {"run": sweep.run[runs], "step": sweep.recording.steps[steps]}
    columns |= {f"x{i}": done.x[:, i, :].T[keep] for i in range(done.x.shape[1])}
    return pa.table(columns)


def _recorded(sweep: Sweep, done: Trajectories) -> Any:
    """Which entries (run, recorded step) exist: none after the last step of a run, and none for a failed run."""
    steps = sweep.recording.steps
    return (steps[None, :] <= done.steps[:, None]) & ~np.isin(np.array(STATUSES)[done.status], FAILURES)[:, None]
