"""Names on the command line: of kinds, of functions in files, and their completion."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app
from optlab.cli.completion import names

MINE = """\
import numpy as np
from optlab import optimizer, problem

def f(x, b=2.0):
    return np.sum(x**2) * b

def g(a, c):
    return a**2 + c**2

@problem(domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=(0.0, 0.0))
def bowl(x):
    return np.sum(x**2)

@optimizer
def mine(x, g, *, lr=0.1):
    return x - lr * g
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(MINE, encoding="utf-8")
    return tmp_path


def optlab_(*words):
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "optimisers"], "'optimisers' is not one of optimizers, problems, schedules, transforms, datasets"),
        (["list", "optimizer"], "(did you mean 'optimizers'?)"),
        (["new", "optimiser", "x"], "(did you mean 'optimizer'?)"),
        (["run", "e.toml", "--format", "pgn"], "(did you mean 'png'?)"),
        (
            ["run", "e.toml", "--backend", "nativ"],
            "'nativ' is not one of auto, native, replay (did you mean 'native'?)",
        ),
        (["stability", "sphere", "--x", "lr=0.1:1", "--y", "beta=0:0.9", "--color", "step"], "(did you mean 'steps'?)"),
        (["stability", "sphere", "--x", "lr=0.1:1", "--y", "beta=0:0.9", "--log", "z"], "'z' is not one of x, y"),
    ],
)
def test_kinds(words, said):
    result = optlab_(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.split())


def test_functions_and_plugins_in_files(lab):
    sides = ["--x=-1:1", "--y=-1:1", "--resolution=4", "--steps=100", "--no-plots", "--quiet"]
    for name in ("f b=3.0", "g", "bowl"):
        result = optlab_("basins", f"my.py:{name}", *sides, "--optimizer", "my.py:mine lr=0.1")
        assert (result.exit_code, result.stderr) == (0, "")
        results = optlab.load(lab / "results" / f"{name.split()[0]}_basins")
        assert set(results.runs["label"]) == {"mine"}
        assert results.runs["final_loss"].max() < 1e-3
    raced = optlab_(
        "race", "my.py:mine", "adam", "--on", "my.py:bowl", "--steps=10", "--lr=0.1:1:3", "--no-plots", "-q"
    )
    assert (raced.exit_code, raced.stderr) == (0, "")
    assert optlab.load(lab / "results" / "race").runs.groupby("label").size().to_dict() == {"adam": 3, "mine": 3}


def test_directional_of_functions_in_files(lab):
    for name, gradient in (
        ("f", "∇f = (4, 8)"),
        ("f b=1.0", "∇f = (2, 4)"),
        ("g", "∇f = (2, 4)"),
        ("bowl", "∇f = (2, 4)"),
    ):
        result = optlab_("explain", "directional", f"my.py:{name}", "--at", "1,2")
        assert result.exit_code == 0, result.stderr
        assert gradient in result.stdout
    result = optlab_("explain", "directional", "my.py:mine", "--at", "1,2")
    assert (result.exit_code, result.stderr) == (2, "directional takes a problem or a function, and mine is neither\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["basins", "my.py:f"], "f has no domain to lay the pixels over; write x = [lo, hi] and y = [lo, hi]\n"),
        (["race", "my.py:nope"], "my.py: there is no function 'nope'; there is f, g, bowl, mine\n"),
        (["race", "none.py:f"], "none.py: there is no such file\n"),
        (
            ["stability", "my.py:f", "--x", "lr=0.1:1", "--y", "beta=0:0.9"],
            "f has no start of its own; write a point, as",
        ),
    ],
)
def test_mistakes_in_names_of_functions(lab, words, said):
    result = optlab_(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)


def test_an_unknown_name_without_a_plugins_folder_says_so(lab):
    result = optlab_("race", "powersing")
    assert result.exit_code == 2
    assert f"there is no folder plugins/ here ({lab}) to load drop-in files from" in result.stderr
    assert optlab_("plugins").stdout.endswith(f"there is no folder plugins/ here ({lab}) to load drop-in files from\n")
    Path("plugins").mkdir()
    assert "no folder" not in optlab_("race", "powersing").stderr + optlab_("plugins").stdout


def test_completion_knows_the_plugins(lab, optlab_command):
    Path("plugins").mkdir()
    Path("plugins", "ours.py").write_text(MINE.replace("def mine", "def adamine"), encoding="utf-8")
    assert names("optimizers")("adami") == ["adamine"]
    assert names("problems")("rosenbrock,him") == ["rosenbrock,himmelblau"]
    for typed, found in [
        ("race adami", ["adamine"]),
        ("race adam --on bow", ["bowl"]),
        ("race adam --schedule cosine_", ["cosine_restarts"]),
        ("basins himm", ["himmelblau"]),
        ("explain directi", ["directional"]),
        ("list o", ["optimizers"]),
        ("run e.toml --format s", ["svg"]),
    ]:
        words = ["optlab", *typed.split()]
        asked = {"_OPTLAB_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        done = optlab_command(cwd=lab, env=os.environ | asked)
        assert (done.stdout.split(), done.stderr) == (found, "")
