"""The metrics by which settings are chosen and optimizers are ranked. A metric is one number per run.

    final_loss, best_loss   the objective at the end, and the lowest one
    test_loss, test_NAME    the loss and the metrics on the test data at the end, such as test_accuracy
    area                    the mean of the recorded losses
    steps_to_target         the first step that reaches the target of the problem
    gradients_to_target     the number of gradients up to this step
    seconds                 the time of the run

`columns` computes the columns of the table of runs that need the values along the steps. All metrics are functions of
the columns of this table (`Metric.values`, `Metric.losses`), so that they also apply to stored results.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.errors import UnknownName, did_you_mean
from optlab.execution.records import DONE, Floats, Sweep, TargetQuantity, Trajectories

TEST = "test_"
"""The prefix of the quantities that are computed on the test data."""

TO_TARGET = ("steps_to_target", "gradients_to_target")
"""The metrics that need a target."""


@dataclass(frozen=True)
class Metric:
    """A metric of runs.

    name: its name in files and on the command line.
    columns: the columns of the table of runs that it is computed from.
    record: what to write in the experiment file if one of these columns is missing; empty if none ever is.
    higher_is_better: true for an accuracy.
    counts_when_diverged: whether a run that diverged has a value. A run may reach its target and diverge later.
    is_shared: whether runs that are executed together share one value, as the time of a sweep divided by its runs. Such
        runs are one measurement.
    is_recorded_in_tuning: whether the runs for tuning have it if settings are chosen by another metric. They are
        evaluated at the start and at the end only.
    """

    name: str
    columns: tuple[str, ...]
    record: str = ""
    higher_is_better: bool = False
    counts_when_diverged: bool = False
    is_shared: bool = False
    is_recorded_in_tuning: bool = True

    def is_recorded(self, columns: Container[str]) -> bool:
        """Whether a table with these columns has all that is needed."""
        return all(name in columns for name in self.columns)

    def missing(self) -> str:
        """The message for runs without this metric: what is missing, and what to write."""
        return f"{self.name} was not recorded; {self.record}"

    def values(self, runs: Any) -> Floats:
        """The metric of each run. NaN if a run has no value, for example because it never reached its target.

        Args:
            runs: the table of runs: a data frame, or arrays by the names of the columns.
        """
        return _FORMULAS.get(self.name, _column)(self.name, runs)

    def losses(self, runs: Any, done: NDArray[np.bool_]) -> Floats:
        """The metric of each run as a loss: lower is better, and infinity is the worst.

        The sign of an accuracy is changed. A run is infinitely bad if it has no finite value, or if it is not done.

        Args:
            runs: see `values`.
            done: which runs have the status done.
        """
        value = self.values(runs)
        counts = np.isfinite(value) & (done | self.counts_when_diverged)
        return np.where(counts, -value if self.higher_is_better else value, np.inf)


def _column(name: str, runs: Any) -> Floats:
    return np.asarray(runs[name], dtype=float)


def _steps_to_target(name: str, runs: Any) -> Floats:
    reached = np.asarray(runs["reached"], dtype=float)
    return np.where(reached >= 0, reached, np.nan)


def _gradients_to_target(name: str, runs: Any) -> Floats:
    """The gradients up to the target, at the mean number of gradients per step of the run."""
    steps, gradients = (np.asarray(runs[column], dtype=float) for column in ("steps", "grad_evals"))
    return _steps_to_target(name, runs) * gradients / np.maximum(steps, 1)


_FORMULAS: Mapping[str, Callable[[str, Any], Floats]] = {
    "steps_to_target": _steps_to_target,
    "gradients_to_target": _gradients_to_target,
}
_WITH_TEST_DATA = 'it needs a problem that trains on data, as with dataset = "digits", and a test_fraction above 0'
_TARGET = "write the loss to reach in [[problem]], as in target = 1e-3"
_POINTS = "write the number of losses to record in [record], as in points = 200"


def _to_target(name: str, *columns: str) -> Metric:
    return Metric(name, columns, _TARGET, counts_when_diverged=True, is_recorded_in_tuning=False)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("final_loss", ("final_loss",)),
        Metric("best_loss", ("best_loss",), is_recorded_in_tuning=False),
        Metric("test_loss", ("test_loss",), _WITH_TEST_DATA),
        Metric("test_accuracy", ("test_accuracy",), _WITH_TEST_DATA, higher_is_better=True),
        _to_target("steps_to_target", "reached"),
        _to_target("gradients_to_target", "reached", "grad_evals", "steps"),
        Metric("area", ("area",), _POINTS, is_recorded_in_tuning=False),
        Metric("seconds", ("seconds",), is_shared=True),
    )
}
"""The metrics by name. Further metrics on test data, which problems define, are found by `metric`."""


def metric(name: str, recorded: Container[str] = ()) -> Metric:
    """The metric with a name. `recorded` are the columns of runs, which may have test metrics of other problems.

    Raises:
        UnknownName: there is no such metric; the message lists all.

    >>> metric("area").columns
    ('area',)
    """
    if name in METRICS:
        return METRICS[name]
    if name.startswith(TEST) and name in recorded:
        return Metric(name, (name,), _WITH_TEST_DATA, higher_is_better=_is_higher_better(name))
    raise UnknownName(f"there is no metric {name!r}{did_you_mean(name, METRICS)}; there are: {', '.join(METRICS)}")


def quantity(name: str) -> TargetQuantity | None:
    """A quantity on the data of a problem by name, or None without a name."""
    return TargetQuantity(name, _is_higher_better(name)) if name else None


def _is_higher_better(name: str) -> bool:
    return "accuracy" in name


def columns(sweep: Sweep, done: Trajectories) -> dict[str, Floats]:
    """The columns of the table of runs that are computed from the values along the steps, shape (R,) each.

    `area` if losses are recorded, and each quantity on the test data at the last evaluation. Runs that are not done
    have NaN.
    """
    is_done = done.status == DONE
    found = {"area": _mean(done.loss, sweep.recording.steps[:, None] <= done.steps)} if len(done.loss) else {}
    last = np.searchsorted(sweep.recording.evaluations, done.steps, side="right") - 1  # a run may stop early
    for name, values in done.metrics.items():
        if name.startswith(TEST) and len(values):
            found[name] = values[last, np.arange(len(last))]
    return {name: np.where(is_done, values, np.nan) for name, values in found.items()}


def _mean(recorded: Floats, keep: NDArray[np.bool_]) -> Floats:
    """The mean over the steps to keep, added in their order, so that its bits do not depend on the number of runs."""
    total = np.zeros(recorded.shape[1:])
    with np.errstate(over="ignore", invalid="ignore"):
        for losses, kept in zip(recorded, keep, strict=True):
            total = total + np.where(kept, losses, 0.0)
        return total / np.maximum(keep.sum(axis=0), 1)
