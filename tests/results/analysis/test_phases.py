"""Runs are divided by phase; without the column, all of them are judged."""

from __future__ import annotations

import pandas as pd
import pytest

from optlab.results.analysis import phases


@pytest.mark.parametrize("kind", [str, "category", object])
def test_every_run_belongs_to_one_phase(kind):
    phase = pd.Series(["judging", "tuning", "judging", "tuning", "tuning"], dtype=kind)
    runs = pd.DataFrame({"run": [4, 3, 2, 1, 0], "phase": phase})
    pd.testing.assert_frame_equal(phases.judged(runs), runs.iloc[[0, 2]].reset_index(drop=True))
    pd.testing.assert_frame_equal(phases.tuned(runs), runs.iloc[[1, 3, 4]].reset_index(drop=True))


def test_without_the_column_all_runs_are_judged():
    runs = pd.DataFrame({"run": [4, 3], "label": ["a", "b"]}, index=[7, 9])
    pd.testing.assert_frame_equal(phases.judged(runs), runs)
    assert phases.tuned(runs).empty
    assert phases.tuned(runs).columns.tolist() == ["run", "label"]


def test_one_phase_may_be_empty():
    runs = pd.DataFrame({"run": [0], "phase": ["tuning"]})
    assert phases.judged(runs).empty
    assert phases.tuned(runs)["run"].tolist() == [0]
