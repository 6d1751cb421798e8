"""The other commands, and how fast and how quietly the command line starts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app
from optlab.experiments import document as documents
from optlab.plugins import registry
from tests.cases import first_cases

OPTLAB = str(Path(sys.executable).with_name("optlab"))
HEAVY = {"numpy", "pandas", "matplotlib", "pyarrow", "llvmlite", "pydantic"}
EXPERIMENT = """\
name = "e"
steps = 40
seeds = 5
[[problem]]
name = "rosenbrock"
[[problem]]
name = "mlp"
dataset = "xor"
hidden = [4]
batch_size = 16
[[optimizer]]
name = "gd"
lr = { log = [1e-4, 1.0], num = 5 }
[[optimizer]]
name = "adam"
"""
MINE = """\
from optlab import optimizer, problem, schedule, dataset

@optimizer
def mine(x, g, m=0.0, *, lr=0.5, mode="[b]plain[/b]"):
    '''A rule with [red]markup[/red].'''
    return x - lr * g, m
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A command, called in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments):
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


# ---- list and plugins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["optimizers", "problems", "schedules", "datasets"])
def test_list(call, built_in, kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    table = call("list", kind)
    rows = json.loads(call("list", kind, "--json"))
    assert [row["name"] for row in rows] == list(getattr(built_in, kind))
    for row, plugin in zip(rows, getattr(built_in, kind).values(), strict=True):
        assert row["summary"]
        assert Path(row["file"]).is_file()
        assert set(row["options"]) >= set(plugin.signature.options)
        (line,) = [line for line in table.splitlines() if line.split()[0] == row["name"]]
        assert row["summary"] in line
        assert all(f"{name}=" in line for name in row["options"])
        assert line.rstrip().endswith(Path(row["file"]).name)


@pytest.mark.parametrize(
    "kind", first_cases(2, ["optimizers", "problems", "schedules", "transforms", "datasets", "suites"])
)
def test_a_list_in_a_pipe_is_as_wide_as_a_page(tmp_path, built_in, kind):
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run([OPTLAB, "list", kind], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert max(map(len, done.stdout.splitlines())) <= 100
    first = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert first == ["name", *getattr(built_in, kind)]


def test_which_problems_take_any_dim(call):
    dims = {row["name"]: row["dim"] for row in json.loads(call("list", "problems", "--json"))}
    assert (dims["rosenbrock"], dims["beale"], dims["mlp"]) == ("any", 2, None)
    lines = {line.split()[0]: line for line in call("list", "problems").splitlines()}
    assert "dim" in lines["name"].split()
    assert "any" in lines["rosenbrock"].split()
    assert "any" not in lines["beale"].split()


def test_a_drop_in_file_in_the_list(call, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(MINE)
    (line,) = [line for line in call("list", "optimizers").splitlines() if line.startswith("mine")]
    parts = [part.strip() for part in line.split("  ") if part.strip()]
    assert parts == ["mine", 'lr=0.5, mode="[b]plain[/b]"', "A rule with [red]markup[/red].", "plugins/mine.py"]
    (row,) = [row for row in json.loads(call("list", "optimizers", "--json")) if row["name"] == "mine"]
    assert (row["options"], row["state"], row["line"]) == ({"lr": 0.5, "mode": "[b]plain[/b]"}, ["m"], 3)


def test_plugins(call, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "mine.py").write_text(MINE)
    (tmp_path / "more" / "broken.py").write_text("x = (\n")
    lines = call("plugins", "--plugins", "more").splitlines()
    assert [line.split() for line in lines if "more/mine.py" in line] == [["more/mine.py", "drop-in", "mine"]]
    (broken,) = [line for line in lines if line.startswith("more/broken.py")]
    assert "NOT LOADED: more/broken.py:1:5: SyntaxError: '(' was never closed" in broken
    assert [line.split() for line in lines if line.startswith("optlab.plugins.optimizers.adam ")] == [
        ["optlab.plugins.optimizers.adam", "built-in", "adam"]
    ]
    rows = json.loads(call("plugins", "--plugins", "more", "--json"))
    assert rows[-2]["error"].startswith("more/broken.py:1:5: SyntaxError")
    assert "Traceback" in rows[-2]["details"]


# ---- validate and schema ---------------------------------------------------------------------------------------------


def test_validate_prints_the_size_of_the_grid(call, tmp_path):
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    out = call("validate", "e.toml")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:5] == ["e:", "the", "experiment", "is", "valid"]
    assert ["gd", "rosenbrock", "5", "40", "200", "replay"] in [line[:6] for line in lines]
    network = ["gd", "mlp", "(xor,", "hidden=[4],", "batch_size=16)", "25", "40", "1,000", "replay", "about"]
    assert network in [line[:10] for line in lines]
    assert "12 cells, 36 runs, 4 sweeps, 1,440 gradient evaluations" in out.splitlines()
    assert "(24 repeats of deterministic cells are left out)" in out.splitlines()
    assert [path.name for path in tmp_path.iterdir()] == ["e.toml"]


def test_validate_counts_what_several_numbers_of_trials_compute_at_most(call, tmp_path):
    tuned = EXPERIMENT.replace("seeds = 5", "seeds = 5\n[tuning]\ntrials = [0, 3, 5]\nseeds = 2", 1)
    (tmp_path / "e.toml").write_text(tuned.replace("{ log = [1e-4, 1.0], num = 5 }", "{ log_uniform = [1e-4, 1.0] }"))
    lines = call("validate", "e.toml").splitlines()
    # gd has the defaults and 5 points, adam one setting, as its defaults and as its point; two seeds on the network
    assert "16 cells, 24 runs, 4 sweeps, 960 gradient evaluations for tuning" in lines
    assert "and at most 36 runs, 1,440 gradient evaluations for judging the chosen settings" in lines


def test_optimizers_of_other_packages(call, tmp_path):
    """The back end and its reason, and the number of gradients, which is shown if it differs."""
    head = 'name = "e"\nsteps = 60\n[[problem]]\nname = "rosenbrock"\n[[optimizer]]\nname = "gd"\n'
    (tmp_path / "e.toml").write_text(head + '[[optimizer]]\nname = "scipy:L-BFGS-B"\n')
    row = ["scipy:L-BFGS-B", "rosenbrock", "1", "60", "60", "foreign", "it", "is", "an", "optimizer", "of", "scipy"]
    assert row in [line.split() for line in call("validate", "e.toml").splitlines()]
    lines = [line.split() for line in call("run", "e.toml", "--no-plots").splitlines()]
    assert ["rank", "optimizer", "best", "settings", "final", "loss", "gradients", "diverged"] in lines
    assert [(line[1], line[-3]) for line in lines if line[-1:] == ["%"]] == [("scipy:L-BFGS-B", "53"), ("gd", "60")]
    (tmp_path / "e.toml").write_text(head)
    assert "gradients" not in call("run", "e.toml", "--no-plots")


def test_other_packages_are_loaded_only_if_they_are_named(tmp_path):
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    code = (
        "import sys, optlab; optlab.run('e.toml'); optlab.minimize('rosenbrock', 'adam', steps=5);"
        "print(sorted({'torch', 'optax', 'jax', 'scipy.optimize', 'scipy.stats'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "[]\n"


def test_schema(call):
    schema = json.loads(call("schema"))
    assert schema == documents.json_schema(registry.load(()).kinds.values())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["required"]) == {"name", "steps", "problem", "optimizer"}
    assert set(tomllib.loads(EXPERIMENT)) <= set(schema["properties"])


def test_version(call):
    assert call("--version") == f"optlab {optlab.__version__}\n"


# ---- help and completion ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["-h"], ["--version"]])
def test_help_loads_nothing_heavy(arguments, tmp_path):
    heavy = HEAVY - ({"pydantic"} if "run" in arguments else set())  # which Typer itself loads for parameters
    code = (
        f"import sys; from optlab.cli import main; sys.argv[1:] = {arguments}\n"
        f"try: main()\nfinally: print('loaded:', sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert done.returncode == 0
    assert done.stdout.endswith("loaded: []\n")
    assert "Usage: " in done.stdout or done.stdout.startswith("optlab ")


def test_help_names_every_command_and_option(call):
    out = call("--help")
    listed = out[out.index("Commands") :]
    assert {*re.findall(r"^  (\S+)", listed, re.M)} == {
        *(
            "run",
            "cache",
            "compare",
            "reproduce",
            "pack",
            "verify",
            "basins",
            "stability",
            "plot",
            "animate",
            "play",
            "report",
            "validate",
            "list",
            "plugins",
            "explain",
            "gradcheck",
            "schema",
            "export",
        ),
        *("check", "new", "race", "gallery", "rank", "score", "tune"),
    }
    assert "..." not in listed  # no summary is truncated
    assert "basins Map basins of attraction: every pixel is a start, its colour is the minimum" in " ".join(out.split())
    options = call("run", "--help")
    for option in ("--out", "--plugins", "--no-plots", "--format", "--quiet"):
        assert option in options


def complete(shell, words, tmp_path):
    variables = {
        "bash": {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": " ".join(words)},
        "fish": {"_TYPER_COMPLETE_ARGS": " ".join(words), "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    env = os.environ | variables[shell] | {"_OPTLAB_COMPLETE": f"complete_{shell}"}
    done = subprocess.run([OPTLAB], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


@pytest.mark.parametrize("shell", first_cases(1, ["bash", "zsh", "fish"]))
def test_completion(shell, tmp_path):
    env = os.environ | {"_OPTLAB_COMPLETE": f"source_{shell}"}
    script = subprocess.run([OPTLAB], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "_OPTLAB_COMPLETE=complete_" in script.stdout
    assert "run" in complete(shell, ["optlab", "ru"], tmp_path)
    assert "plot" not in complete(shell, ["optlab", "ru"], tmp_path)


def test_completion_of_options_and_choices(tmp_path):
    assert complete("bash", ["optlab", "run", "--no"], tmp_path).split() == ["--no-plots"]
    assert complete("bash", ["optlab", "list", "pro"], tmp_path).split() == ["problems"]


def test_a_reader_that_stops_early(tmp_path):
    command = f"set -o pipefail; '{OPTLAB}' list problems | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split()[:2] == ["name", "options"]
    assert "Traceback" not in done.stderr


def test_letters_without_a_font_give_one_warning(tmp_path, monkeypatch, capsys):
    import optlab
    from optlab.cli import show
    from optlab.figures import fonts

    rules = [{"name": "gd", "label": label} for label in ("梯度 🚀", "é")]
    document = {"name": "e", "steps": 2, "problem": [{"name": "beale"}], "optimizer": rules}
    results = optlab.run(document, out=tmp_path, plots=False)
    monkeypatch.setattr(fonts, "_installed", lambda: iter([("Chinese", frozenset(map(ord, "梯度")))]))
    fonts._found.cache_clear()
    show.boxes(results)
    fonts._found.cache_clear()
    said = capsys.readouterr().err
    assert said.startswith("warning: no installed font has 🚀: pictures show boxes instead; install a font")
