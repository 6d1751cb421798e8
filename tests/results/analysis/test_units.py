"""The matrix of unit tests: gains and verdicts of a table of runs by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.errors import UserError
from optlab.results import analysis

DIVERGED = np.inf


def runs_of(losses, schedule=None):
    """Runs of unit tests: by case and optimizer, the final losses of the seeds. All start at 1."""
    rows = []
    for case, optimizers in losses.items():
        for optimizer, finals in optimizers.items():
            for seed, final in enumerate(finals):
                rows.append(
                    {
                        "run": len(rows), "case": case, "problem": "unit", "optimizer": optimizer, "label": optimizer,
                        "seed": seed, "noise": "normal" if "noise" in case else None, "opt.slope": 1.0,
                        "opt.curl": 0.0, "opt.shapes": json.dumps(["abs"] if "abs" in case else ["quadratic"]),
                        "opt.rotated": False, "schedule": schedule, "transforms": None, "hp.lr": 0.1,
                        "status": "diverged" if final == DIVERGED else "done", "steps": 10, "grad_evals": 10,
                        "first_loss": 1.0, "final_loss": final, "best_loss": min(final, 1.0), "seconds": 0.1,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


CASES = {
    "abs": {"gd": [0.5], "adam": [0.5], "lion": [-0.5]},  # gains 1, 3
    "smooth": {"gd": [0.0], "adam": [0.95], "lion": [0.0]},  # gains 0.05, 1
    "abs, noise": {"gd": [0.5] * 5, "adam": [0.5, 0.5, 0.5, 0.9, 1.0], "lion": [DIVERGED] * 3 + [0.0] * 2},
    "smooth, noise": {"gd": [0.5] * 5, "adam": [0.5, 0.5, 0.5, 0.99, 1.0], "lion": [0.5] * 4 + [2.0]},
    "hopeless": {"gd": [1.0], "adam": [0.5], "lion": [0.5]},
}


def test_verdicts():
    table = analysis.unit_tests(runs_of(CASES)).set_index(["case", "label"])
    verdicts = table["verdict"].unstack()
    assert verdicts.loc["abs"].to_dict() == {"adam": "good", "gd": "good", "lion": "excellent"}
    assert verdicts.loc["smooth"].to_dict() == {"adam": "slow", "gd": "good", "lion": "good"}
    assert verdicts.loc["abs, noise"].to_dict() == {"adam": "good", "gd": "good", "lion": "diverged"}
    assert verdicts.loc["smooth, noise"].to_dict() == {"adam": "unreliable", "gd": "good", "lion": "good"}
    assert "hopeless" not in verdicts.index  # the reference gains nothing
    assert table.loc[("smooth", "adam"), "gain"] == pytest.approx(0.05)
    assert table.loc[("abs", "lion"), "gain"] == pytest.approx(3.0)


def test_matrix():
    matrix = analysis.units(runs_of(CASES)).set_index(["label", "difficulty"])
    passed = {key: (row["passed"], row["tests"]) for key, row in matrix.iterrows()}
    assert passed["gd", "all"] == (4, 4)
    assert (passed["adam", "no noise"], passed["adam", "normal"], passed["adam", "all"]) == ((1, 2), (1, 2), (2, 4))
    assert (passed["lion", "kinks"], passed["lion", "smooth"]) == ((1, 2), (2, 2))
    assert ("gd", "rotated") not in passed


def test_what_is_missing_is_named():
    with pytest.raises(UserError, match=r'no unit tests in these results.*suite = "units"'):
        analysis.units(runs_of(CASES).assign(problem="sphere"))
    with pytest.raises(UserError, match=r'need a reference: write an .*"gd" or "sgd" with a grid of lr'):
        analysis.units(runs_of({"abs": {"adam": [0.5]}}))
    with pytest.raises(UserError, match="need a reference"):
        analysis.units(runs_of(CASES, schedule="cosine"))


def test_results_of_an_experiment(tmp_path):
    suite = {
        "suite": "units",
        "shapes": ["abs", "quadratic"],
        "dim": [1, 2],
        "slopes": [1.0],
        "noises": ["none", "normal"],
    }
    optimizers = [
        {"name": "gd", "lr": [1e-3, 1e-2, 0.1, 1.0]},
        {"name": "adam", "lr": 1e-9},
        {"name": "adam", "lr": 0.1},
    ]
    document = {
        "name": "u",
        "steps": 60,
        "seeds": 3,
        "record": {"points": 0},
        "problem": [suite],
        "optimizer": optimizers,
    }
    results = optlab.run(document, out=tmp_path, plots=False)
    matrix = results.units().set_index(["label", "difficulty"])
    assert matrix.loc[("gd", "no noise"), "passed"] == matrix.loc[("gd", "no noise"), "tests"]
    assert matrix.loc[("adam", "all"), "passed"] == 0
    assert matrix.loc[("adam (2)", "rotated"), "tests"] == 3
    assert set(results.unit_tests()["shapes"]) == {("abs",), ("quadratic",), ("quadratic", "abs")}
