"""The benchmarks run, and all contenders compute the same numbers. Times are not tested."""

import dataclasses
import importlib
import json
import os
import re
import shutil
import subprocess
from itertools import accumulate, chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import optlab
import optlab.plugins.registry
from tests.cases import first_cases

ROOT = Path(__file__).parent.parent
PAGES = ("performance.md", "verdicts.md", "scale.md")


@pytest.fixture
def load(monkeypatch):
    """A module of benchmarks/, which is not a part of the package."""
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"benchmarks.{name}")


@pytest.fixture
def run(load, monkeypatch, capsys):
    """The output of benchmarks on the command line, with the least work."""

    def go(*arguments):
        monkeypatch.setattr("sys.argv", ["benchmarks", "--rounds", "2", "--scale", "0.001", *arguments])
        load("__main__").main()
        return capsys.readouterr().out

    return go


needs_c = pytest.mark.skipif(not (shutil.which("cc") or shutil.which("gcc")), reason="there is no C compiler")


@pytest.mark.parametrize("runs", [2, 100])
def test_contenders_on_rosenbrock_agree(load, runs):
    assert load("measure").disagreement(load("trajectories").on_rosenbrock(runs, 50)) < 1e-10


@pytest.mark.parametrize(("name", "dim"), [("ackley", 2), ("rastrigin", 2), ("rosenbrock", 10), ("rosenbrock", 100)])
def test_contenders_on_other_functions_agree(load, name, dim):
    assert load("measure").disagreement(load("trajectories").on_function(name, dim, 3, 50)) < 1e-10


def test_only_the_loss_of_every_step_is_recorded(load):
    work = load("trajectories").sweep("rosenbrock", (-1.5, 2.0), 3, 10)
    (found,) = load("lab").execute([work])
    assert found.x is None
    assert found.loss.shape == (11, 3)
    np.testing.assert_array_equal(found.loss[0], 12.5)  # 100 (2 - 2.25)^2 + 2.5^2
    assert work.numbers["hyperparameter", "lr"].tolist() == pytest.approx([1e-4, 1e-3, 1e-2])


@needs_c
@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("runs", [1, 16, 37])
def test_the_c_source_compiles_and_agrees_with_optlab(load, runs, tuned):
    work = load("trajectories").sweep("rosenbrock", (-1.5, 2.0), runs, 300)
    (ours,) = load("lab").execute([work])
    c = load("by_hand_c").run(work.numbers["hyperparameter", "lr"], 300, (-1.5, 2.0), threads=3, tuned=tuned)
    np.testing.assert_allclose(c.loss, ours.loss, rtol=1e-12)
    np.testing.assert_allclose(c.final, ours.final_loss, rtol=1e-12)
    np.testing.assert_allclose(c.best, ours.best_loss, rtol=1e-12)
    assert (c.ended == -1).all()


@needs_c
@pytest.mark.parametrize("tuned", [[], ["-DTUNED"]])
def test_gcc_vectorizes_the_loop_over_lanes(load, tmp_path, tuned):
    c = load("by_hand_c")
    said = subprocess.run([c.compiler(), "--version"], capture_output=True, text=True, check=True).stdout
    if "Free Software Foundation" not in said:
        pytest.skip("the compiler is not gcc")
    lines = c.SOURCE.read_text(encoding="utf-8").splitlines()
    depths = list(accumulate((line.count("{") - line.count("}") for line in lines), initial=0))
    loops = [n for n, line in enumerate(lines) if line.strip().startswith("for ")]
    loop = max(loops, key=depths.__getitem__) + 1  # the innermost: over the lanes of a block, inside that over steps
    command = [c.compiler(), *c.FLAGS, *tuned, "-fopt-info-vec", str(c.SOURCE), "-o", str(tmp_path / "lib.so"), "-lm"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert re.search(rf"rosenbrock\.c:{loop}:\d+: optimized: loop vectorized", told)


@needs_c
@pytest.mark.parametrize("tuned", [False, True])
def test_the_c_source_finds_divergence_where_optlab_does(load, tuned):
    work = load("trajectories").sweep("rosenbrock", (-1.5, 2.0), 2, 5)
    rates = np.array([1e-2, 1e155])
    work = dataclasses.replace(work, numbers={**work.numbers, ("hyperparameter", "lr"): rates})
    (ours,) = load("lab").execute([work])
    c = load("by_hand_c").run(rates, 5, (-1.5, 2.0), threads=1, tuned=tuned)
    assert ours.status.tolist() == [0, 1]
    assert c.ended.tolist() == [-1, ours.steps[1]] == [-1, 1]
    assert c.best[1] == ours.best_loss[1] == 12.5
    assert np.isinf(c.final[1])
    assert np.isinf(ours.final_loss[1])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("runs", [1, 3])
def test_contenders_on_the_mlp_agree_across_an_epoch(load, runs, activation):
    own = load("mlp").contenders(runs, 30, activation, with_peers=False)
    assert load("measure").disagreement([contender for contender in own if not contender.is_rough]) < 1e-10
    assert 1e-10 < load("measure").disagreement(own) < 1e-3  # with the one in float32


def test_peers_agree_on_the_mlp(load):
    exact = [contender for contender in load("mlp").contenders(1, 3, "tanh") if not contender.is_rough]
    assert load("measure").disagreement(exact) < 1e-10


def test_missing_peers_are_named_and_left_out(load, monkeypatch):
    conditions, by_hand_c, trajectories = load("conditions"), load("by_hand_c"), load("trajectories")
    assert bool(conditions.missing()) == ("left out" in conditions.text())
    monkeypatch.setattr(conditions.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(by_hand_c.shutil, "which", lambda name: None)
    assert conditions.missing() == ["jax", "torch", "autograd", "a C compiler"]
    assert conditions.text().endswith("(left out, since not installed: jax, torch, autograd, a C compiler)")
    names = [contender.name for contender in trajectories.on_rosenbrock(2, 5)]
    assert names == ["optlab", "optlab, from the plan on", "optlab, replay alone", "NumPy by hand", "NumPy, tuned"]
    assert [contender.name for contender in trajectories.on_function("ackley", 2, 2, 5)] == names[:2]


def test_disagreement_is_an_error(load):
    measure, trajectories = load("measure"), load("trajectories")
    (own,) = (c for c in trajectories.on_rosenbrock(2, 5) if c.name == "NumPy by hand")
    other = measure.Contender("other", lambda: (None, own.go()[1] + 0.25), 2, 5)
    with pytest.raises(SystemExit, match="differ"):
        measure.compare("title", [own, other], rounds=1)


def test_fast_contenders_repeat_the_work_within_a_turn(load):
    measure = load("measure")
    calls = []
    quick = measure.Contender("quick", lambda: calls.append("quick"), 1, 1, clock=lambda: float(len(calls)))
    ((one, two),) = measure.interleaved([quick], rounds=2, turn=1e-3)
    assert one == two == 1.0  # a tick per call of this clock, whatever fits
    assert len(calls) > 3
    calls.clear()
    measure.interleaved([quick], rounds=2)
    assert len(calls) == 2


def test_a_comparison_as_a_table(load):
    seconds = {"optlab": [2e-9, 4e-9, 3e-9], "PyTorch": [4e-5, 4e-5, 6e-5]}
    table = load("measure").Comparison("Title", 3e-15, seconds, ["optlab"]).table()
    assert table.title == "Title (results agree to 3e-15)"
    assert table.heads == ["", "median", "best", "times optlab"]
    assert table.rows == [
        ["optlab", "3.00 ns", "2.00 ns", "1.00 [1.00, 1.00]"],
        ["PyTorch", "40.0 us", "40.0 us", "20,000 [10,000, 20,000]"],
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.234e-9, "1.23 ns"), (4.2e-5, "42.0 us"), (0.0123, "12.3 ms"), (3.5, "3.50 s")]
)
def test_times_are_shown_with_a_unit(load, seconds, text):
    assert load("measure").shown(seconds) == text


def test_memory_grows_with_records_and_not_with_steps(load):
    peak = load("memory").peak
    short, long, detailed = peak(200, 50, 500), peak(1000, 50, 500), peak(1000, 1001, 500)
    assert long < 1.1 * short
    assert detailed > short + 900 * 500 * 3 * 8 / 1e6 * 0.9


@pytest.mark.many
def test_several_benchmarks_run_in_separate_processes_and_their_figures_are_merged(load, monkeypatch, capfd, tmp_path):
    file = tmp_path / "figures.json"
    options = ["mlp", "memory", "--rounds", "2", "--scale", "0.001", "--markdown", "--json", str(file)]
    monkeypatch.setattr("sys.argv", ["benchmarks", *options])
    monkeypatch.chdir(ROOT)
    load("__main__").main()
    out = capfd.readouterr().out
    assert re.findall("<!-- figures: python -m benchmarks ([a-z]+) --markdown -->", out) == ["mlp", "memory"]
    assert out.count("<!-- end -->") == 2
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert [c["title"] for c in figures["mlp"]["figures"]] == [
        f"MLP 64-32-10, {act}, {runs}, 3 steps" for act in ("tanh", "relu") for runs in ("1 run", "32 runs")
    ]
    assert [f["points"] for f in figures["memory"]["figures"]] == [100, 100, 1000]
    assert all("numpy" in of["about"] for of in figures.values())


def test_figures_replace_their_part_of_a_page(run, tmp_path):
    page = tmp_path / "page.md"
    places = [
        f"<!-- figures: python -m benchmarks {name} --markdown -->\nold\n<!-- end -->" for name in ("memory", "mlp")
    ]
    page.write_text("\n".join(["Before.", *places, "After."]), encoding="utf-8")
    run("memory", "--page", str(page))
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n<!-- figures: python -m benchmarks memory --markdown -->\n")
    assert "| 100 steps | 100 |" in text
    assert text.endswith(f"\n<!-- end -->\n{places[1]}\nAfter.")


def test_a_part_of_a_page_may_be_empty(load, tmp_path):
    page = tmp_path / "page.md"
    own, other = "<!-- begin -->\n", "<!-- begin of another -->\nold\n<!-- end -->\n"
    page.write_text(f"before\n{own}<!-- end -->\n{other}", encoding="utf-8")
    load("__main__").put(page, own, "figures", "<!-- end -->")
    assert page.read_text(encoding="utf-8") == f"before\n{own}figures\n<!-- end -->\n{other}"


def test_the_page_has_a_part_for_every_benchmark(load):
    pages = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in PAGES)
    places = re.findall("<!-- figures: python -m benchmarks ([a-z]+) --markdown -->\n[^<]+\n<!-- end -->", pages)
    assert sorted(places) == sorted(load("__main__").ALL)


def test_verdicts_on_simulated_experiments(load):
    simulated, tables = load("simulated"), load("calibration").tables
    found = simulated.measured("normal", 2, 10, 400)
    assert (found.kind, found.k, found.n, found.experiments) == ("normal", 2, 10, 400)
    assert 0.01 <= found.false_better <= 0.08  # three standard errors around 3 and 5 %
    assert 0.01 <= found.wilcoxon <= 0.13
    assert 0.855 <= found.covered <= 0.945
    assert found.ranks_covered >= 0.98
    assert 0.2 <= found.power <= 0.6
    assert found.lost == found.false_second == 0.0
    assert 0.0 < simulated.measured("ties (binomial of 20)", 3, 6, 200).false_second <= 0.1
    table = tables([found], {"false_better": "one", "power": "other"}, "Two")
    assert table.heads == ["", "10 seeds"]
    assert table.rows[0][0] == "normal, 2 optimizers"
    assert simulated.of_proposals(20)["proposed"] >= 6


def test_verdicts_on_simulated_choices_of_settings(load):
    tuning = load("simulated_tuning")
    equal = tuning.tuned("16 equal settings", 3, 2, 10, 200)
    assert equal.false_better == equal.apart <= 0.1  # three standard errors above 5 %
    assert 0.84 <= equal.covered <= 0.96
    assert equal.ranks_covered >= 0.9
    unequal = tuning.tuned("4 settings, a unit apart", 3, 2, 30, 200)
    assert unequal.false_better <= 0.1
    assert unequal.apart > unequal.false_better + 0.05  # the chosen settings differ
    assert unequal.sure < unequal.apart
    by_choice = tuning.by_choice(200)
    assert by_choice["other seeds"] <= 0.1
    assert by_choice["judged seeds"] > by_choice["other seeds"]


def _figures_of_verdicts(title: str) -> list[tuple[str, list[list[float]]]]:
    """The rows of a table of docs/verdicts.md: the name, and for each number of seeds the percentages."""
    page = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    figures = page.partition("<!-- figures: python -m benchmarks calibration")[2].partition("<!-- end")[0]
    rows = figures.partition(f"**{title}")[2].partition("**\n\n")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [(name, [[float(x) for x in re.findall(r"([\d.]+) %", cell)] for cell in rest]) for name, *rest in cells]


def test_the_page_on_verdicts_has_no_more_false_verdicts_than_it_says():
    """At most 5 % of equal optimizers are called worse, up to the error of 2,000 simulated experiments."""
    rows, tuned = (_figures_of_verdicts(title) for title in ("Equal optimizers of which", "Equal optimizers with"))
    rates = np.array([cell[0] for _, cells in rows + tuned for cell in cells])
    assert len(rates) == 60 + 16
    assert rates.max() <= 5 + 100 * 3 * (0.05 * 0.95 / 2000) ** 0.5
    assert rates.mean() <= 5


def test_the_page_on_verdicts_has_the_coverage_that_it_says():
    rows = _figures_of_verdicts("Coverage of the 90 % intervals:")
    assert len(rows) == 15
    for name, cells in rows:
        few, *_, ten, thirty = (medians for medians, _ in cells)
        assert 70 <= few < 90
        assert all((95 if "ties" in name else 88) <= share <= (99 if "ties" in name else 92) for share in (ten, thirty))
        assert all(ranks >= 95 for _, ranks in cells[1:])


@pytest.mark.many
def test_benchmark_of_trajectories(run, tmp_path):
    file = tmp_path / "figures.json"
    out = run("trajectories", "--json", str(file))
    comparisons = json.loads(file.read_text(encoding="utf-8"))["trajectories"]["figures"]
    assert [c["title"].split(",")[0] for c in comparisons] == [
        *["Rosenbrock"] * 3,
        *["Ackley in 2 dimensions"] * 2,
        *["Rastrigin in 2 dimensions"] * 2,
        *("Rosenbrock in 10 dimensions", "Rosenbrock in 100 dimensions"),
    ]
    for comparison in comparisons:
        assert comparison["title"] in out
        assert comparison["off"] < 1e-10
        assert comparison["baselines"][0] == "optlab"
        assert all(len(own) == 2 and min(own) > 0 for own in comparison["seconds"].values())


@pytest.mark.parametrize(("many", "share"), first_cases(2, [(False, 5), (True, 5), (False, 1), (True, 1)]))
def test_gradients_agree_with_peers(load, many, share):
    """At one point or at many, for one in `share` of the objectives."""
    objectives, gradients, peers = (load(name) for name in ("objectives", "gradients", "gradient_peers"))
    known = [*objectives.functions(3), *objectives.networks(2)]
    for objective in known[many % share :: share]:
        own, *others = [gradients.with_optlab(objective, many), *peers.evaluators(objective, many)]
        with np.errstate(all="ignore"):
            results = [e.read(e.evaluate()) for e in (own, *others)]
        points = (len(objective.points) if many else 1,)
        assert all((v.shape, g.shape) == (points, objective.points.shape[1:] + points) for v, g in results)
        assert gradients.disagreement(results) < 1e-10, objective.name
    names = {objective.name for objective in known}
    assert {"ackley, 2", "ackley, 10", "beale, 2", "784-512-10, relu, batch 256"} <= names


def test_a_wrong_gradient_is_not_timed(load, monkeypatch):
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
    function = optlab.plugins.registry.load(()).problems["ackley"].function
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


@pytest.mark.parametrize("missing", first_cases(1, [["jax"], []]), ids=str)
def test_the_cold_start_compares_processes(run, monkeypatch, tmp_path, load, missing):
    usual = load("conditions").missing
    monkeypatch.setattr(load("conditions"), "missing", lambda: [*usual(), *missing])
    file = tmp_path / "figures.json"
    out = run("cold", "--rounds", "1", "--json", str(file))
    (comparison,) = json.loads(file.read_text(encoding="utf-8"))["cold"]["figures"]
    assert comparison["title"] == "From a cold start: 5 optimizers x 3 functions x 2 runs x 2 steps"
    peer = [] if "jax" in load("conditions").missing() else ["JAX, a script", "JAX, all in one program"]
    assert list(comparison["seconds"]) == ["optlab, a script", "optlab run, files written", *peer]
    assert comparison["off"] < 1e-10
    assert "optlab, a script" in out


@pytest.fixture
def quick(load, monkeypatch):
    """Chromium, and no time to repeat the work."""
    if load("chromium").is_missing():
        pytest.skip("there is no Chromium or no Playwright")
    monkeypatch.setattr(load("browser"), "TURN", 0.0)


def test_modules_and_javascript_agree_with_machine_code(load, quick):
    found = load("browser").compared(5, 20, rounds=1)
    assert list(found.seconds) == ["native, two lanes", "JavaScript by hand", "wasm", "wasm, scalar"]
    assert found.off < 1e-12


def test_each_change_of_the_page_takes_time(load, quick, tmp_path):
    page = tmp_path / "page.html"
    optlab.play("rosenbrock", ["gd lr=1e-3", "adam lr=0.05"], steps=20, plugins=()).save(page)
    found = load("frames").measured(page, rounds=1, count=1, view="map")
    assert list(found) == ["slider", "start", "playing", "pointing", "basins"]
    assert all(len(own) == 1 and own[0] > 0 for own in found.values())


def test_writing_a_page_and_an_animation_is_timed_without_a_browser(load, run, monkeypatch, tmp_path):
    monkeypatch.setattr(load("chromium"), "COMMAND", None)
    file = tmp_path / "figures.json"
    assert "Left out, since not installed: Chromium or Playwright." in run("frames", "--json", str(file))
    (figures,) = json.loads(file.read_text(encoding="utf-8"))["frames"]["figures"]
    assert [len(own) for own in figures["written"].values()] == [2, 2]
    assert list(figures["written"]) == ["the page", "a GIF of 2 frames"]


@pytest.mark.many
def test_the_million_runs_are_shown_by_size(run, tmp_path):
    file = tmp_path / "figures.json"
    out = run("million", "--rounds", "1", "--json", str(file))
    sizes = json.loads(file.read_text(encoding="utf-8"))["million"]["figures"]
    assert [size["runs"] for size in sizes] == [1, 10, 100, 1000]
    assert all(size["steps"] == 200 for size in sizes)
    assert all(len(size[name]) == 1 and size[name][0] > 0 for size in sizes for name in ("process", "execution"))
    assert all(size["megabytes"][0] > 30 for size in sizes)
    assert "1,000 runs" in out


@pytest.mark.many
def test_scaling_is_shown_along_every_axis_and_drawn(run, load, tmp_path):
    file, picture = tmp_path / "figures.json", tmp_path / "performance.png"
    out = run("scaling", "--rounds", "1", "--scale", "0.001", "--json", str(file))
    points = json.loads(file.read_text(encoding="utf-8"))["scaling"]["figures"]
    at = {axis: [p["at"] for p in points if p["axis"] == axis] for axis in ("runs", "steps", "dimension", "threads")}
    assert at["runs"] == [1, 1, 1, 1, 10, 100, 1000]
    assert at["steps"] == [3, 3, 3, 10]
    assert at["dimension"] == [2, 10, 100, 1000]
    assert at["threads"][:1] == ([1] if hasattr(os, "sched_setaffinity") else [])
    assert all(p["comparison"]["off"] < 1e-10 for p in points)
    assert all(f"Along {axis}" in out for axis in at)
    load("picture").draw(points, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_more_runs_or_dimensions_get_fewer_steps(load, monkeypatch):
    scaling = load("scaling")
    asked = []
    monkeypatch.setattr(scaling, "contenders", lambda *work: asked.append(work) or [])
    monkeypatch.setattr(scaling, "compare", lambda title, own, rounds: title)
    assert scaling.compared(1_000_000, 1_000, 2, 1) == "1,000,000 runs, 10 steps, 2 dimensions"
    assert scaling.compared(1, 1_000, 2, 1) == "1 run, 1,000 steps, 2 dimensions"
    assert asked == [(1_000_000, 10, 2), (1, 1_000, 2)]


def test_compilation_of_every_test_function(load):
    compilation = load("compilation")
    work = list(compilation.programs())
    assert len(work) == 47 * len(compilation.OPTIMIZERS)
    found = compilation.measured(next(w for w in work if w.case.problem.name == "rosenbrock"), 2)
    assert (found.problem, found.dim, found.optimizer, len(found.tracing)) == ("rosenbrock", 2, "gd", 2)
    assert found.whole > 0
    assert found.expressions > 10


def test_processes_report_their_time_and_memory_and_must_succeed(load):
    processes = load("processes")
    small = processes.python("-c", "pass")
    large = processes.python("-c", "held = b'x' * 300_000_000")
    assert large.megabytes > 300
    assert small.megabytes > 1
    assert small.seconds > 0
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        processes.python("-c", "1 / 0")


def test_the_memory_of_a_process_excludes_its_parent(load):
    """The memory of its parent does not count."""
    held = np.ones(60_000_000)
    assert load("processes").python("-c", "pass").megabytes < 100
    assert held.nbytes == 480_000_000


@pytest.mark.many
def test_benchmark_of_gradients(run, tmp_path):
    file = tmp_path / "figures.json"
    out = run("gradients", "--scale", "0.0001", "--markdown", "--json", str(file))
    assert "| rosenbrock, 10 |" in out
    figures = json.loads(file.read_text())["gradients"]["figures"]
    assert {t["points"] for t in figures["timings"]} == {1, 2}
    assert all(len(own) == 2 for t in figures["timings"] for own in t["seconds"].values())
    assert len(figures["tracing"]) == len(figures["timings"]) / 2


def test_the_page_has_figures_of_every_objective_and_names_those_where_optlab_is_slower(load):
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    figures = page.partition("<!-- figures: python -m benchmarks gradients")[2].partition("<!-- end")[0]
    for objective in chain(load("objectives").functions(1), load("objectives").networks(1)):
        assert figures.count(f"\n| {objective.name} |") == 3, objective.name  # at one point, at many, tracing
    slower = sum(int(n) for n in re.findall(r"\| (\d+) of \d+ \|", figures))
    notes = [line for line in figures.splitlines() if line.startswith("Slower than")]
    assert sum(len(re.findall(r"\(0\.\d\d\)|\(1\.00\)", line)) for line in notes) == slower


@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("duration", [1.0, 10.0, 60.0])
@pytest.mark.parametrize("workers", [10, 100, 1_000, 10_000])
def test_a_simulated_scheduler_has_the_throughput_of_the_closed_form(load, workers, duration, spread):
    """Except where both limits are nearly equal, because a worker waits while it is served."""
    scheduler, rate = load("scheduler"), 200.0
    tasks = min(400_000, max(20_000, int(200 * min(workers, rate * duration))))
    found = scheduler.simulated(workers, duration, rate, tasks, spread)
    limit = scheduler.limit(duration, rate)
    expected = scheduler.throughput(workers, duration, rate)
    assert tasks / found.seconds == pytest.approx(expected, rel=0.05 if abs(np.log(workers / limit)) > 0.7 else 0.3)
    assert found.utilisation == pytest.approx(expected * duration / workers, rel=0.3)


def test_a_simulated_scheduler_with_one_worker_serves_and_waits_in_turn(load):
    found = load("scheduler").simulated(1, 0.1, 10.0, 5)
    assert found.seconds == pytest.approx(5 * (0.1 + 0.1))
    assert found.utilisation == pytest.approx(0.5)


def test_simulated_durations_with_spread_have_the_same_mean(load):
    scheduler = load("scheduler")
    drawn = scheduler._durations(10.0, 100_000, 0.5, 1)
    assert np.mean(drawn) == pytest.approx(10.0, rel=0.01)
    assert np.std(np.log(drawn)) == pytest.approx(0.5, rel=0.01)
    assert scheduler._durations(10.0, 3, 0.0, 1) == [10.0] * 3


def test_the_parts_of_scale_measure_sizes_and_seconds(load):
    messages, store = load("scale_messages"), load("scale_store")
    work = messages.function(rates=2, seeds=3, steps=5, points=5)
    found = messages.measured(work, 2)
    assert (found.runs, len(work.answer.trajectories.status)) == (6, 6)
    assert found.answer > 6 * 5 * 3 * 8  # the losses and two parameters
    assert all(len(own) == 2 and min(own) > 0 for own in found.seconds.values())
    kept, tables = store.kept_runs(work, 3, 1), store.tables_of(work, 1)
    assert kept.each("bytes") > 6 * 5 * 3 * 8
    assert tables.figures["files"] == [2]  # history and trajectories
    assert store.index(4, 1).number == 4
    published = store.published(3)
    assert published.figures["files"] == [3 + 3]  # a history each; runs, experiment, manifest
    assert len(store.tables({"kept": [kept], "tables": [tables], "index": [], "planned": [store.planned(2, 1)],
                             "published": [published]})) == 5  # fmt: skip


def test_rates_of_tasks(load):
    tasks = load("scale_tasks")
    assert tasks.here(2, 1).per_second > 0
    own = tasks.in_processes(1, 2, 1)
    assert (own.tasks, own.workers, len(own.seconds)) == (2, 1, 1)
    found = tasks.on_a_cluster(1, 10, 2, 2, 1_000, 1)
    assert [rate.path for rate in found] == [tasks.ALONE, "the same, 2 answers of 1,000 bytes", tasks.OPTLAB]
    assert all(rate.per_second > 0 and rate.scheduler[0] >= 0 for rate in found)
    assert len(tasks.table(found).rows) == 3
    assert 0 <= tasks.waiting(3, 0.3) < 1


def test_simulations_as_a_table(load):
    scale = load("scale")
    table = scale.simulations("one", 100.0, 1_000, (10, 100))
    assert [row[0] for row in table.rows] == ["10", "100", "limit: rate x duration"]
    assert table.rows[-1][1:] == ["10", "100", "1,000", "6,000"]
    assert [scale.long(seconds) for seconds in (1.0, 90, 5400, 864000)] == ["1.00 s", "1.50 min", "1.50 h", "10.0 d"]


def test_an_unknown_benchmark(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("mpl")
    assert "no benchmark mpl; there are trajectories, " in capsys.readouterr().err
