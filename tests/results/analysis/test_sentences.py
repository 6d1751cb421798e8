"""What curves of trials and a choice of settings say in words. Other sentences are tested where they are printed."""

import numpy as np
import pandas as pd
import pytest

from optlab.results.analysis.contest import Contest
from optlab.results.analysis.ranks import judge
from optlab.results.analysis.sentences import strategies_text, sureness, trials_text, unsure
from optlab.results.analysis.verdict import Verdict


def curves(**expected):
    parts = [pd.DataFrame({"label": label, "k": range(1, len(y) + 1), "expected": y}) for label, y in expected.items()]
    return pd.concat(parts)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"a": [3.0, 2.0, 1.0], "b": [4.0, 3.0, 2.0]},
         "After 1 trial a has the best expected loss, 3, and still after 3 trials, 1."),
        ({"a": [3.0, 2.0, 0.5], "b": [2.0, 1.5, 1.0]},
         "After 1 trial b has the best expected loss, 2; after 3 trials a has it, 0.5."),
        ({"a": [3.0, 1.0, 0.5], "b": [2.0, 1.5, 1.0]},
         "After 1 trial b has the best expected loss, 2; after 2 trials or more a has it, 0.5 in the end."),
        ({"a": [1.0, 2.0, 0.5], "b": [2.0, 1.5, 1.0]},
         "After 1 trial a has the best expected loss, 1, and again after 3 trials, 0.5."),
        ({"a": [1.0, -64.1999], "b": [2.0, -64.2]},  # b is better in the last digits only
         "After 1 trial a has the best expected loss, 1, and still after 2 trials, -64.2."),
        ({"a": [3.0, 2.0, 1.0], "b": [4.0, 1.0]},  # b has two trials only
         "After 1 trial a has the best expected loss, 3; after 2 trials b has it, 1."),
    ],
)  # fmt: skip
def test_who_is_ahead_after_how_many_trials(expected, said):
    assert trials_text(curves(**expected), "loss") == said


def test_labels_with_commas_are_in_quotes():
    assert trials_text(curves(**{"adam, cosine": [2.0, 1.0], "gd": [3.0, 2.0]}), "loss").startswith(
        'After 1 trial "adam, cosine" has the best'
    )
    rows = {"case": "c", "label": ["gd, step", "gd"] * 2, "seed": [0, 0, 1, 1], "value": [1.0, 2.0] * 2}
    table = judge(pd.DataFrame(rows))
    verdict = Verdict(Contest.of(("gd, step", "gd"), np.array([[1.0, 1.0], [2.0, 2.0]])))
    assert table["seeds_needed"].tolist() == [pd.NA, 6]
    said = sureness(table.assign(failed=0).to_dict("records"), verdict)
    assert said == 'with 2 seeds, gd cannot be distinguished from "gd, step"; 6 seeds or more would distinguish them'


def test_of_accuracies_the_highest_is_the_best():
    found = curves(a=[0.5, 0.9], b=[0.6, 0.8])
    assert trials_text(found, "test accuracy", higher_is_better=True) == (
        "After 1 trial b has the best expected test accuracy, 0.6; after 2 trials a has it, 0.9."
    )


def test_whether_tuning_is_better_than_trying():
    ends = {"constant": (-0.3, -0.1), "cosine": (-0.2, 0.1), "step": (0.1, 0.2), "linear": (-0.2, -0.1)}
    rows = [
        {"schedule": name, "strategy": strategy, "trials": trials, "low": low, "high": high}
        for name, (low, high) in ends.items()
        for strategy in ("all", "one")
        for trials in (5, 20)
    ]
    assert strategies_text(pd.DataFrame(rows), "schedule") == (
        "Tuning one optimizer with 20 trials, instead of trying all with 5 trials each: "
        "better (constant, linear); not distinguished (cosine); worse (step)."
    )


def test_one_run_each():
    assert unsure() == "one run each: nothing can be said about how sure the order is"
    assert unsure(["beale", "booth"]).startswith("one run each on beale and booth: ")
    timed = "the runs of an optimizer are timed together: one measurement each, nothing can be said about how sure"
    assert unsure(is_shared=True) == f"{timed} the order is"


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        (5.0, "a is better than all others, with the first 1,000 of 1,500 seeds (at the 5 % level)"),
        (
            0.0,
            "with the first 1,000 of 1,500 seeds, b cannot be distinguished from a; more than 1,000 seeds",
        ),
    ],
)
def test_very_many_seeds(worse, said):
    values = np.random.default_rng(5).random((2, 1500))
    values[1] += worse
    table = judge(pd.DataFrame({"case": "c", "label": ["a"] * 1500 + ["b"] * 1500, "seed": [*range(1500)] * 2,
                                "value": values.ravel()}))  # fmt: skip
    verdict = Verdict(Contest.of(("a", "b"), values))
    rows = table.assign(failed=0).to_dict("records")
    assert sureness(rows, verdict).startswith(said)


@pytest.mark.parametrize(
    ("third", "said"),
    [
        ([5.0] * 10, "a is better than all others with several runs, with 10 seeds (at the 5 % level)"),
        ([0.0, 5.0] * 5, "with 10 seeds, c cannot be distinguished from a"),
    ],
)
def test_two_of_three_with_one_run(third, said):
    values = np.array([[1.0] * 10, [2.0] * 10, third])
    contest = Contest(("a", "b", "c"), values, tuple(values[:, None]), (0, 0, 0), copied=frozenset("ab"))
    verdict = Verdict(contest)
    columns = zip(contest.labels, verdict.ranks, verdict.with_first, strict=True)
    rows = [{"label": label, "rank": rank, "failed": 0, "with_first": first} for label, rank, first in columns]
    alone = "a and b have one run each: nothing can be said about how sure their order is"
    assert sureness(sorted(rows, key=lambda row: row["rank"]), verdict) == f"{said}; {alone}"


@pytest.mark.parametrize(
    ("tried", "more"),
    [
        # in 7 of 27 resamples of the tuning seeds the other setting is chosen, whose runs are worse than those of b
        ([[0.0, 0.0, 9.0], [5.0, 5.0, 5.0]], "; with settings chosen on other tuning seeds, another could be first"),
        ([[0.0, 0.0, 0.0], [5.0, 5.0, 5.0]], ""),
        ([[0.0, 0.0, 9.0]], ""),
    ],
)
def test_a_first_that_depends_on_the_tuning_seeds(tried, more):
    values = np.stack([np.zeros(10), np.ones(10)])
    verdict = Verdict(Contest(("a", "b"), values, (np.array(tried), np.zeros((1, 3))), (0, 0), is_judged_apart=True))
    rows = [
        {"label": label, "rank": rank, "failed": 0, "with_first": with_first}
        for label, rank, with_first in zip("ab", verdict.ranks, verdict.with_first, strict=True)
    ]
    assert sureness(rows, verdict) == f"a is better than all others, with 10 seeds (at the 5 % level){more}"
