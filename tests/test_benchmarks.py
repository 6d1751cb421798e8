"""The benchmarks run, and all contenders compute the same. How fast they are is not tested here."""

import importlib
import json
import re
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import optlab
import optlab.registry

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
    assert "Test functions, 2 points" in out


@pytest.mark.parametrize("many", [False, True])
def test_gradients_agree_with_peers(load, many):
    objectives, gradients, peers = (load(name) for name in ("objectives", "gradients", "gradient_peers"))
    seen = set()
    for objective in chain(objectives.functions(3), objectives.networks(2)):
        own, *others = [gradients.with_optlab(objective, many), *peers.evaluators(objective, many)]
        with np.errstate(all="ignore"):
            results = [e.read(e.evaluate()) for e in (own, *others)]
        points = (len(objective.points) if many else 1,)
        assert all((v.shape, g.shape) == (points, objective.points.shape[1:] + points) for v, g in results)
        assert gradients.disagreement(results) < 1e-10, objective.name
        seen.add(objective.name)
    assert {"ackley, 2", "ackley, 10", "beale, 2", "784-512-10, relu, batch 256"} <= seen


def test_a_gradient_that_is_off_is_not_timed(load, monkeypatch):
    objectives, gradients, peers = (load(name) for name in ("objectives", "gradients", "gradient_peers"))
    objective = next(objectives.functions(2))
    own = gradients.with_optlab(objective, True)
    off = peers.Evaluator(
        "off", 2, own.evaluate, lambda result: (own.read(result)[0], own.read(result)[1] * (1 + 1e-9))
    )
    monkeypatch.setattr(peers, "evaluators", lambda objective, many: [off])
    with pytest.raises(SystemExit, match=r"ackley, 2: results differ by 1\.0e-09"):
        gradients.timed(objective, True, rounds=1, turn=0.0)


def test_functions_for_peers_are_rewritten_from_their_source(load):
    function = optlab.registry.load(()).problems["ackley"].function
    x = np.array([0.3, -0.4])
    assert load("objectives").rewritten(function, 2, np)(x) == function(x)
    assert load("objectives").rewritten(function, 8, np)(x) != function(x)  # 8 in place of x.size
    halved = load("objectives").rewritten(function, 2, SimpleNamespace(**{**vars(np), "exp": lambda v: np.exp(v) / 2}))
    assert halved(x) == pytest.approx((function(x) + 20 + np.e) / 2)  # both exponentials, and a + e as it was


def test_tables_name_where_optlab_is_slower(load):
    gradients = load("gradients")
    timings = [
        gradients.Timing("f, 2", "function", 1, 0.0, {"optlab": [1.0, 1.0, 2.0], "torch": [3.0, 4.0, 10.0]}),
        gradients.Timing("g, 2", "function", 1, 0.0, {"optlab": [1.0, 1.0, 1.0], "torch": [0.5, 0.6, 9.0]}),
    ]
    summary, comparison, tracing = gradients.tables(timings, [gradients.Tracing("f, 2", [0.001, 0.004, 0.002])])
    assert summary.rows == [["Test functions, 1 point: torch", "0.60", "2.30", "1 of 2"]]
    assert summary.notes == ["Slower than torch, test functions, 1 point: g, 2 (0.60)."]
    assert [row[-1] for row in comparison.rows] == ["4.00 [3.00, 5.00]", "0.60 [0.50, 9.00]"]
    assert list(tracing.rows) == [["f, 2", "2.00", "4.00"]]


def test_a_table_as_text_and_as_markdown(load):
    table = load("tables").Table("Title", ["", "head"], [["one", "1.00"], ["three", "30.00"]], ["A note."])
    assert table.text().splitlines() == ["Title", "           head", "  one      1.00", "  three   30.00", "  A note."]
    assert table.markdown().splitlines() == [
        *("**Title**", "", "|  | head |", "| --- | ---: |", "| one | 1.00 |", "| three | 30.00 |", "", "A note.")
    ]


def test_gradients_run_from_the_command_line(load, monkeypatch, capsys, tmp_path):
    file = tmp_path / "figures.json"
    options = ["gradients", "--rounds", "2", "--scale", "0.0001", "--markdown", "--json", str(file)]
    monkeypatch.setattr("sys.argv", ["benchmarks", *options])
    load("__main__").main()
    out = capsys.readouterr().out
    assert "| rosenbrock, 10 |" in out
    figures = json.loads(file.read_text())
    assert {t["points"] for t in figures["timings"]} == {1, 2}
    assert all(len(own) == 2 for t in figures["timings"] for own in t["seconds"].values())
    assert len(figures["tracing"]) == len(figures["timings"]) / 2


def test_the_page_has_figures_of_every_objective_and_names_those_where_optlab_is_slower(load):
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    figures = page[page.index("<!-- figures") : page.index("<!-- end")]
    for objective in chain(load("objectives").functions(1), load("objectives").networks(1)):
        assert figures.count(f"\n| {objective.name} |") == 3, objective.name  # at one point, at many, tracing
    slower = sum(int(n) for n in re.findall(r"\| (\d+) of \d+ \|", figures))
    notes = [line for line in figures.splitlines() if line.startswith("Slower than")]
    assert sum(len(re.findall(r"\(0\.\d\d\)|\(1\.00\)", line)) for line in notes) == slower


def test_options_of_gradients_go_with_gradients_alone(load, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "mlp", "--markdown"])
    with pytest.raises(SystemExit, match="2"):
        load("__main__").main()
    assert "go with gradients alone" in capsys.readouterr().err
