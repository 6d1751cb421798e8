"""The advice for maps that show nothing: the text itself, in the picture, and on the terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app
from optlab.experiments.maps.advice import of_basins, of_stability
from optlab.figures import tiles


def basin(lr, **more):
    return optlab.basins("himmelblau", f"gd lr={lr}", resolution=6, plots=False, **more).maps[0]


def stable(x, **more):
    given = {"x": f"lr={x}", "y": "beta=0:0.9", "log": "x", "resolution": 4, "plots": False, **more}
    return optlab.stability("ellipsoid condition=100", "momentum", **given).maps[0]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_advice_for_basins():
    assert of_basins(basin(0.01, steps=300), 300) == ""
    assert of_basins(basin(1e-7, steps=1), 1) == (
        "no run reached a minimum in 1 step: try more steps, or a larger learning rate"
    )
    assert of_basins(basin(100.0, steps=50), 50) == "all runs diverged: try a smaller learning rate"


def test_advice_for_stability():
    assert of_stability(stable("0.001:0.03", steps=50), 50) == ""
    assert of_stability(stable("100:1000", steps=400), 400) == "all runs diverged: try smaller values of lr"
    grew = stable("0.5:1", steps=3)
    assert not grew.stable.any()
    assert of_stability(grew, 3) == "the loss grew in all runs or they diverged: try smaller values of lr"
    slow = stable("1e-9:1e-8", steps=20, color="steps", target=1e-6)
    assert of_stability(slow, 20) == (
        "no run reached a loss of 1e-06 in 20 steps: try more steps, other ranges, or a higher target"
    )


@optlab.problem(domain=(-1.0, 1.0), start=(0.5, 0.5), dim=2)
def level(x):
    """A constant."""
    return 3.0 + 0.0 * np.sum(x)


@optlab.problem(domain=(-1.0, 1.0), start=(0.5, 0.5), dim=2)
def trough(x):
    """Lowest along a line."""
    return np.maximum(np.abs(x[0]) - 0.3, 0.0)


@pytest.mark.parametrize(("function", "lr"), [(level, 0.1), (level, 1e3), (trough, 0.25)])
def test_advice_for_functions_without_a_single_minimum(function, lr):
    """Neither more steps nor another learning rate would help."""
    (panel,) = optlab.basins(function, f"gd lr={lr}", resolution=6, steps=20, plots=False).maps
    assert (
        of_basins(panel, 20)
        == "all runs end at the same loss: the function is constant there, and has no single minimum"
    )


@pytest.mark.parametrize("more", [{}, {"color": "steps", "target": 1.0}])
def test_advice_for_stability_of_a_constant_function(more):
    sides = {"x": "lr=0.01:1", "y": "beta=0:0.9", "resolution": 4, "steps": 20, "plots": False}
    (panel,) = optlab.stability(level, "momentum", **sides, **more).maps
    said = "the loss of no run changed: the function is constant around the start, or the steps are too small"
    assert of_stability(panel, 20) == said


def test_runs_that_failed_give_no_advice():
    assert of_basins(replace(basin(1e-7, steps=1), failed=36), 1) == ""


def test_advice_is_in_the_picture_and_on_the_terminal(tmp_path):
    words = ["basins", "himmelblau", "--optimizer", "gd lr=1e-7", "--optimizer", "gd lr=0.01", "--resolution", "6"]
    done = CliRunner().invoke(app, [*words, "--steps", "100", "--no-plots"])
    assert done.exit_code == 0
    said = " ".join(done.stdout.split())
    assert "lr=1e-07 on himmelblau: no run reached a minimum in 100 steps: try more steps" in said
    assert said.count("no run reached") == 1
    results = optlab.load(tmp_path / "results" / "himmelblau_basins")
    (figure,) = results.figures().values()
    notes = [[t.get_text() for t in axes.texts if t.get_gid() == tiles.NOTE] for axes in figure.axes[:2]]
    assert [len(texts) for texts in notes] == [1, 0]
    assert notes[0][0].replace("\n", " ").startswith("no run reached a minimum in 100 steps")
