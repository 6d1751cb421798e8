"""The table [stop] of an experiment file: its results in files and tables, and its mistakes with line and column."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.api import pipeline
from optlab.errors import SpecError
from optlab.results import analysis


def document(**stop):
    return {
        "name": "stops",
        "steps": 400,
        "stop": stop,
        "record": {"points": 41},
        "problem": [{"name": "sphere", "start": [2.0, 1.0]}],
        "optimizer": [{"name": "gd", "lr": [0.05, 0.1]}, {"name": "adam", "lr": 1e-4}],
    }


def test_results_end_at_the_stop(tmp_path):
    results = optlab.run(document(loss=1e-3), out=tmp_path, plots=False)
    runs, history = results.runs, results.history
    assert runs["stopped"].fillna("").tolist() == ["loss", "loss", ""]
    assert (runs["status"] == "done").all()
    assert results.manifest["stopped"] == {"loss": 2, "gradient_norm": 0, "seconds": 0}
    last = history.groupby("run")["step"].max()
    assert (last <= runs["steps"]).all()
    assert last[2] == runs["steps"][2] == 400
    assert (runs["final_loss"][:2] <= 1e-3).all()
    assert results.ranking()["label"].tolist() == ["gd", "adam"]
    assert "3 done (2 stopped at a loss)" in repr(results)
    curves = analysis.loss_curves(runs, history)
    gd = curves[curves["label"] == "gd"]
    assert gd["step"].max() == 400
    best = results.ranking()["median"][0]
    assert gd["median"].iloc[-1] == best
    assert (np.diff(gd["median"]) <= 0).all()


def test_results_without_limits_have_no_column(tmp_path):
    plain = {key: value for key, value in document().items() if key != "stop"}
    results = optlab.run(plain, out=tmp_path, plots=False)
    assert "stopped" not in results.runs
    assert "stopped" not in results.manifest


HEAD = 'name = "a"\nsteps = 5\nseed = 3\n'
TAIL = '\n[[problem]]\nname = "styblinski_tang"\n[[optimizer]]\nname = "gd"\n'


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("stop = {}", 1, "stop has no limit: write at least one of loss, gradient_norm and seconds"),
        ("[stop]", 2, "stop has no limit: write at least one of loss, gradient_norm and seconds"),
        ("stop = { los = 1.0 }", 10, "unknown key los (did you mean 'loss'?)"),
        ("stop = 3", 1, "stop must be a table, not 3; write stop = { loss = 1e-6 }"),
        ("stop = { gradient_norm = -1.0 }", 10, "gradient_norm must be above 0, not -1.0"),
        ("stop = { seconds = 0 }", 10, "seconds must be above 0, not 0"),
        ('stop = { loss = "small" }', 10, "loss must be a number, not the text 'small'"),
        ("stop = { loss = nan }", 10, "loss must be finite, not nan"),
        ("stop = { loss = -80.0 }", 10, "no run can reach a loss of -80: the minimum of styblinski_tang is -78.3323"),
    ],
)
def test_mistakes(tmp_path, line, column, said):
    file = tmp_path / "a.toml"
    file.write_text(HEAD + line + TAIL)
    with pytest.raises(SpecError) as info:
        pipeline.prepare(str(file))
    (mistake,) = info.value.mistakes
    assert (mistake.line, mistake.column, mistake.message) == (4, column, said)


def test_maps_have_no_limits(planned):
    table = {"basins": {"resolution": 4}, "problem": [{"name": "himmelblau"}], "optimizer": [{"name": "gd"}]}
    with pytest.raises(SpecError, match="stop: the pixels of a map are compared after equally many steps"):
        planned({**table, "stop": {"loss": 1.0}})
