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
    assert (result.exit_code, result.stderr) == (2, "directional takes a problem or a function; mine is neither\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["basins", "my.py:f"], "f has no domain to lay the pixels over; write x = [lo, hi] and y = [lo, hi]\n"),
        (["race", "my.py:nope"], "my.py: there is no function 'nope'; there is f, g, bowl, mine\n"),
        (["race", "none.py:f"], "none.py: there is no such file\n"),
        (
            ["stability", "my.py:f", "--x", "lr=0.1:1", "--y", "beta=0:0.9"],
            "f has no start of its own; write a point, as start=[1.0,2.0]\n",
        ),
        (["race", "gd", "--on", "my.py:f"], "f has no start of its own; write a point, as --start 1,2\n"),
        (
            ["race", "gd", "--on", "my.py:f", "--start", "random"],
            "f has no domain to draw a random start from; write a point, as --start 1,2\n",
        ),
        (["race", "gd", "gd"], "gd is given twice with the same settings; leave one out, or give each a label\n"),
        (["race", "gd lr=0.1", "gd  lr=0.1"], "gd is given twice with the same settings; leave one out, or"),
    ],
)
def test_mistakes_in_names_of_functions(lab, words, said):
    result = optlab_(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)


@pytest.mark.parametrize(("start", "end"), [("1,2", "the text '1,2'; write start=[1,2]"), ("1,b", "the text '1,b'")])
def test_a_start_without_brackets_is_one_mistake(lab, start, end):
    result = optlab_("stability", f"my.py:f start={start}", "--x", "lr=0.1:1", "--y", "beta=0:0.9")
    said = f'start must be "random" or a list of numbers, not {end}\n'
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)


def test_an_unknown_name_mentions_a_missing_plugins_folder(lab):
    result = optlab_("race", "powersing")
    assert result.exit_code == 2
    assert f"there is no folder plugins/ here ({lab}) to load drop-in files from" in result.stderr
    assert optlab_("plugins").stdout.endswith(f"there is no folder plugins/ here ({lab}) to load drop-in files from\n")
    Path("plugins").mkdir()
    assert "no folder" not in optlab_("race", "powersing").stderr + optlab_("plugins").stdout


RUN = """
name = "e"
steps = 2
problem = [{ name = "sphere" }]
optimizer = [{ name = "gd", lr = 0.1 }]
"""
MISSING = "there is no folder plugins/ here, so no drop-in files are loaded (--plugins DIR)"
SIDES = ["--resolution=4", "--steps=2", "--no-plots"]


@pytest.mark.parametrize(
    "words",
    [
        ["run", "e.toml", "--no-plots"],
        ["validate", "e.toml"],
        ["race", "gd lr=0.1", "--on=sphere", "--steps=2", "--no-plots"],
        ["basins", "himmelblau", *SIDES],
        ["stability", "ellipsoid", "--x=lr=0.001:0.01", "--y=beta=0:0.9", *SIDES],
        ["list", "schedules"],
        ["check", "gd", "--in-process", "--only", "returns_*"],
    ],
)
def test_a_folder_without_plugins_is_named_once_on_stderr(lab, words):
    Path("e.toml").write_text(RUN, encoding="utf-8")
    Path("others").mkdir()
    plain = optlab_(*words)
    assert plain.exit_code == 0, plain.stderr
    assert plain.stderr.splitlines().count(MISSING) == 1
    assert "no folder" not in plain.stdout
    elsewhere = optlab_(*words, "--plugins", "others")
    Path("plugins").mkdir()
    for done in (elsewhere, optlab_(*words)):
        assert done.exit_code == 0
        assert "no folder" not in done.stderr


def test_a_folder_without_plugins_and_the_streams_of_a_process(lab, optlab_command):
    """stdout is unchanged; --quiet and --json suppress the note."""
    Path("e.toml").write_text(RUN, encoding="utf-8")
    plain = optlab_command("validate", "e.toml", cwd=lab)
    assert (plain.returncode, plain.stderr) == (0, f"{MISSING}\n")
    for words in (["run", "e.toml", "--no-plots", "--quiet"], ["list", "schedules", "--json"]):
        done = optlab_command(*words, cwd=lab)
        assert (done.returncode, done.stderr) == (0, "")
    Path("plugins").mkdir()
    there = optlab_command("validate", "e.toml", cwd=lab)
    assert (there.returncode, there.stdout, there.stderr) == (0, plain.stdout, "")


def test_a_plugins_folder_next_to_the_experiment_is_suggested(lab):
    """An experiment may be started from another folder. The suggested folder is not loaded."""
    other = lab / "mine" / "experiments"
    other.mkdir(parents=True)
    (lab / "mine" / "plugins").mkdir()
    (other / "e.toml").write_text(RUN, encoding="utf-8")
    done = optlab_("validate", "mine/experiments/e.toml")
    assert f"(--plugins {(lab / 'mine' / 'plugins').resolve()})" in done.stderr


def test_completion_includes_drop_in_plugins(lab, forks):
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
        ("explain directional boo", ["booth"]),
        ("explain adam clip_n", ["clip_norm"]),
        ("check lookah", ["lookahead"]),
        ("check cosine_", ["cosine_restarts"]),
        ("list o", ["optimizers"]),
        ("run e.toml --format s", ["svg"]),
    ]:
        words = ["optlab", *typed.split()]
        asked = {"_OPTLAB_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        done = forks.run("optlab", cwd=lab, env=os.environ | asked)
        assert (done.stdout.split(), done.stderr) == (found, "")
