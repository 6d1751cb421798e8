"""Stored and computed values, compared bit for bit, on tables that are written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optlab.execution import runner
from optlab.results.sharing import sampling
from optlab.results.sharing.differences import compare
from optlab.results.store import runs_table
from optlab.results.store.steps import history, trajectories

DOCUMENT = {
    "steps": 6,
    "record": {"points": 4},
    "problem": [{"name": "sphere"}],
    "optimizer": [{"name": "gd", "lr": [0.1, 0.2, 1e200]}, {"name": "adam", "lr": 0.1}],
}


class Stored:
    """The frames of results."""

    def __init__(self, parts):
        self.runs = runs_table(parts).to_pandas()
        self.history = pd.concat([history(*part).to_pandas() for part in parts], ignore_index=True)
        self.trajectories = pd.concat([trajectories(*part).to_pandas() for part in parts], ignore_index=True)


@pytest.fixture(scope="module")
def parts(planned):
    return [(sweep, runner.run(sweep)) for sweep in planned(DOCUMENT).sweeps]


def changed(parts, frame, run, step, name, value):
    """Stored results with another value in one row."""
    stored = Stored(parts)
    table = getattr(stored, frame)
    row = (table["run"] == run) & ((table["step"] == step) if frame != "runs" else True)
    assert row.sum() == 1
    table.loc[row, name] = value
    return stored


def test_equal_results(parts):
    found = compare(Stored(parts), parts, {})
    assert (found.runs, found.different, found.first, found.largest) == (4, set(), None, 0.0)
    assert "diverged" in set(Stored(parts).runs["status"])


@pytest.mark.parametrize(
    ("frame", "run", "step", "name", "factor"),
    [
        ("history", 1, 4, "loss", 1 + 2**-52),
        ("trajectories", 3, 2, "x1", 1 - 2**-53),
        ("runs", 0, None, "best_loss", 2),
    ],
)
def test_a_changed_number_is_found_where_it_is(parts, frame, run, step, name, factor):
    table = getattr(Stored(parts), frame)
    row = (table["run"] == run) & ((table["step"] == step) if step is not None else True)
    before = float(table.loc[row, name].iloc[0])
    first = compare(changed(parts, frame, run, step, name, before * factor), parts, {}).first
    assert (first.run, first.step, first.quantity) == (run, step, name)
    assert (first.stored, first.computed) == (before * factor, before)
    assert first.relative == pytest.approx(abs(factor - 1) / max(factor, 1), rel=1e-12)


def test_the_first_difference_is_that_of_the_first_run_and_then_of_the_first_step(parts):
    stored = Stored(parts)
    for run, step in ((3, 0), (1, 6), (1, 4)):
        stored.history.loc[(stored.history["run"] == run) & (stored.history["step"] == step), "loss"] = 7.0
    stored.runs.loc[1, "final_loss"] = 7.0
    found = compare(stored, parts, {})
    assert (found.different, found.first.run, found.first.step, found.first.stored) == ({1, 3}, 1, 4, 7.0)


def test_the_sign_of_zero_is_a_bit_and_nan_equals_nan(parts):
    sweep, done = parts[1]
    zero = np.zeros_like(done.final_loss)
    parts = [parts[0], (sweep, type(done)(**{**vars(done), "final_loss": zero}))]
    found = compare(changed(parts, "runs", 3, None, "final_loss", -0.0), parts, {})
    assert (found.first.quantity, str(found.first.stored), str(found.first.computed)) == ("final_loss", "-0.0", "0.0")
    undefined = [parts[0], (sweep, type(done)(**{**vars(done), "final_loss": zero * np.nan}))]
    assert compare(Stored(undefined), undefined, {}).first is None


def test_a_row_that_one_of_both_lacks(parts):
    stored = Stored(parts)
    stored.history = stored.history[~((stored.history["run"] == 1) & (stored.history["step"] == 4))]
    first = compare(stored, parts, {}).first
    assert (first.run, first.step, first.quantity, first.relative) == (1, 4, "loss", float("inf"))
    assert "loss was missing and is" in str(first).replace("nan", "missing")


def test_times_are_not_compared(parts):
    stored = Stored(parts)
    stored.runs["seconds"] += 1.0
    assert compare(stored, parts, {}).first is None


def test_a_sample_has_the_bits_of_the_whole(parts, planned):
    for sweep, whole in parts:
        part = runner.Runner([sweep])(sampling.block_of(sweep, 0.5))
        spread = sampling.among_all(sweep, part, 0.5)
        at = sampling.places(len(sweep), 0.5)
        assert np.flatnonzero(~np.isnan(spread.seconds)).tolist() == at.tolist()
        assert np.array_equal(spread.loss[:, at], whole.loss[:, at], equal_nan=True)
        assert np.isnan(np.delete(spread.loss, at, axis=1)).all()
        (kept, done), *_ = sampling.computed_parts([(sweep, spread)])
        assert kept.run.tolist() == sweep.run[at].tolist()
        assert np.array_equal(done.final_loss, whole.final_loss[at], equal_nan=True)
