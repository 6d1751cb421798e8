"""What curves of trials say in words. The other sentences are tested where they are printed."""

import pandas as pd
import pytest

from optlab.results.analysis.sentences import trials_text, unsure


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


def test_of_accuracies_the_highest_is_the_best():
    found = curves(a=[0.5, 0.9], b=[0.6, 0.8])
    assert trials_text(found, "test accuracy", higher_is_better=True) == (
        "After 1 trial b has the best expected test accuracy, 0.6; after 2 trials a has it, 0.9."
    )


def test_one_run_each():
    assert unsure() == "one run each: nothing can be said about how sure the order is"
    assert unsure(["beale", "booth"]).startswith("one run each on beale and booth: ")
