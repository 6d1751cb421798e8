"""`optlab race` in a separate process."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib

import pytest
from typer.testing import CliRunner

from optlab.api import race as races
from optlab.cli import watch
from optlab.cli.app import app
from optlab.cli.commands import race


def test_a_race_from_one_line(tmp_path, optlab_command):
    words = ["race", "gd", "momentum", "lr=0.01", "beta=0.8", "--on", "booth,ellipsoid condition=[10,20]", "--steps=20"]
    done = optlab_command(*words, "--lr", "0.001:0.1:3", "--name", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "learning rates tuned by the final loss: gd"
    assert [line for line in lines if line.startswith(("booth", "ellipsoid"))] == [
        *("booth", "ellipsoid (condition=10)", "ellipsoid (condition=20)"),
    ]
    assert "12 runs of 12 cells: 12 done" in lines
    folder = tmp_path / "results" / "mine"
    assert len(list((folder / "plots").glob("*.png"))) == 14
    document = tomllib.loads((folder / "spec.toml").read_text())
    assert document["optimizer"] == [
        {"name": "gd", "lr": {"log": [0.001, 0.1], "num": 3}},
        {"name": "momentum", "lr": 0.01, "beta": 0.8},
    ]
    assert [problem["name"] for problem in document["problem"]] == ["booth", "ellipsoid"]

    again = optlab_command("run", "results/mine/spec.toml", cwd=tmp_path)
    assert "nothing was computed" in again.stdout
    plots = optlab_command("plot", "results/mine", "--format", "svg", cwd=tmp_path)
    assert len(plots.stdout.splitlines()) == 14


def test_without_tuning_there_is_no_note_on_tuning(tmp_path, optlab_command):
    done = optlab_command(
        *("race", "gd lr=0.01", "--on", "sphere", "--steps", 5, "--start", "1,2", "--schedule", "cosine warmup=2"),
        *("--no-plots", "--backend", "replay"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "tuned" not in done.stdout
    document = tomllib.loads((tmp_path / "results" / "race" / "spec.toml").read_text())
    assert document["problem"] == [{"name": "sphere", "start": [1.0, 2.0]}]
    assert document["optimizer"][0]["schedule"] == {"name": "cosine", "warmup": 2}
    quiet = optlab_command("race", "gd", "--on", "sphere", "--steps", 5, "--no-plots", "-q", cwd=tmp_path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["adm"], "there is no optimizer 'adm' (did you mean 'adam'?)"),
        (["beale", "adam"], "there is no optimizer 'beale': it is a problem; write it after --on"),
        (["adam", "--on", "gd"], "there is no problem 'gd': it is an optimizer; write it before --on"),
        (["adam", "--on", "beale,beale"], "beale is given twice with the same settings; leave one out"),
        (["adam beta=1"], "adam has no option 'beta'"),
        (["adam", "--on", "bale"], "there is no problem 'bale' (did you mean 'beale'?)"),
        (["adam", "--lr", "0.1"], "lr: '0.1' is not LOW:HIGH:NUM, like 1e-4:10:11"),
        (
            ["adam", "--lr", "0.1:1:1"],
            "lr: '0.1:1:1' is not LOW:HIGH:NUM, like 1e-4:10:11, with a NUM from 2 to 1,000,000",
        ),
        (
            ["adam", "--lr", "0.1:1:1" + "0" * 5000],
            "is not LOW:HIGH:NUM, like 1e-4:10:11, with a NUM from 2 to 1,000,000",
        ),
        (["adam beta1=1" + "0" * 5000], "adam: 'beta1' takes a number, not the text"),
        (["adam", "--start", "here"], "--start"),
        (["adam", "--schedule", "cosin"], "there is no schedule 'cosin' (did you mean 'cosine'?)"),
        (["adam", "--plugins", "nowhere"], "--plugins nowhere: there is no such folder"),
        ([], "Missing argument"),
    ],
)
def test_mistakes(tmp_path, optlab_command, words, message):
    done = optlab_command("race", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_defaults_are_those_of_python():
    command, function = (inspect.signature(f).parameters for f in (race.race, races.race))
    for name in ("steps", "seeds", "start", "lr", "schedule", "name"):
        assert command[name].default == function[name].default
    assert function["lr"].default == races.RATES


def test_watch_passes_every_option_to_the_next_round(tmp_path, monkeypatch):
    options = ["--on=sphere", "--on=booth b=2", "--steps=7", "--seeds=2", "--start=-1,2", "--lr=0.1:1:2"]
    options += ["--schedule=cosine", "--name=mine", f"--out={tmp_path}", "--format=svg", f"--plugins={tmp_path}"]
    options += ["--only=gd", "--top=3", "--backend=replay", "--executor=dask", "--workers=2"]
    options += ["--scheduler=tcp://127.0.0.1:1", "--no-plots", "--quiet"]
    others = {re.match(r"--([a-z-]+)", option)[1].replace("-", "_") for option in options}
    assert others | {"names", "watch"} == set(inspect.signature(race.race).parameters)
    repeated = []
    monkeypatch.setattr(watch, "repeat", lambda words, files, *_: repeated.append((words, files)) or sys.exit())
    CliRunner().invoke(app, ["race", "gd", "lr=0.1", *options, "--watch"])
    assert repeated == [(["race", *options, "--", "gd", "lr=0.1"], [])]
