"""The values recorded along the steps are the computed ones, to the bit."""

from __future__ import annotations

import math

import numpy as np
import pyarrow.parquet as pq

from optlab import optimizer, problem
from optlab.execution import runner
from optlab.results import store
from tests.results.store.experiment import DOCUMENT


def test_history_and_runs_agree(finished, planned):
    """The values on disk are those of the runner, to the bit."""
    for sweep in planned(DOCUMENT).sweeps:
        done = runner.run(sweep)
        rows = finished.history[finished.history["run"].isin(sweep.run)]
        expected = [done.loss[: s + 1, r] for r, s in enumerate(done.steps)]
        np.testing.assert_array_equal(rows["loss"], np.concatenate(expected))
        ours = finished.runs.set_index("run").loc[sweep.run]
        np.testing.assert_array_equal(ours["final_loss"], done.final_loss)
        np.testing.assert_array_equal(ours["grad_evals"], done.grad_evals)


@problem(start=(1.0, 1.0))
def lost(x):
    """NaN."""
    return np.sum(np.log(-np.abs(x) - 1.0))


@problem(start=(1.0, 1.0))
def endless(x):
    """Infinity."""
    return np.sum(x) * 1e300 * 1e300


def test_nan_stays_nan_and_infinity_infinity(planned, tmp_path):
    made = planned({"problem": [{"name": "lost"}, {"name": "endless"}], "optimizer": [{"name": "gd"}]}, lost, endless)
    parts = [(sweep, runner.run(sweep)) for sweep in made.sweeps]
    with store.writing(tmp_path) as writer:
        for sweep, done in parts:
            writer.sweep(sweep, done)
        writer.finish(parts, "", "", {"name": "e", "statuses": {}, "sweeps": []})
    runs = pq.read_table(tmp_path / "runs.parquet")
    for name, is_so in [("first_loss", (math.isnan, math.isinf)), ("final_loss", (math.isnan, math.isinf))]:
        assert runs[name].null_count == 0
        assert [test(value.as_py()) for test, value in zip(is_so, runs[name], strict=True)] == [True, True]
    for (sweep, _), test in zip(parts, (math.isnan, math.isinf), strict=True):
        history = pq.read_table(tmp_path / "history" / f"{sweep.id}.parquet")
        assert history["loss"].null_count == 0
        assert [test(value) for value in history["loss"].to_pylist()] == [True]
    assert store.load(tmp_path).history["loss"].isna().tolist() == [True, False]


def test_a_quantity_that_was_not_evaluated_is_null(finished):
    table = pq.read_table(finished.folder / "history" / f"{finished.manifest['sweeps'][2]['id']}.parquet")
    evaluated = [step in (0, 10, 20) for step in table["step"].to_pylist()]
    assert [value is not None for value in table["train_loss"].to_pylist()] == evaluated


def test_failed_runs_have_no_history(planned, tmp_path):
    @optimizer
    def raises(x, g):
        """Raises."""
        raise RuntimeError("broken")

    (sweep,) = planned({"problem": [{"name": "sphere"}], "optimizer": [{"name": "raises"}]}, raises).sweeps
    done = runner.run(sweep)
    with store.writing(tmp_path) as writer:
        writer.sweep(sweep, done)
        results = writer.finish([(sweep, done)], "", done.log, {"name": "e", "statuses": {"error": 1}, "sweeps": []})
    assert results.runs["status"].tolist() == ["error"]
    assert (len(results.history), len(results.trajectories)) == (0, 0)
    assert list(results.trajectories.columns) == ["run", "step", "x0", "x1"]
    assert "RuntimeError: broken" in (tmp_path / "errors.log").read_text()
