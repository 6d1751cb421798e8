"""Metrics of runs: their columns in the table of runs, their values, and what is the worst."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.errors import SpecError, UnknownName
from optlab.experiments.metrics import METRICS, metric

DOCUMENT = {
    "name": "measured",
    "steps": 40,
    "seeds": 2,
    "record": {"points": 9, "evaluations": 4},
    "problem": [
        {"name": "sphere", "start": "random", "target": 0.5},
        {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 8},
    ],
    "optimizer": [{"name": "gd", "lr": [0.02, 0.1, 1e200]}, {"name": "sam", "lr": 0.1}],
}


@pytest.fixture(scope="module", params=["native", "replay"])
def results(request, tmp_path_factory):
    return optlab.run(DOCUMENT, out=tmp_path_factory.mktemp("m"), plots=False, backend=request.param)


def test_columns_are_those_of_a_plain_loop_over_the_history(results):
    runs = results.runs
    for row in runs.to_dict("records"):
        own = results.history[results.history["run"] == row["run"]]
        if row["status"] != "done":
            assert np.isnan([row["area"], row["test_loss"], row["test_accuracy"]]).all()
            continue
        total = 0.0
        for loss in own["loss"]:
            total += loss
        assert row["area"] == total / len(own)
        if row["problem"] == "mlp":
            assert (row["test_loss"], row["test_accuracy"]) == tuple(own.iloc[-1][["test_loss", "test_accuracy"]])
            assert np.isnan(row["reached"])
        else:
            assert np.isnan([row["test_loss"], row["test_accuracy"]]).all()
    assert (runs["status"] != "done").any()


@pytest.mark.parametrize("backend", ["native", "replay"])
def test_runs_that_stop_early_are_measured_until_they_stop(tmp_path, backend):
    document = DOCUMENT | {"stop": {"loss": 0.4}, "steps": 200, "record": {"points": 50, "evaluations": 11}}
    problems = [DOCUMENT["problem"][0], {"name": "mlp", "dataset": "xor", "hidden": [8]}]
    rules = [{"name": "adam", "lr": [0.05, 0.1]}]
    found = optlab.run(document | {"problem": problems, "optimizer": rules}, out=tmp_path, plots=False, backend=backend)
    assert (found.runs["steps"] < 200).any()
    for row in found.runs.to_dict("records"):
        own = found.history[found.history["run"] == row["run"]]
        assert row["area"] == pytest.approx(own["loss"].mean(), rel=1e-12)
        if row["problem"] == "mlp":
            assert row["test_loss"] == own["test_loss"].dropna().iloc[-1]


def test_steps_to_target_are_those_of_runs_that_stop_there(results, tmp_path):
    runs = results.runs[results.runs["problem"] == "sphere"]
    assert (runs["reached"] == -1).any()
    reached = runs[runs["reached"] > 1]
    assert len(reached) >= 3
    for row in reached.to_dict("records"):
        rule = [{"name": row["optimizer"], "lr": row["hp.lr"]}]
        for steps in (int(row["reached"]), int(row["reached"]) - 1):
            short = DOCUMENT | {"steps": steps, "problem": DOCUMENT["problem"][:1], "optimizer": rule}
            found = optlab.run(short, out=tmp_path, plots=False).runs
            assert (found["final_loss"][row["seed"]] <= 0.5) == (steps == row["reached"])
    steps, gradients = (METRICS[f"{what}_to_target"].values(runs) for what in ("steps", "gradients"))
    per_step = np.where(runs["optimizer"] == "sam", 2, 1)
    assert np.array_equal(gradients, steps * per_step, equal_nan=True)


def test_losses_are_lower_where_better_and_infinite_for_the_worst(results):
    runs = results.runs
    done = (runs["status"] == "done").to_numpy()
    network = (runs["problem"] == "mlp").to_numpy()
    accuracy = METRICS["test_accuracy"].losses(runs, done)
    assert np.array_equal(accuracy[done & network], -runs["test_accuracy"][done & network])
    assert np.isinf(accuracy[~(done & network)]).all()
    assert np.isinf(METRICS["best_loss"].losses(runs, done)[~done]).all()
    assert np.isfinite(METRICS["seconds"].losses(runs, done)[done]).all()


def test_a_run_that_diverges_after_its_target_has_reached_it():
    runs = {"reached": [3, -1, np.nan], "steps": [5, 5, 5], "grad_evals": [15, 15, 15]}
    done = np.array([False, True, True])
    assert METRICS["steps_to_target"].losses(runs, done).tolist() == [3, np.inf, np.inf]
    assert METRICS["gradients_to_target"].losses(runs, done).tolist() == [9, np.inf, np.inf]


def test_metrics_without_records_are_errors_with_a_fix():
    columns = ["final_loss", "best_loss", "seconds", "steps", "grad_evals"]
    recorded = [name for name, one in METRICS.items() if one.is_recorded(columns)]
    assert recorded == ["final_loss", "best_loss", "seconds"]
    assert "target = 1e-3" in METRICS["gradients_to_target"].missing()
    assert "points = 200" in METRICS["area"].missing()
    assert "dataset" in METRICS["test_loss"].missing()


def test_metrics_of_other_problems_and_unknown_ones():
    assert metric("test_recall", ["test_recall"]).columns == ("test_recall",)
    assert metric("test_balanced_accuracy", ["test_balanced_accuracy"]).higher_is_better
    with pytest.raises(UnknownName, match="did you mean 'final_loss'"):
        metric("finalloss")


def test_without_recorded_steps_there_is_no_area(tmp_path):
    document = {"name": "e", "steps": 5, "record": {"points": 0}, "problem": [{"name": "sphere"}]}
    runs = optlab.run(document | {"optimizer": [{"name": "gd"}]}, out=tmp_path, plots=False).runs
    assert "area" not in runs
    assert "reached" not in runs


def test_a_target_in_a_map_is_a_mistake(tmp_path):
    document = {"name": "e", "steps": 5, "basins": {}, "problem": [{"name": "himmelblau", "target": 1.0}]}
    with pytest.raises(SpecError, match="target"):
        optlab.run(document | {"optimizer": [{"name": "gd"}]}, out=tmp_path, plots=False)
