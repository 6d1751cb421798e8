"""The commands for maps: their output, their files and their error messages."""

from __future__ import annotations

import json
import tomllib

import pytest
from typer.testing import CliRunner

from optlab.cli.app import app


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A command, called in this process: its exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments):
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr

    return run


BASINS = (
    "basins",
    "himmelblau",
    "lr=0.01",
    "--optimizer",
    "gd",
    "--optimizer",
    "momentum beta=0.5",
    "--resolution",
    "4",
)
STABILITY = ("stability", "ellipsoid condition=100", "--x", "lr=0.001:0.03", "--y", "beta=0:0.9", "--log", "x")


def test_basins(call, tmp_path):
    status, out, _ = call(*BASINS, "--steps", "200", "--x=-5:5")
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert lines[0] == ["himmelblau"]
    assert lines[2] == [
        "gd",
        "lr=0.01",
        *["25.0", "%", "25.0", "%", "25.0", "%", "25.0", "%", "0.0", "%", "0.0", "%"],
        lines[2][-1],
    ]
    assert lines[3][:3] == ["momentum", "lr=0.01", "beta=0.5"]
    assert out.splitlines()[-1].endswith("manifest.json, and 1 picture in plots/")
    document = tomllib.loads((tmp_path / "results" / "himmelblau_basins" / "spec.toml").read_text())
    assert document == {
        "name": "himmelblau_basins",
        "steps": 200,
        "basins": {"resolution": 4, "x": [-5.0, 5.0]},
        "problem": [{"name": "himmelblau"}],
        "optimizer": [{"name": "gd", "lr": 0.01}, {"name": "momentum", "lr": 0.01, "beta": 0.5}],
    }


def test_the_written_experiment_is_run_again_as_a_file(call, tmp_path):
    call(*BASINS, "--steps", "50", "--no-plots", "-q")
    spec = tmp_path / "results" / "himmelblau_basins" / "spec.toml"
    status, out, _ = call("run", str(spec), "--no-plots")
    assert status == 0
    assert "nothing was computed: these results exist already" in out
    assert call("plot", "results/himmelblau_basins")[1] == "results/himmelblau_basins/plots/basins_himmelblau.png\n"
    assert "96" not in call("validate", str(spec))[2]


def test_stability(call, tmp_path):
    status, out, _ = call(*STABILITY, "--resolution", "6", "--steps", "100", "--color", "steps", "--target", "0.1")
    head, row = (line.split("  ") for line in out.splitlines()[1:3])
    assert status == 0
    assert [part.strip() for part in head if part] == [
        *("optimizer", "best lr", "best beta", "final loss", "steps", "stable", "grew", "diverged"),
    ]
    assert row[0] == "momentum"
    document = tomllib.loads((tmp_path / "results" / "ellipsoid_stability" / "spec.toml").read_text())
    assert document["stability"] == {"x": "lr", "y": "beta", "resolution": 6, "color": "steps", "target": 0.1}
    assert document["problem"] == [{"name": "ellipsoid", "condition": 100}]
    assert document["optimizer"] == [
        {"name": "momentum", "lr": {"log": [0.001, 0.03]}, "beta": {"linear": [0.0, 0.9]}},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("basins", "himmelblau", "--x", "1"), "--x: '1' is no range LOW:HIGH, like 0.1:0.2\n"),
        (("basins", "himmelblau", "lr"), "'lr' is not NAME=VALUE, like lr=0.01\n"),
        (("basins", "gd"), "there is no problem 'gd': it is an optimizer; write it after --optimizer\n"),
        (("basins", "himmelbau"), "there is no problem 'himmelbau' (did you mean 'himmelblau'?)\n"),
        (
            ("basins", "himmelblau", "--optimizer", "gdd", "--optimizer", "gdd lr=0.1", "--resolution", "1"),
            "resolution must be at least 2, not 1\nthere is no optimizer 'gdd' (did you mean 'gd'?)\n",
        ),
        (
            ("basins", "himmelblau", "--name", ""),
            "name must be a plain folder name (letters and digits, with _ - + = ( ) . , and spaces between), "
            "not the text ''\n",
        ),
        (("stability", "sphere", "--x", "lr", "--y", "beta=0:1"), "--x: 'lr' is not NAME=LOW:HIGH, like lr=0.01:1\n"),
        (("stability", "sphere", "--x", "lr=0:1", "--y", "beta=1"), "--y: '1' is no range LOW:HIGH, like 0.1:0.2\n"),
        (
            ("stability", "sphere", "--x", "lr=0:1", "--y", "beta1=0:1"),
            "momentum has no option 'beta1' (did you mean 'beta'?)\n",
        ),
        (
            ("stability", "sphere", "lr=0.3", "--x", "lr=0:1", "--y", "beta=0:0.9"),
            "'lr' is along a side of the map; leave lr=0.3 out\n",
        ),
        (
            ("stability", "sphere", "--optimizer", "momentum lr=0.5", "--x", "lr=0:1", "--y", "beta=0:0.9"),
            "'lr' is along a side of the map; leave lr=0.5 out\n",
        ),
        (("race", "gdd"), "there is no optimizer 'gdd' (did you mean 'gd'?)\n"),
    ],
)
def test_mistakes(call, tmp_path, arguments, message):
    assert call(*arguments) == (2, "", message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [BASINS, (*STABILITY, "--resolution", "4")], ids=["basins", "stability"])
@pytest.mark.parametrize("backend", ["native", "replay"])
def test_backend(call, tmp_path, command, backend):
    status, _, _ = call(*command, "--steps", "20", "--no-plots", "--backend", backend)
    assert status == 0
    (manifest,) = (tmp_path / "results").glob("*/manifest.json")
    assert {sweep["backend"] for sweep in json.loads(manifest.read_text())["sweeps"]} == {backend}


BAD = """\
from optlab import optimizer

@optimizer
def bad(x, g, *, lr=0.01, beta=0.5):
    "Bad."
    raise RuntimeError("so it is")
"""


@pytest.mark.parametrize(("command", "first"), [(BASINS, "gd  lr=0.01"), (STABILITY, "momentum")])
@pytest.mark.parametrize("alone", [False, True])
def test_a_map_of_failed_runs_shows_errors_instead_of_numbers(call, tmp_path, command, first, alone):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "bad.py").write_text(BAD)
    words = [*command, "--steps", "20", *([] if command is BASINS else ["--resolution", "4"])]
    if alone:
        words = [word for word in words if word not in ("--optimizer", "gd", "momentum beta=0.5")]
    elif command is STABILITY:
        words += ["--optimizer", "momentum"]
    status, out, err = call(*words, "--optimizer", "bad")
    lines = out.splitlines()
    (row,) = [line.split() for line in lines if line.startswith("bad")]
    others = {*row} - {"bad", "lr=0.01", "beta=0.5"}
    assert (status, others) == (1, {"error", "-"})
    assert row.index("error") < row.index("-")
    assert [
        line for line in lines if line.startswith("error: bad, 16 runs: ") and line.endswith("RuntimeError: so it is")
    ]
    assert [line for line in lines if line.startswith(first)] or alone
    pictures = 0 if alone else 1
    folder = tmp_path / "results" / f"{command[1].split()[0]}_{command[0]}"
    assert len([*folder.glob("plots/*.png")]) == pictures
    assert "16 runs ended with an error" in err
