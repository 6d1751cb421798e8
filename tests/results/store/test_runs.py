"""The table of runs: its columns and rows, and options of several kinds in one column."""

from __future__ import annotations

import pyarrow as pa

from optlab import optimizer
from optlab.execution import runner
from optlab.results import store


def test_the_columns(finished):
    assert list(finished.runs.columns) == [
        *("run", "case", "problem", "optimizer", "label", "seed"),
        *("hp.lr", "hp.raw_eps", "hp.beta1", "hp.beta2", "hp.eps"),
        *("opt.a", "opt.b", "opt.hidden", "opt.activation", "opt.output", "opt.loss", "opt.init"),
        *("opt.dataset", "opt.batch_size"),
        *("schedule", "schedule.every", "schedule.factor", "transforms"),
        *("precision", "status", "steps", "grad_evals", "first_loss", "final_loss", "best_loss", "seconds"),
        *("area", "test_loss", "test_accuracy"),
    ]
    assert list(finished.history.columns) == ["run", "step", "loss", "train_loss", "test_loss", "test_accuracy"]
    assert list(finished.trajectories.columns) == ["run", "step", "x0", "x1"]


def test_the_rows(finished):
    runs = finished.runs
    assert runs["run"].tolist() == list(range(9))
    assert runs["case"].tolist() == ["rosenbrock"] * 3 + ["mlp (xor, hidden=[3], batch_size=8)"] * 6
    assert runs["label"].tolist() == ["gd", "gd", "Adam, step"] + ["gd"] * 4 + ["Adam, step"] * 2
    assert runs["seed"].tolist() == [0, 0, 0, 0, 1, 0, 1, 0, 1]
    assert runs["opt.hidden"].dropna().unique().tolist() == ["[3]"]
    assert runs["schedule"].fillna("").tolist() == ["", "", "step"] + [""] * 4 + ["step"] * 2
    assert runs["hp.beta1"].isna().tolist() == [True, True, False] + [True] * 4 + [False] * 2
    history = finished.history
    assert history.groupby("run")["step"].max().tolist() == runs["steps"].tolist()
    assert history[history["run"] == 7]["train_loss"].notna().sum() == 3
    last = history[history["run"] == 0].iloc[-1]
    assert (last["step"], last["loss"]) == (20, runs["final_loss"][0])


@optimizer
def worded(x, g, *, lr=0.1, mode="plain", on=1.0):
    """A text, and a number."""
    return x - lr * g


@optimizer
def numbered(x, g, *, lr=0.1, mode=2.5, on=True):
    """A number of the same name, and a boolean."""
    return x - lr * g


@optimizer
def counted(x, g, *, lr=1, mode="other"):
    """An integer."""
    return x - lr * g


def test_options_of_one_name_and_several_kinds(planned):
    made = planned(
        {"problem": [{"name": "sphere"}], "optimizer": [{"name": n} for n in ("worded", "numbered", "counted", "gd")]},
        *(worded, numbered, counted),
    )
    table = store.runs_table([(sweep, runner.run(sweep)) for sweep in made.sweeps])
    assert table["hp.mode"].to_pylist() == ["plain", "2.5", "other", None]
    assert table["hp.on"].to_pylist() == ["1", "true", None, None]
    assert table["hp.lr"].to_pylist() == [0.1, 0.1, 1.0, 0.001]
    assert table["hp.lr"].type == pa.float64()
