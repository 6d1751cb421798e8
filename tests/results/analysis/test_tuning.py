import cProfile
import pstats

import numpy as np
import pandas as pd
import pytest

from optlab.results import analysis
from optlab.results.analysis.tuning import _distinct


def grid(losses, *, case="bowl", label="gd", lrs=None, statuses=None, first=10.0, **columns):
    """Runs of one label: `losses` has a row per learning rate and a column per seed."""
    losses = np.array(losses, dtype=float)
    cells, seeds = losses.shape
    status = np.full(losses.shape, "done", dtype=object) if statuses is None else np.array(statuses, dtype=object)
    return pd.DataFrame(
        {
            "case": case,
            "label": label,
            "seed": np.tile(np.arange(seeds), cells),
            "hp.lr": np.repeat(10.0 ** np.arange(-cells, 0) if lrs is None else np.array(lrs, float), seeds),
            "schedule": None,
            "status": status.ravel(),
            "first_loss": first,
            "final_loss": losses.ravel(),
            **{name: np.repeat(np.array(values, dtype=object), seeds) for name, values in columns.items()},
        }
    )


def together(*parts):
    runs = pd.concat(parts, ignore_index=True)
    return runs.assign(run=np.arange(len(runs)))


def test_cells_take_the_median_over_seeds_and_count_statuses():
    statuses = [["done"] * 3, ["done", "diverged", "diverged"], ["done", "diverged", "error"]]
    table = analysis.cells(together(grid([[3, 1, 2], [4, 5, 9], [4, 5, 9]], statuses=statuses)))
    np.testing.assert_array_equal(table["median"], [2.0, np.inf, np.nan])
    assert table["low"].tolist()[0] == pytest.approx(1.2)
    assert table["n"].tolist() == [3, 3, 3]
    assert table["n_done"].tolist() == [3, 1, 1]
    assert table["n_diverged"].tolist() == [0, 2, 1]
    assert table["n_error"].tolist() == table["failed"].tolist() == [0, 0, 1]
    assert table["run"].tolist() == [0, 3, 6]
    assert table["first"].tolist() == [10.0, 10.0, 10.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_finished_run_without_a_finite_loss_is_infinitely_bad(bad):
    assert analysis.cells(together(grid([[bad]])))["median"].tolist() == [np.inf]


def test_a_low_loss_of_a_diverged_run_does_not_count():
    runs = together(grid([[1.0], [0.0]], statuses=[["done"], ["diverged"]]))
    assert analysis.best(runs)["median"].tolist() == [1.0]


def test_missing_hyperparameters_equal_each_other():
    runs = together(grid([[1, 2]]), grid([[3, 4]], label="momentum", **{"hp.beta": [0.9]}))
    table = analysis.cells(runs)
    assert table["label"].tolist() == ["gd", "momentum"]
    assert table["n"].tolist() == [2, 2]


def test_the_shown_run_is_the_one_with_the_lowest_seed():
    runs = together(grid([[7, 8, 9]])).iloc[::-1]
    best = analysis.best(runs)
    assert best["run"].tolist() == [0]
    assert best["shown_loss"].tolist() == [7.0]
    assert best["shown_status"].tolist() == ["done"]


def test_best_cell_and_its_settings():
    best = analysis.best(together(grid([[3], [1], [2]])))
    assert best["hp.lr"].tolist() == [0.01]
    assert best["settings"].tolist() == ["lr=0.01"]
    assert best["at_edge"].tolist() == [""]
    assert best["cells"].tolist() == [3]


@pytest.mark.parametrize(("losses", "edge"), [([3, 2, 1], "lr"), ([1, 2, 3], "lr"), ([2, 1, 3], ""), ([2, 1], "")])
def test_a_best_value_on_the_edge_is_named_if_at_least_three_were_tried(losses, edge):
    assert analysis.best(together(grid([[loss] for loss in losses])))["at_edge"].tolist() == [edge]


def test_the_edge_is_that_of_the_grid_of_the_label():
    runs = together(grid([[3], [1], [2]], lrs=[1, 2, 3]), grid([[3], [2], [1]], label="adam", lrs=[0.1, 1.5, 2.5]))
    assert analysis.best(runs)["at_edge"].tolist() == ["", "lr"]


def test_choices_have_no_edge_but_are_settings():
    runs = together(grid([[1], [2], [3]], lrs=[0.1] * 3, **{"hp.kind": ["a", "b", "c"]}))
    best = analysis.best(runs)
    assert best["settings"].tolist() == ["kind=a"]
    assert best["at_edge"].tolist() == [""]


def test_edges_of_several_hyperparameters_and_of_schedules():
    runs = together(grid([[1], [2], [3]], lrs=[0.1] * 3, **{"hp.a": [1.0, 2.0, 3.0], "schedule.b": [0.1, 0.2, 0.3]}))
    best = analysis.best(runs)
    assert best["at_edge"].tolist() == ["a, schedule.b"]
    assert best["settings"].tolist() == ["a=1, schedule.b=0.1"]


def test_equal_losses_are_decided_by_band_then_edge_then_order():
    assert analysis.best(together(grid([[0, 1, 9], [0, 1, 2]])))["hp.lr"].tolist() == [0.1]
    tie = analysis.best(together(grid([[0], [0], [0], [0]])))
    assert tie["hp.lr"].tolist() == [0.001]
    assert tie["at_edge"].tolist() == [""]
    assert analysis.best(together(grid([[0], [0]])))["hp.lr"].tolist() == [0.01]


def test_labels_without_a_finite_loss_have_no_edge():
    best = analysis.best(together(grid([[1], [1], [1]], statuses=[["diverged"]] * 3)))
    assert best["median"].tolist() == [np.inf]
    assert best["at_edge"].tolist() == [""]
    assert best["diverged"].tolist() == [1.0]


def test_ranks_share_the_better_place_and_diverged_ones_come_last():
    lost = grid([[0]], label="lost", statuses=[["diverged"]])
    runs = together(grid([[2]], label="a"), lost, grid([[1]], label="b"), grid([[1]], label="c"))
    table = analysis.ranking(runs)
    assert list(zip(table["label"], table["rank"], strict=True)) == [("b", 1), ("c", 1), ("a", 3), ("lost", 4)]


def test_ranking_shows_the_diverged_share_of_the_whole_grid():
    runs = together(grid([[1, 1], [2, 2]], statuses=[["done", "done"], ["done", "diverged"]]))
    row = analysis.ranking(runs).iloc[0]
    assert (row["diverged"], row["cells"], row["n"], row["settings"]) == (0.25, 2, 2, "lr=0.01")


def test_overall_is_the_mean_rank_over_cases():
    runs = together(
        grid([[1]], label="a"), grid([[2]], label="b"), grid([[9], [8], [7]], case="hole", label="a"),
        grid([[5]], case="hole", label="b"), grid([[1]], case="ridge", label="b"), grid([[3]], case="ridge", label="a"),
    )  # fmt: skip
    table = analysis.overall(runs).set_index("label")
    assert table.index.tolist() == ["b", "a"]
    assert table["mean_rank"].tolist() == pytest.approx([4 / 3, 5 / 3])
    assert table["wins"].tolist() == [2, 1]
    assert table["cases"].tolist() == [3, 3]
    assert table["at_edge"].tolist() == [0, 1]


def test_a_case_in_which_all_runs_diverged_has_no_winner():
    runs = together(*(grid([[1]], label=label, statuses=[["diverged"]]) for label in "ab"))
    assert analysis.ranking(runs)["rank"].isna().all()
    assert analysis.overall(runs)["wins"].tolist() == [0, 0]
    assert np.isnan(analysis.overall(runs)["mean_rank"]).all()


def test_a_case_in_which_all_runs_diverged_is_not_in_the_mean_rank():
    lost = [grid([[1]], case="cliff", label=label, statuses=[["diverged"]]) for label in "ab"]
    runs = together(*lost, grid([[2]], label="a"), grid([[1]], label="b"))
    table = analysis.overall(runs)
    assert list(zip(table["label"], table["mean_rank"], table["wins"], strict=True)) == [("b", 1, 1), ("a", 2, 0)]


def test_input_frames_are_not_changed():
    runs = together(grid([[1, 2], [3, 4]]))
    before = runs.copy()
    analysis.ranking(runs), analysis.sensitivity(runs), analysis.overall(runs)
    pd.testing.assert_frame_equal(runs, before)


def test_the_ranking_has_no_loop_over_runs():
    """So that a hundred thousand runs are ranked in well under a second: ten times as many take the same calls."""
    rng = np.random.default_rng(0)

    def calls(cells):
        lrs = np.geomspace(1e-5, 1, cells)
        runs = together(*(grid(rng.random((cells, 5)), label=label, lrs=lrs) for label in "abcd"))
        with cProfile.Profile() as profile:
            analysis.ranking(runs)
        return pstats.Stats(profile).total_calls

    calls(10)  # imports
    assert calls(5_000) < 1.5 * calls(500)


def test_differences_by_rounding_give_equal_ranks():
    """One rule written in two ways, at its best settings, and another that is better in the eighth digit."""
    losses = {"gd": 94.1, "mine": 94.1 * (1 - 1e-13), "torch:SGD": 94.1 * (1 + 1e-12), "better": 94.1 * (1 - 1e-7)}
    runs = together(*(grid([[loss]], label=label) for label, loss in losses.items()))
    table = analysis.ranking(runs)
    assert table["label"].tolist() == ["better", "gd", "mine", "torch:SGD"]
    assert table["rank"].tolist() == [1, 2, 2, 2]
    assert analysis.overall(runs).set_index("label")["wins"].to_dict() == {label: label == "better" for label in losses}


def failing(losses, *, label, case="bowl", lrs=None):
    """Runs, where those without a loss have failed."""
    losses = np.array(losses, dtype=float)
    statuses = np.where(np.isnan(losses), "error", "done")
    return grid(losses, label=label, case=case, statuses=statuses, lrs=lrs)


@pytest.mark.parametrize("losses", [[[np.nan]] * 3, [[1.0], [np.nan], [0.1]], [[1.0, 1.0], [0.1, np.nan], [2.0, 2.0]]])
def test_a_label_with_failed_runs_has_neither_best_cell_nor_rank(losses):
    """All runs failed, all runs of one cell, or one seed of one cell."""
    runs = together(failing(losses, label="bad"), grid([[5.0]], label="gd"), grid([[9.0]], label="adam"))
    best = analysis.best(runs).set_index("label").loc["bad"]
    assert best[["median", "low", "high", "shown_loss"]].isna().all()
    assert (best["settings"], best["at_edge"], best["shown_status"]) == ("", "", "error")
    assert best["failed"] == np.isnan(losses).sum()
    table = analysis.ranking(runs).set_index("label")
    assert table.index.tolist() == ["gd", "adam", "bad"]
    assert table["rank"].fillna(0).tolist() == [1, 2, 0]
    assert table["failed"].tolist() == [0, 0, np.isnan(losses).sum()]


def test_failed_runs_do_not_count_as_diverged():
    runs = together(failing([[np.nan], [1.0]], label="bad"))
    assert analysis.ranking(runs)["diverged"].tolist() == [0.0]
    assert analysis.ranking(runs)["rank"].isna().all()


def test_means_over_cases_leave_out_labels_with_failed_runs():
    runs = together(
        grid([[1]], label="gd"), grid([[2]], label="adam"), grid([[0]], label="bad"),
        grid([[1]], case="hole", label="gd"), grid([[2]], case="hole", label="adam"),
        failing([[np.nan]], case="hole", label="bad"),
    )  # fmt: skip
    table = analysis.overall(runs).set_index("label")
    assert table.index.tolist() == ["gd", "adam", "bad"]
    np.testing.assert_array_equal(table["mean_rank"], [1.5, 2.5, np.nan])
    np.testing.assert_array_equal(table["diverged"], [0, 0, np.nan])
    assert table["wins"].tolist() == [1, 0, 1]
    assert table["failed"].tolist() == [0, 0, 1]


def test_labels_with_failed_runs_have_no_curve_path_or_point():
    runs = together(failing([[np.nan], [1.0], [2.0]], label="bad"), grid([[5.0], [4.0], [3.0]]))
    history = pd.DataFrame({"run": runs["run"], "step": 0, "loss": runs["final_loss"]})
    assert set(analysis.loss_curves(runs, history)["label"]) == {"gd"}
    paths = history[["run", "step"]].assign(x0=0.0, x1=0.0)
    assert set(analysis.best_paths(runs, paths)["label"]) == {"gd"}
    effects = analysis.sensitivity(runs).set_index(["label", "value"])
    np.testing.assert_array_equal(effects.loc["bad", "median"], [np.nan, 1.0, 2.0])
    assert effects.loc["bad", "failed"].tolist() == [1, 0, 0]
    assert not effects.loc["bad", "best"].any()
    assert effects.loc["gd", "best"].tolist() == [False, False, True]
    alone = together(failing([[np.nan]], label="bad"))
    curves = analysis.loss_curves(alone, history.iloc[:1])
    assert curves.empty
    assert not np.isfinite(curves["median"]).any()


@pytest.mark.parametrize("seed", range(40))
def test_distinct_values_are_counted_as_by_pandas(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(0, 30))
    group = pd.factorize(rng.integers(0, 5, rows))[0]
    values = np.array([1.0, 1, "1", "a", True, None, np.nan, 0.5], dtype=object)
    column = pd.Series(values[rng.integers(0, len(values), rows)], dtype=object)
    if seed % 2:
        column = pd.Series(rng.choice([0.1, 0.2, np.nan], rows))
    expected = column.groupby(group).transform("nunique").to_numpy()
    assert _distinct(column, group).tolist() == expected.tolist()
