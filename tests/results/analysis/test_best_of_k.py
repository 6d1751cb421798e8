"""Best-of-k curves: a calculation by hand, a simulation of searches, and what they are computed from."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from optlab.errors import UserError
from optlab.results.analysis.best_of_k import COLUMNS, best_of_k, curve


def trials(losses, seeds=1, phase="tuning", **columns):
    """A table of runs: one setting for each loss."""
    rows = [
        {"case": "c", "label": "a", "hp.lr": float(n), "seed": seed, "phase": phase, "status": "done",
         "first_loss": 10.0, "final_loss": loss, "precision": "float64", "seconds": 0.1, "steps": 5, "grad_evals": 5}
        for n, loss in enumerate(losses) for seed in range(seeds)
    ]  # fmt: skip
    table = pd.DataFrame(rows).assign(run=range(len(rows)), **columns)
    table.loc[~np.isfinite(table["final_loss"]), "status"] = "diverged"
    return table


def test_seconds_have_no_band():
    table = best_of_k(trials([3.0, 1.0, 7.0]), "seconds")
    assert table["low"].isna().all()
    assert table["expected"].round(12).eq(0.1).all()


def test_all_draws_by_hand():
    values = [3.0, 1.0, 7.0]
    table = best_of_k(trials(values))
    assert list(table.columns) == COLUMNS
    assert table["k"].tolist() == [1, 2, 3]
    for k, expected in zip(table["k"], table["expected"], strict=True):
        every = [min(draws) for draws in itertools.product(values, repeat=k)]
        assert expected == pytest.approx(sum(every) / len(every), rel=1e-12)


def test_simulated_searches():
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(size=40))
    for k in (1, 5, 20, 40):
        best = rng.choice(values, size=(20_000, k)).min(axis=1)
        expected = curve(values, np.array([k]))[0][0]
        assert abs(expected - best.mean()) < 4 * best.std() / np.sqrt(len(best))


def test_the_band_covers_the_curve_of_the_population():
    rng, k = np.random.default_rng(1), np.array([1, 3, 5])
    draws = rng.random((20_000, 5))
    truth = [draws[:, :count].min(axis=1).mean() for count in k]  # uniform: 1 / (k + 1)
    hits = np.array([[low <= true <= high for true, low, high in zip(truth, *curve(rng.random(30), k)[1:], strict=True)]
                     for _ in range(200)])  # fmt: skip
    assert (hits.mean(axis=0) > 0.8).all()
    assert (hits.mean(axis=0) <= 1).all()


def test_diverged_and_worse_trials_count_as_the_loss_at_the_start():
    table = best_of_k(trials([np.inf, 500.0, 2.0]))
    assert table["expected"][0] == pytest.approx((10 + 10 + 2) / 3)
    assert (table["low"] <= table["expected"]).all()
    assert (table["expected"] <= table["high"]).all()


def test_a_trial_is_the_median_over_its_seeds_and_judged_runs_do_not_count():
    both = pd.concat([trials([1.0, 2.0], seeds=3), trials([0.0], phase="judging")], ignore_index=True)
    both = both.assign(run=range(len(both)))
    both.loc[both["run"] == 0, "final_loss"] = 9.0  # one of three seeds
    assert best_of_k(both)["expected"].tolist() == pytest.approx([1.5, 1.25])


def test_without_phases_the_cells_of_the_grid_are_the_trials():
    assert best_of_k(trials([1.0, 2.0]).drop(columns="phase"))["k"].tolist() == [1, 2]


def test_other_metrics():
    accurate = trials([1.0, 2.0], test_accuracy=[0.5, 0.9])
    table = best_of_k(accurate, "test_accuracy")
    assert table["expected"].tolist() == pytest.approx([0.7, 0.8])
    assert (table["low"] <= table["high"]).all()
    reached = trials([1.0, 2.0], reached=[3, -1])
    assert best_of_k(reached, "steps_to_target")["expected"].tolist() == pytest.approx([4.0, 3.5])
    with pytest.raises(UserError, match="target = 1e-3"):
        best_of_k(trials([1.0, 2.0]), "steps_to_target")


def test_no_curve_for_one_trial_or_for_errors():
    assert best_of_k(trials([1.0])).empty
    assert list(best_of_k(trials([1.0])).columns) == COLUMNS
    failed = trials([1.0, 2.0]).assign(status=["error", "done"])
    assert best_of_k(failed).empty


def test_many_trials_have_few_points():
    k = best_of_k(trials(np.linspace(1, 2, 500)))["k"]
    assert (k.iloc[0], k.iloc[-1]) == (1, 500)
    assert len(k) <= 100
