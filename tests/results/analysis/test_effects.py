import numpy as np
import pandas as pd
import pytest

from optlab.errors import UnknownName, UserError
from optlab.results import analysis


@pytest.fixture
def runs():
    rows = [
        # label, lr, beta, loss, status
        ("gd", 0.1, np.nan, 5.0, "done"),
        ("momentum", 0.2, 0.9, 3.0, "done"),
        ("momentum", 0.2, 0.5, 2.0, "done"),
        ("momentum", 0.1, 0.9, 1.0, "diverged"),
        ("momentum", 0.1, 0.5, 7.0, "done"),
        ("momentum", 0.4, 0.5, 1.0, "diverged"),
    ]
    frame = pd.DataFrame(rows, columns=["label", "hp.lr", "hp.beta", "final_loss", "status"])
    return frame.assign(run=range(len(rows)), case="bowl", seed=0, first_loss=10.0)


def test_best_over_the_other_hyperparameters_in_the_order_of_values(runs):
    table = analysis.sensitivity(runs)
    assert table["label"].tolist() == ["gd", "momentum", "momentum", "momentum"]
    assert table["value"].tolist() == [0.1, 0.1, 0.2, 0.4]
    assert table["median"].tolist() == [5.0, 7.0, 2.0, np.inf]
    assert table["diverged"].tolist() == [0.0, 0.5, 0.0, 1.0]
    assert table["first"].tolist() == [10.0] * 4


def test_labels_without_the_hyperparameter_do_not_appear(runs):
    table = analysis.sensitivity(runs, "beta")
    assert table["label"].unique().tolist() == ["momentum"]
    assert table["median"].tolist() == [2.0, 3.0]


def test_an_unknown_hyperparameter_is_an_error(runs):
    with pytest.raises(UnknownName, match=r"'betas' \(did you mean 'beta'\?\)"):
        analysis.sensitivity(runs, "betas")


def test_choices_cannot_be_plotted_against(runs):
    with pytest.raises(UserError, match="not numbers"):
        analysis.sensitivity(runs.assign(**{"hp.kind": "a"}), "kind")


def test_a_hyperparameter_without_values_gives_an_empty_table(runs):
    assert analysis.sensitivity(runs.assign(**{"hp.rho": np.nan}), "rho").empty
