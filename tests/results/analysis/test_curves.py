import numpy as np
import pandas as pd

from optlab.results import analysis


def frames(final, losses, *, status=None, **metrics):
    """One cell with as many seeds as `losses` has rows; NaN marks a step that was not recorded."""
    losses = np.array(losses, dtype=float)
    seeds, steps = losses.shape
    runs = pd.DataFrame(
        {
            "run": np.arange(seeds), "case": "net", "label": "gd", "seed": np.arange(seeds), "hp.lr": 0.1,
            "status": status or ["done"] * seeds, "first_loss": 1.0, "final_loss": final,
        }
    )  # fmt: skip
    history = pd.DataFrame({"run": np.repeat(np.arange(seeds), steps), "step": np.tile(np.arange(steps) * 10, seeds)})
    history["loss"] = losses.ravel()
    for name, values in metrics.items():
        history[name] = np.array(values, dtype=float).ravel()
    return runs, history


def test_median_and_quantiles_over_seeds():
    runs, history = frames([1, 1, 1], [[5, 1], [6, 3], [7, 2]])
    curves = analysis.loss_curves(runs, history)
    assert curves["quantity"].unique().tolist() == ["loss"]
    assert curves["step"].tolist() == [0, 10]
    assert curves["median"].tolist() == [6.0, 2.0]
    np.testing.assert_allclose(curves["low"], [5.2, 1.2])
    np.testing.assert_allclose(curves["high"], [6.8, 2.8])
    assert curves["n"].tolist() == [3, 3]


def test_a_diverged_run_is_infinite_after_its_end():
    runs, history = frames([1, 1, 1], [[5, 1, 1], [6, 2, 9], [7, 3, 9]], status=["done", "diverged", "diverged"])
    history = history.drop(index=[5, 7, 8])  # seed 1 ends at step 10, seed 2 at step 0
    curves = analysis.loss_curves(runs, history)
    assert curves["median"].tolist() == [6.0, 2.0, np.inf]
    assert curves["n"].tolist() == [3, 3, 3]


def test_a_loss_that_is_not_a_number_is_infinite():
    curves = analysis.loss_curves(*frames([1], [[5, np.nan, -np.inf]]))
    assert curves["median"].tolist() == [5.0, np.inf, np.inf]


def test_quantities_appear_where_they_were_evaluated():
    nan = np.nan
    runs, history = frames([1, 1], [[5, 4, 3], [5, 4, 3]], train_loss=[[2, nan, 1], [4, nan, 3]])
    curves = analysis.loss_curves(runs, history)
    train = curves[curves["quantity"] == "train_loss"]
    assert train["step"].tolist() == [0, 20]
    assert train["median"].tolist() == [3.0, 2.0]


def test_a_diverged_network_has_an_accuracy_of_zero():
    nan = np.nan
    accuracy = [[0.1, 0.9], [0.2, nan], [0.3, nan]]
    runs, history = frames([1, 1, 1], np.ones((3, 2)), status=["done", "diverged", "diverged"], test_accuracy=accuracy)
    curves = analysis.loss_curves(runs, history)
    assert curves.loc[curves["quantity"] == "test_accuracy", "median"].tolist() == [0.2, 0.0]


def test_only_the_best_cell_of_each_label_counts():
    runs, history = frames([3, 1, 2], [[30, 30], [10, 10], [20, 20]])
    runs["hp.lr"], runs["seed"] = [0.1, 0.2, 0.3], 0
    assert analysis.loss_curves(runs, history)["median"].tolist() == [10.0, 10.0]


def test_cases_with_different_quantities_in_one_history():
    net, net_history = frames([1], [[5, 4]], train_loss=[[2, 1]])
    bowl, bowl_history = frames([1], [[9, 8]])
    bowl, bowl_history = bowl.assign(run=7, case="bowl"), bowl_history.assign(run=7)
    curves = analysis.loss_curves(pd.concat([net, bowl]), pd.concat([net_history, bowl_history]))
    assert curves[curves["case"] == "bowl"]["quantity"].tolist() == ["loss", "loss"]
    assert curves[curves["case"] == "net"]["quantity"].tolist() == ["loss", "loss", "train_loss", "train_loss"]


def test_paths_are_those_of_the_best_cell_and_the_lowest_seed():
    runs, history = frames([3, 1, 1], np.ones((3, 2)))
    runs["hp.lr"], runs["seed"] = [0.1, 0.2, 0.2], [0, 1, 0]
    trajectories = history[["run", "step"]].assign(x0=history["run"] * 1.0, x1=0.0)
    paths = analysis.best_paths(runs, trajectories)
    assert paths["run"].tolist() == [2, 2]
    assert paths["step"].tolist() == [0, 10]
    assert paths["x0"].tolist() == [2.0, 2.0]
    assert paths.columns.tolist() == ["case", "label", "run", "step", "x0", "x1"]


def test_curves_belong_to_their_case_whatever_the_order_of_runs():
    """The best runs of two cases may be in another order than the cases."""
    runs = pd.DataFrame(
        {
            "run": [0, 1, 2, 3], "case": ["a", "b", "a", "b"], "label": "gd", "seed": 0, "hp.k": [0.0, 0.0, 1.0, 1.0],
            "status": "done", "first_loss": 9.0, "final_loss": [5.0, 2.0, 1.0, 7.0],
        }
    )  # fmt: skip
    history = pd.DataFrame({"run": [0, 1, 2, 3], "step": 10, "loss": [5.0, 2.0, 1.0, 7.0]})
    curves = analysis.loss_curves(runs, history)
    assert dict(zip(curves["case"], curves["median"], strict=True)) == {"a": 1.0, "b": 2.0}
    best = analysis.best(runs)
    assert dict(zip(best["case"], best["median"], strict=True)) == {"a": 1.0, "b": 2.0}


def test_costs_are_proportional_to_the_steps():
    """The factor is the median over the seeds of the best cell: 2, 3 and 3 gradients per step."""
    runs, history = frames([1, 1, 1], [[5, 1], [6, 3], [7, 2]])
    runs = runs.assign(steps=[10, 10, 5], grad_evals=[20, 30, 15], seconds=[0.1, 0.3, 0.1])
    worse = runs.assign(**{"run": [3, 4, 5], "hp.lr": 0.2, "final_loss": 2.0, "grad_evals": 1000})
    both = pd.concat([runs, worse], ignore_index=True)
    curves = analysis.loss_curves(both, history)
    costs = analysis.with_costs(curves, both)
    assert costs["gradients"].tolist() == [0.0, 30.0]
    np.testing.assert_allclose(costs["seconds"], [0.0, 0.2])
    pd.testing.assert_frame_equal(costs[curves.columns], curves)


def test_a_run_without_steps_costs_nothing():
    runs, history = frames([1], [[5]])
    runs = runs.assign(steps=0, grad_evals=0, seconds=0.1)
    assert analysis.with_costs(analysis.loss_curves(runs, history), runs)["gradients"].tolist() == [0.0]


def test_a_label_with_fewer_steps_ends_where_its_runs_end():
    runs, history = frames([1, 1, 1], [[5, 1, 1], [5, 2, 9], [5, 3, 9]], status=["done", "done", "diverged"])
    other = history[history["run"] < 2][lambda rows: rows["step"] <= 10].assign(run=lambda rows: rows["run"] + 3)
    short = runs.assign(run=runs["run"] + 3, label="short")  # its diverged run has no records at all
    both = pd.concat([runs, short], ignore_index=True)
    curves = analysis.loss_curves(both, pd.concat([history, other], ignore_index=True))
    assert curves[curves["label"] == "gd"]["step"].tolist() == [0, 10, 20]
    short_curve = curves[curves["label"] == "short"]
    assert short_curve["step"].tolist() == [0, 10]
    assert short_curve["n"].tolist() == [3, 3]
