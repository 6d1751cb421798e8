"""The ranking with its doubt: contests from runs, both phases, metrics, missing runs, and tables of other sources."""

from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optlab.errors import UnknownName, UserError
from optlab.results import analysis
from optlab.results.analysis.contest import contests
from optlab.results.analysis.ranks import COLUMNS, DOUBT

LABELS = "abcdefgh"


def runs_of(losses, *, case="bowl", **columns):
    """Runs of one case: losses of shape (labels, cells, seeds); NaN leaves out a run."""
    losses = np.array(losses, dtype=float)
    label, cell, seed = (part.ravel() for part in np.indices(losses.shape))
    table = pd.DataFrame(
        {
            "case": case, "label": [LABELS[n] for n in label], "seed": seed, "hp.lr": 10.0**-cell, "status": "done",
            "first_loss": np.nan, "final_loss": losses.ravel(), **columns,
        }
    )  # fmt: skip
    return numbered(table[table["final_loss"].notna()])


def numbered(*parts):
    table = pd.concat(parts, ignore_index=True)
    return table.assign(run=np.arange(len(table)))


def one_cell(*losses):
    return runs_of(np.array(losses)[:, None, :])


def by_label(table):
    return table.set_index("label")


def noisy(*means, seeds=10):
    return np.random.default_rng(0).random((len(means), seeds)) + np.array(means)[:, None]


def test_the_columns():
    assert analysis.ranking(one_cell(*noisy(0, 5))).columns.tolist() == COLUMNS


def test_a_clear_order():
    table = by_label(analysis.ranking(one_cell(*noisy(0, 5, 10))))
    assert table["rank"].tolist() == table["rank_low"].tolist() == table["rank_high"].tolist() == [1, 2, 3]
    assert table["first"].tolist() == [1.0, 0.0, 0.0]
    assert table["with_first"].tolist() == [True, False, False]
    assert np.isnan(table.loc["a", "p"])
    assert (table.loc[["b", "c"], "p"] < 0.02).all()
    low, high = table.loc["a", "interval"]
    assert low < table.loc["a", "median"] < high


def test_noise_is_no_order():
    table = analysis.ranking(one_cell(*np.random.default_rng(3).random((6, 5))))
    assert table["with_first"].all()
    assert (table["rank_high"] - table["rank_low"]).min() >= 1
    assert table["first"].sum() == pytest.approx(1.0)


def test_one_seed_gives_no_intervals():
    table = analysis.ranking(one_cell([1.0], [2.0], [3.0]))
    assert table["rank"].tolist() == [1, 2, 3]
    assert table[DOUBT].isna().all(axis=None)


def test_one_label_is_the_first():
    row = analysis.ranking(one_cell([1.0, 2.0, 3.0])).iloc[0]
    assert (row["rank"], row["rank_low"], row["rank_high"], row["first"], row["with_first"]) == (1, 1, 1, 1.0, True)


def test_all_equal():
    table = analysis.ranking(one_cell(*[[1.0, 2.0, 3.0]] * 4))
    assert table[["rank", "rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1, 1]] * 4
    assert table["first"].tolist() == [0.25] * 4
    assert table["with_first"].all()


def test_values_within_the_floor_are_equal_in_each_resample():
    losses = np.random.default_rng(0).random((2, 9)) * 1e-15
    table = analysis.ranking(one_cell(*losses).assign(first_loss=10.0))
    assert table[["rank", "rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1, 1]] * 2
    assert table["first"].tolist() == [0.5, 0.5]


def test_all_diverged_have_no_rank():
    table = analysis.ranking(one_cell([1.0] * 6, [2.0] * 6).assign(status="diverged"))
    assert table[["rank", *DOUBT]].isna().all(axis=None)


def test_a_diverged_label_is_the_last():
    losses = [*noisy(0, 0.1), np.full(10, np.inf)]
    table = by_label(analysis.ranking(one_cell(*losses)))
    assert table.loc["c", ["rank", "rank_low", "rank_high", "first", "with_first"]].tolist() == [3, 3, 3, 0.0, False]
    assert table.loc["c", "interval"] == (np.inf, np.inf)


def test_a_label_with_errors_has_no_doubt_and_changes_no_other():
    runs = one_cell(*noisy(0, 0.3, 0.1))
    without = by_label(analysis.ranking(runs[runs["label"] != "c"].reset_index(drop=True)))
    runs.loc[runs.index[-1], "status"] = "error"
    table = by_label(analysis.ranking(runs))
    assert table.loc["c", ["rank", *DOUBT]].isna().all()
    pd.testing.assert_frame_equal(table.loc[["a", "b"], DOUBT], without[DOUBT])


def test_a_deterministic_label_has_its_run_at_every_seed():
    """optlab runs it once, not once per seed."""
    losses = np.full((2, 1, 10), np.nan)
    losses[0, 0], losses[1, 0, 0] = noisy(0)[0], 0.01
    table = by_label(analysis.ranking(runs_of(losses)))
    assert table["n"].to_dict() == {"b": 1, "a": 10}
    assert table.loc["a", "with_first"] == False  # noqa: E712
    assert table.loc["b", "interval"] is None  # ten copies of one value


def with_copies(*losses):
    """One cell for each label: the losses of ten seeds, or one loss that holds for all of them."""
    table = np.full((len(losses), 1, 10), np.nan)
    for row, own in zip(table, losses, strict=True):
        row[0, : np.size(own)] = own
    return runs_of(table)


def test_two_deterministic_labels_are_not_distinguished_because_a_third_is_random():
    alone = by_label(analysis.ranking(with_copies(1.0, 2.0)))
    assert alone[DOUBT].isna().all(axis=None)
    table = by_label(analysis.ranking(with_copies(1.0, 2.0, noisy(5)[0])))
    assert table["rank"].to_dict() == {"a": 1, "b": 2, "c": 3}
    assert table["with_first"].to_dict() == {"a": True, "b": None, "c": False}
    assert np.isnan(table.loc["b", "p"])
    # the random one is compared with a fixed value, as without the other deterministic one
    pair = by_label(analysis.ranking(with_copies(1.0, noisy(5)[0])))
    assert table.loc["c", "p"] == pair.loc["b", "p"] < 0.05


def test_deterministic_labels_are_compared_with_a_random_first():
    table = by_label(analysis.ranking(with_copies(7.0, 8.0, noisy(5)[0])))
    assert table["with_first"].to_dict() == {"c": True, "a": False, "b": False}


def test_no_label_with_copies_is_distinguished_next_to_one_that_failed():
    runs = with_copies(1.0, 2.0, noisy(5)[0])
    runs.loc[runs.index[-1], "status"] = "error"
    assert analysis.ranking(runs)[DOUBT].isna().all(axis=None)


def test_seconds_are_one_measurement_of_each_label_and_of_each_sweep():
    runs = numbered(*(one_cell(*noisy(0, 0, 0)).assign(case=f"case {number}") for number in range(8)))
    runs["seconds"] = runs["label"].map({"a": 0.1, "b": 0.2, "c": 0.3})  # as of a sweep with all cases
    table = analysis.ranking(runs, by="seconds")
    assert table["label"].tolist() == ["a", "b", "c"] * 8
    assert table[DOUBT].isna().all(axis=None)
    assert analysis.friedman(runs, by="seconds") is None
    assert analysis.overall(runs, by="seconds")[["mean_low", "mean_high", "among_first"]].isna().all(axis=None)
    assert analysis.friedman(runs.assign(area=runs["seconds"]), by="area") is not None


def test_the_interval_of_a_rank_holds_the_rank():
    rng = np.random.default_rng(7)
    for _ in range(5):
        table = analysis.ranking(runs_of(rng.random((4, 5, 4))))
        assert (table["rank_low"] <= table["rank"]).all()
        assert (table["rank"] <= table["rank_high"]).all()


def test_how_settings_were_chosen_in_words():
    table = by_label(analysis.ranking(numbered(runs_of(np.ones((1, 3, 2))), one_cell([1.0, 2.0]).assign(label="b"))))
    assert table["tuned"].to_dict() == {"a": "grid of 3, on the judged seeds", "b": "one setting"}


# ---- both phases -----------------------------------------------------------------------------------------------------


def in_two_phases():
    """Two labels with three settings on three tuning seeds, and the chosen ones on ten others."""
    tuning = runs_of(np.random.default_rng(1).random((2, 3, 3)) + np.array([2.0, 0.0, 1.0])[:, None], phase="tuning")
    judging = runs_of(noisy(0, 3)[:, None], phase="judging").assign(**{"hp.lr": 0.1})
    return numbered(tuning, judging.assign(seed=judging["seed"] + 100))


def test_only_judged_runs_are_ranked():
    runs = in_two_phases()
    table = by_label(analysis.ranking(runs, search="sobol"))
    judged = by_label(analysis.ranking(numbered(runs[runs["phase"] == "judging"].drop(columns="phase"))))
    same = ["rank", "median", "low", "high", "n", "interval", "p", "with_first"]
    pd.testing.assert_frame_equal(table[same], judged[same])
    assert table["tuned"].tolist() == ["sobol, 3 trials x 3 seeds"] * 2
    assert table["cells"].tolist() == [3, 3]
    assert table["settings"].tolist() == ["lr=0.1"] * 2
    assert table["at_edge"].tolist() == ["", ""]


def test_the_edge_of_a_judged_setting_is_that_of_the_tuning():
    runs = in_two_phases()
    runs.loc[runs["phase"] == "judging", "hp.lr"] = 0.01
    assert analysis.ranking(runs)["at_edge"].tolist() == ["lr", "lr"]


def test_a_failed_tuning_run_is_an_error():
    runs = in_two_phases()
    runs.loc[0, "status"] = "error"
    table = by_label(analysis.ranking(runs))
    assert table["failed"].to_dict() == {"b": 0, "a": 1}
    assert pd.isna(table.loc["a", "rank"])


def test_the_settings_of_the_tuning_are_in_the_contest():
    runs = in_two_phases()
    ((case, found),) = contests(runs, analysis.best(runs))
    assert case == "bowl"
    assert found.is_judged_apart
    assert [tried.shape for tried in found.tried] == [(3, 3), (3, 3)]
    assert found.chosen == (1, 1)
    assert found.values.shape == (2, 10)


# ---- metrics ---------------------------------------------------------------------------------------------------------


def test_more_is_better_for_an_accuracy():
    accuracy = np.random.default_rng(0).random((2, 10)) / 10 + np.array([[0.5], [0.8]])
    runs = one_cell(*noisy(0, 1)).assign(test_accuracy=accuracy.ravel())
    table = by_label(analysis.ranking(runs, by="test_accuracy"))
    assert table.index.tolist() == ["b", "a"]
    assert table.loc["b", "median"] == pytest.approx(np.median(accuracy[1]))
    assert table.loc["b", "low"] == pytest.approx(np.quantile(accuracy[1], 0.1))
    low, high = table.loc["b", "interval"]
    assert 0.8 < low < table.loc["b", "median"] < high < 0.9
    assert by_label(analysis.ranking(runs)).index.tolist() == ["a", "b"]


def test_a_metric_of_some_cases_leaves_out_the_others():
    runs = numbered(one_cell(*noisy(0, 1)).assign(test_loss=1.0), one_cell(*noisy(0, 1)).assign(case="hole"))
    assert analysis.ranking(runs, by="test_loss")["case"].unique().tolist() == ["bowl"]


def test_a_metric_that_was_not_recorded_and_one_that_does_not_exist():
    runs = one_cell([1.0, 2.0])
    with pytest.raises(UserError, match=r"steps_to_target was not recorded; .*target = 1e-3"):
        analysis.ranking(runs, by="steps_to_target")
    with pytest.raises(UserError, match="test_loss was not recorded"):
        analysis.ranking(runs.assign(test_loss=np.nan), by="test_loss")
    with pytest.raises(UnknownName, match="did you mean 'final_loss'"):
        analysis.ranking(runs, by="final_los")


@pytest.mark.parametrize("by", ["best_loss", "seconds", "area"])
def test_other_metrics(by):
    table = analysis.ranking(one_cell(*noisy(5, 0)).assign(**{by: [1.0] * 10 + [2.0] * 10}), by=by)
    assert table["label"].tolist() == ["a", "b"]
    assert table["median"].tolist() == [1.0, 2.0]


# ---- tables of other sources -----------------------------------------------------------------------------------------


def long(values):
    """The columns case, label, seed, value for values of shape (labels, seeds); NaN leaves out a row."""
    label, seed = (part.ravel() for part in np.indices(np.shape(values)))
    table = pd.DataFrame(
        {"case": "c", "label": [LABELS[n] for n in label], "seed": seed, "value": np.ravel(values).astype(float)}
    )
    return table[table["value"].notna()].reset_index(drop=True)


@pytest.mark.parametrize("name", [str, "{:.1f}".format, int])
def test_the_first_thousand_seeds_are_the_lowest_numbers(name):
    """Only they are tested: a is better there, and worse at all others."""
    seeds = np.arange(1400)
    values = np.stack([np.where(seeds < 1000, 0.0, 2.0), np.ones(1400)])
    table = long(values)
    table["seed"] = table["seed"].map(name)
    row = by_label(analysis.judge(table)).loc["b"]
    assert (row["with_first"], row["first"]) == (False, 0.0)


def test_a_table_is_judged_as_runs_are():
    values = noisy(0, 0.2, 3)
    table, runs = (by_label(part) for part in (analysis.judge(long(values)), analysis.ranking(one_cell(*values))))
    same = ["rank", *DOUBT, "n"]
    pd.testing.assert_frame_equal(table[same], runs[same], check_dtype=False)
    np.testing.assert_allclose(table["median"], runs["median"])


def test_labels_with_other_seeds_are_compared_at_the_common_ones():
    values = noisy(0, 3)
    values[0, :2] = values[1, 8:] = np.nan
    table = by_label(analysis.judge(long(values)))
    assert table["n"].tolist() == [8, 8]
    assert table["with_first"].tolist() == [True, False]
    values[1, 3:] = np.nan  # one common seed
    assert by_label(analysis.judge(long(values)))["with_first"].tolist() == [True, True]


def test_infinite_and_missing_values_of_a_table():
    table = long(noisy(0, 1))
    table.loc[table["label"] == "b", "value"] = [np.inf] * 6 + [1.0] * 4
    assert by_label(analysis.judge(table)).loc["b", "median"] == np.inf
    table["value"] = np.nan
    assert analysis.judge(table)["rank"].isna().all()


def test_a_seed_that_occurs_twice():
    table = long(noisy(0, 1))
    with pytest.raises(UserError, match="a has several values on c at seed 0"):
        analysis.judge(pd.concat([table, table.head(1)]))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(st.integers(0, 50), min_size=7, max_size=7), min_size=2, max_size=4), st.randoms())
@example([[0, 0, 0, 1, 1, 1, 1], [0] * 7, [0, 0, 0, 0, 0, 0, 1]], Random(1))  # two share the first rank
def test_order_of_rows_scale_and_names_do_not_matter(values, random):
    if len({tuple(row) for row in values}) < len(values):
        return  # labels with the same values may change places
    table = long(values)
    expected = by_label(analysis.judge(table))[["rank", *DOUBT[:-1]]].sort_index()
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = by_label(analysis.judge(table.iloc[order]))[["rank", *DOUBT[:-1]]].sort_index()
    pd.testing.assert_frame_equal(shuffled, expected)
    grown = by_label(analysis.judge(table.assign(value=np.exp(table["value"] / 10), seed=table["seed"] + 5)))
    pd.testing.assert_frame_equal(grown[["rank", *DOUBT[:-1]]].sort_index(), expected)
    names = {label: f"{LABELS[::-1][n]}!" for n, label in enumerate(LABELS)}
    renamed = by_label(analysis.judge(table.assign(label=table["label"].map(names))))[["rank", *DOUBT[:-1]]]
    pd.testing.assert_frame_equal(renamed.rename(index={new: old for old, new in names.items()}).sort_index(), expected)


def test_very_many_seeds_take_bounded_memory_and_time():
    """A hundred thousand seeds: resamples of all of them would need gigabytes."""
    losses = np.random.default_rng(0).random((2, 2, 100_000)) + np.array([0.0, 0.5])[:, None, None]
    table = by_label(analysis.ranking(runs_of(losses)))
    assert table["rank_high"].tolist() == [1, 2]
    assert table["with_first"].tolist() == [True, False]
    low, high = table.loc["a", "interval"]
    assert high - low < 0.01  # of all seeds
    ((_, found),) = contests(runs_of(losses[..., :1200]), analysis.best(runs_of(losses[..., :1200])))
    assert found.values.shape == (2, 1200)
    assert found.limited().values.shape == (2, 1000)
    assert [tried.shape for tried in found.limited().tried] == [(2, 1000)] * 2


def test_results_are_the_same_each_time():
    runs = runs_of(np.random.default_rng(0).random((3, 4, 6)))
    pd.testing.assert_frame_equal(analysis.ranking(runs), analysis.ranking(runs))
