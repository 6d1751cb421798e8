"""The order over several cases: published numbers, SciPy as the oracle, and hand calculations."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optlab.results import analysis
from optlab.results.analysis.over_cases import friedman_test, studentized_range

DEMSAR = """
adult               0.763 0.768 0.771 0.798
breast cancer       0.599 0.591 0.590 0.569
breast cancer wis.  0.954 0.971 0.968 0.967
cmc                 0.628 0.661 0.654 0.657
ionosphere          0.882 0.888 0.886 0.898
iris                0.936 0.931 0.916 0.931
liver disorders     0.661 0.668 0.609 0.685
lung cancer         0.583 0.583 0.563 0.625
lymphography        0.775 0.838 0.866 0.875
mushroom            1.000 1.000 1.000 1.000
primary tumor       0.940 0.962 0.965 0.962
rheum               0.619 0.666 0.614 0.669
voting              0.972 0.981 0.9751 0.975
wine                0.957 0.978 0.946 0.970
"""
"""Table 6 of Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006): the AUC of C4.5,
and with tuned m, cf, and both. On voting the paper shows 0.975 twice and ranks cf first, hence the further digit."""
LABELS = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")


def auc():
    return np.array([line.split()[-4:] for line in DEMSAR.strip().splitlines()], dtype=float)


def runs_of(losses, labels="abcdefgh", seeds=1, **columns):
    """A run for each entry of losses, shape (cases, labels) or (cases, labels, seeds)."""
    losses = np.asarray(losses, dtype=float)
    losses = losses[..., None] if losses.ndim == 2 else losses
    case, label, seed = (part.ravel() for part in np.indices(losses.shape))
    return pd.DataFrame(
        {
            "run": range(losses.size), "case": [f"case {n}" for n in case], "label": [labels[n] for n in label],
            "seed": seed, "hp.lr": 0.1, "status": "done", "first_loss": np.nan, "final_loss": losses.ravel(), **columns,
        }
    )  # fmt: skip


def test_the_published_table_of_demsar():
    found = friedman_test(stats.rankdata(-auc(), axis=1), LABELS)
    assert np.round(found.mean_ranks, 3).tolist() == [3.143, 2.0, 2.893, 1.964]
    assert round(found.chi2, 2) == 9.28
    assert round(found.f, 2) == 3.69
    assert round(found.cd, 2) == 1.25
    assert found.f_p == pytest.approx(stats.f.sf(found.f, 3, 39))
    assert 0.01 < found.f_p < 0.05


def test_the_published_table_as_results():
    found = analysis.friedman(runs_of(-auc(), LABELS))
    assert dict(zip(found.labels, np.round(found.mean_ranks, 3), strict=True)) == {
        "C4.5": 3.143, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964
    }  # fmt: skip
    assert (round(found.chi2, 2), round(found.f, 2), round(found.cd, 2)) == (9.28, 3.69, 1.25)


@pytest.mark.parametrize("shape", [(2, 3), (5, 3), (10, 6), (30, 14)])
def test_friedman_is_that_of_scipy(shape):
    losses = np.random.default_rng(0).random(shape)
    found = friedman_test(stats.rankdata(losses, axis=1, method="min"), tuple(map(str, range(shape[1]))))
    expected = stats.friedmanchisquare(*losses.T)
    assert found.chi2 == pytest.approx(expected.statistic)
    assert found.chi2_p == pytest.approx(expected.pvalue)


def test_one_order_on_all_cases_and_equal_labels():
    same = friedman_test(np.tile([1.0, 2.0, 3.0], (5, 1)), LABELS[:3])
    assert same.chi2 == pytest.approx(10.0)
    assert (same.f, same.f_p) == (np.inf, pytest.approx(1 / 6**4))
    tied = friedman_test(np.ones((5, 3)), LABELS[:3])
    assert tied.mean_ranks == (2.0, 2.0, 2.0)
    assert (tied.chi2, tied.chi2_p, tied.f_p) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_the_quantiles_of_nemenyi_are_those_of_the_paper(k, q):
    assert studentized_range(k) / np.sqrt(2) == pytest.approx(q, abs=1e-3)


def test_the_studentized_range_is_that_of_scipy():
    for k in (2, 7, 14, 50):
        assert studentized_range(k) == pytest.approx(stats.studentized_range.ppf(0.95, k, np.inf), rel=1e-6)


def test_mean_ranks_and_their_intervals():
    rng = np.random.default_rng(0)
    losses = rng.random((6, 3, 10)) + np.array([0.0, 5.0, 10.0])[:, None]
    table = analysis.overall(runs_of(losses)).set_index("label")
    assert table["mean_rank"].tolist() == [1.0, 2.0, 3.0]
    assert table["mean_low"].tolist() == table["mean_high"].tolist() == [1.0, 2.0, 3.0]
    assert table["among_first"].tolist() == [1.0, 0.0, 0.0]
    assert table["wins"].tolist() == [6, 0, 0]


def test_the_interval_of_a_mean_rank_comes_from_the_cases_where_the_seeds_are_sure():
    """Label a is first on 3 of 4 cases. In resamples the others are Bin(4, 1/4): the quantiles are 0 and 3."""
    losses = np.array([[1.0, 2.0]] * 3 + [[2.0, 1.0]])
    table = analysis.overall(runs_of(losses)).set_index("label")
    assert table.loc["a", ["mean_rank", "mean_low", "mean_high"]].tolist() == [1.25, 1.0, 1.75]
    assert np.isnan(table["among_first"]).all()  # one run each


def test_one_case_has_no_interval_and_no_tests():
    runs = runs_of([[1.0, 2.0]])
    assert np.isnan(analysis.overall(runs)["mean_low"]).all()
    assert analysis.friedman(runs) is None
    assert analysis.without_each_case(runs).empty


def test_labels_with_errors_are_left_out():
    runs = runs_of([[1.0, 2.0, 3.0]] * 3)
    runs.loc[0, "status"] = "error"
    assert analysis.friedman(runs).labels == ("b", "c")
    assert np.isnan(analysis.overall(runs).set_index("label").loc["a", "mean_low"])
    assert set(analysis.without_each_case(runs)["label"]) == {"b", "c"}


def test_cases_where_all_diverged_do_not_count():
    runs = runs_of([[1.0, 2.0], [2.0, 1.0], [np.inf, np.inf]])
    assert analysis.friedman(runs).cases == 2
    runs.loc[4:5, "status"] = "diverged"
    overall = analysis.overall(runs)
    assert overall["mean_rank"].tolist() == [1.5, 1.5]
    assert overall["diverged"].tolist() == [0.0, 0.0]
    assert analysis.without_each_case(runs)["without"].unique().tolist() == ["case 0", "case 1"]


def test_leaving_out_a_case_by_hand():
    table = analysis.without_each_case(runs_of([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [3.0, 1.0, 2.0]]))
    found = {case: dict(zip(rows["label"], rows["place"], strict=True)) for case, rows in table.groupby("without")}
    assert found == {
        "case 0": {"a": 2, "b": 1, "c": 3}, "case 1": {"a": 2, "b": 1, "c": 3}, "case 2": {"a": 1, "b": 2, "c": 3}
    }  # fmt: skip
    means = table[(table["without"] == "case 2")].set_index("label")["mean_rank"]
    assert means.to_dict() == {"a": 1.0, "b": 2.0, "c": 3.0}


@settings(max_examples=5, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=2, max_size=6), st.randoms())
def test_the_order_of_rows_does_not_matter(losses, random):
    runs = runs_of(losses)
    order = list(range(len(runs)))
    random.shuffle(order)
    shuffled = runs.iloc[order].reset_index(drop=True)
    names = ["mean_rank", "wins"]
    expected = analysis.overall(runs).set_index("label")[names].sort_index()
    pd.testing.assert_frame_equal(analysis.overall(shuffled).set_index("label")[names].sort_index(), expected)
    one, other = analysis.friedman(runs), analysis.friedman(shuffled)
    assert one.chi2 == pytest.approx(other.chi2)
    assert dict(zip(one.labels, one.mean_ranks, strict=True)) == dict(zip(other.labels, other.mean_ranks, strict=True))


@pytest.mark.parametrize(("k", "cases"), [(2, 2), (2, 3), (3, 2), (4, 2)])
def test_few_cases_that_agree_prove_little(k, cases):
    """The F statistic is infinite if all cases agree. By chance they do with probability 1 / k!**(cases - 1)."""
    ranks = np.tile(np.arange(1.0, k + 1), (cases, 1))
    orders = list(itertools.permutations(range(k)))
    agree = np.mean([len(set(chosen)) == 1 for chosen in itertools.product(orders, repeat=cases)])
    assert friedman_test(ranks, tuple("abcd"[:k])).f_p == pytest.approx(agree)
