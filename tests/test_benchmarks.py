"""The benchmarks run, and all contenders compute the same. How fast they are is not tested here."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def load(monkeypatch):
    """A module of benchmarks/, which is no part of the package."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("runs", [2, 100])
def test_contenders_on_rosenbrock_agree(load, runs):
    own = load("rosenbrock").contenders(runs, 50, with_peers=False)
    assert load("measure").disagreement(own) < 1e-10


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("runs", [1, 3])
def test_contenders_on_the_mlp_agree_across_an_epoch(load, runs, activation):
    own = load("mlp").contenders(runs, 30, activation, with_peers=False)
    assert load("measure").disagreement(own) < 1e-10


def test_peers_agree(load):
    assert load("measure").disagreement(load("rosenbrock").contenders(2, 5)) < 1e-10
    assert load("measure").disagreement(load("mlp").contenders(1, 3, "tanh")) < 1e-10


def test_disagreement_is_seen(load):
    measure, rosenbrock = load("measure"), load("rosenbrock")
    own = rosenbrock.contenders(2, 5, with_peers=False)[:1]
    other = measure.Contender("other", lambda: (None, own[0].go()[1] + 0.25), 2, 5)
    with pytest.raises(SystemExit, match="differ"):
        measure.compare("title", [*own, other], rounds=1)


def test_a_table_has_a_line_per_contender(load):
    own = load("rosenbrock").contenders(2, 5, with_peers=False)
    lines = load("measure").compare("title", own, rounds=2).splitlines()
    assert len(lines) == 2 + len(own)
    assert lines[2].startswith("  A. NumPy by hand")
    assert "1.00 [1.00, 1.00]" in lines[2]


def test_memory_grows_with_what_is_recorded_and_not_with_steps(load):
    peak = load("memory").peak
    short, long, detailed = peak(200, 50, 100), peak(1000, 50, 100), peak(1000, 1001, 100)
    assert long < 1.1 * short
    assert detailed > short + 900 * 100 * 3 * 8 / 1e6 * 0.9


def test_everything_runs_from_the_command_line(load, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "--rounds", "1", "--scale", "0.001"])
    load("__main__").main()
    out = capsys.readouterr().out
    assert "Rosenbrock, 100 runs" in out
    assert "MLP 64-32-10, relu, 32 runs" in out
    assert "Peak memory" in out
