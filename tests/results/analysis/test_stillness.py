"""Runs whose loss never changed, in a table written by hand."""

from __future__ import annotations

import pandas as pd

from optlab.results.analysis import still


def test_runs_whose_loss_never_changed():
    rows = [  # case, label, status, steps, first, final, best
        ("a", "gd", "done", 5, 1.0, 1.0, 1.0),
        ("a", "gd", "done", 5, 1.0, 1.0, 1.0),
        ("a", "gd", "done", 5, 1.0, 0.5, 0.5),
        ("a", "adam", "done", 5, 1.0, 1.0, 0.5),  # the loss changed and returned to its first value
        ("a", "lion", "diverged", 5, 1.0, float("nan"), 1.0),
        ("a", "yogi", "error", 0, float("nan"), float("nan"), float("nan")),
        ("b", "gd", "done", 5, 0.0, 0.0, 0.0),
        ("b", "adam", "done", 0, 1.0, 1.0, 1.0),  # no step was taken
    ]
    runs = pd.DataFrame(rows, columns=["case", "label", "status", "steps", "first_loss", "final_loss", "best_loss"])
    assert still(runs).to_dict("records") == [
        {"case": "a", "label": "gd", "runs": 2},
        {"case": "b", "label": "gd", "runs": 1},
    ]
    assert still(runs[runs["label"] == "adam"]).empty
