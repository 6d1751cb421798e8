"""Experiments from end to end: what is computed again, what is reused, and failures of plugins."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

import optlab
from optlab.api import pipeline
from optlab.errors import InUse, PluginError, UserError
from optlab.figures.experiment import pictures
from optlab.results import store

pytestmark = pytest.mark.usefixtures("blank_pictures")
DRAW_ALL = pictures.draw_all  # with a report that is not blank

TEXT = """\
name = "e"   # a comment
steps = 20
seeds = 2

[[problem]]
name = "rosenbrock"

[[problem]]
name = "mlp"
dataset = "xor"
batch_size = 16

[[optimizer]]
name = "gd"
lr = [1e-4, 1e-3]

[[optimizer]]
name = "mine"
"""
MINE = '''\
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.001):
    """Mine."""
    return x - lr * g
'''


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A working directory with an experiment and a plugin."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(MINE)
    (tmp_path / "e.toml").write_text(TEXT)
    return tmp_path


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def numbers(results, *without):
    """The reproducible columns of the runs."""
    runs = results.runs.drop(columns="seconds")
    return runs[~runs["optimizer"].isin(without)].reset_index(drop=True)


def executed(job, *progress):
    with store.writing(job.folder) as writer:
        return pipeline.execute(job, writer, *progress)


# ---- what is done again ----------------------------------------------------------------------------------------------


def test_finished_results_are_not_computed_again(lab, computed):
    first = optlab.run("e.toml", plots=False)
    assert len(computed) == 4
    second = optlab.run("e.toml", plots=False)
    assert len(computed) == 4
    assert second.runs.equals(first.runs)
    assert (first.folder / "spec.toml").read_bytes() == TEXT.encode()


@pytest.mark.parametrize(
    ("file", "old", "new", "runs"),
    [
        ("e.toml", "1e-4", "2e-4", 3),
        ("e.toml", "steps = 20", "steps = 21", 9),
        ("e.toml", "seeds = 2", "seeds = 3", 3),
        ("e.toml", "seeds = 2", "seeds = 2\nseed = 1", 6),
        ("e.toml", "batch_size = 16", "batch_size = 17", 6),
        ("plugins/mine.py", "lr * g", "2 * lr * g", 3),
        ("plugins/mine.py", '"""Mine."""', "scaled = lr * g  # a comment", 0),
    ],
)
def test_a_change_computes_again_what_it_affects(lab, computed, file, old, new, runs):
    """On rosenbrock, the runs do not depend on the seed: gd has two there, and mine has one. The network has twice as
    many."""
    optlab.run("e.toml", plots=False)
    computed.clear()
    edit(lab / file, old, new)
    results = optlab.run("e.toml", plots=False)
    assert sum(map(len, computed)) == runs
    kept = numbers(results)
    shutil.rmtree(results.folder.parent)
    assert numbers(optlab.run("e.toml", plots=False)).equals(kept)
    assert (results.folder / "spec.toml").read_text() == (lab / "e.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another"),
        ("1e-4", "0.0001"),
        ("steps = 20\n", "steps = 20\r\n"),
        ("20\n", "20\ndescription = ''\n"),
    ],
)
def test_a_change_without_effect_only_updates_the_stored_file(lab, computed, old, new):
    first = optlab.run("e.toml", plots=False)
    computed.clear()
    (lab / "e.toml").write_bytes(TEXT.replace(old, new).encode())
    second = optlab.run("e.toml", plots=False)
    assert computed == []
    assert (second.folder / "spec.toml").read_bytes() == TEXT.replace(old, new).encode()
    assert optlab.load(second.folder).runs.equals(first.runs)


@pytest.mark.parametrize("name", ["runs.parquet", "spec.toml", "manifest.json", "history", "trajectories"])
def test_damage_is_repaired(lab, computed, name):
    first = optlab.run("e.toml", plots=False)
    computed.clear()
    path = first.folder / name
    path = sorted(path.glob("*"))[0] if path.is_dir() else path
    path.write_bytes(path.read_bytes()[:-3] + b"???")
    second = optlab.run("e.toml", plots=False)
    assert computed == []
    assert second.runs.equals(first.runs)
    assert second.history.equals(first.history)


def test_an_interrupt_leaves_earlier_results_unchanged(lab):
    first = optlab.run("e.toml", plots=False)
    runs, history = first.runs, first.history
    edit(lab / "e.toml", "steps = 20", "steps = 5000")

    def interrupt(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executed(pipeline.prepare("e.toml"), interrupt)
    results = optlab.load(first.folder)
    assert results.runs.equals(runs)
    assert results.history.equals(history)


def test_a_folder_in_use_is_refused_from_python_too(lab, computed):
    first = optlab.run("e.toml", plots=False)
    edit(lab / "e.toml", "steps = 20", "steps = 21")
    computed.clear()
    with store.writing(first.folder):
        with pytest.raises(InUse, match="results/e: another run is writing its results there"):
            optlab.run("e.toml", plots=False)
        with pytest.raises(InUse):
            optlab.race("gd", "sphere", name="e", plots=False)
        with pytest.raises(InUse):
            optlab.basins("beale", "gd", resolution=2, name="e", plots=False)
        assert optlab.load(first.folder).runs.equals(first.runs)
    assert computed == []


def test_numbers_are_reproducible(lab):
    one, other = (optlab.run("e.toml", out=out, plots=False) for out in ("a", "b"))
    assert numbers(one).equals(numbers(other))
    for name in ("history", "trajectories"):
        files = [{p.name: p.read_bytes() for p in (r.folder / name).iterdir()} for r in (one, other)]
        assert files[0] == files[1]


# ---- plugins that fail -----------------------------------------------------------------------------------------------

BROKEN = {
    "raise RuntimeError('so it is')": "RuntimeError: so it is",
    "import sys; sys.exit(0)": "SystemExit: 0",
    "return None": "optimizer 'mine' returns nothing (None)",
    "return x, g": "optimizer 'mine' returns 2 values, but its signature needs 1",
    "return x[:1]": "where it was given (2,)",
    "x[0] = 1.0; return x": "mine.py",
}


@pytest.mark.parametrize("body", BROKEN)
def test_a_failing_rule_does_not_affect_other_rules(lab, body):
    whole = optlab.run("e.toml", out="whole", plots=False)
    edit(lab / "plugins" / "mine.py", "return x - lr * g", body)
    results = optlab.run("e.toml", plots=False)
    assert numbers(results, "mine").equals(numbers(whole, "mine"))
    assert results.history[results.history["run"] < 2].equals(whole.history[whole.history["run"] < 2])
    assert (results.manifest["statuses"]["error"], results.manifest["statuses"]["done"]) == (3, 6)
    failed = results.runs[results.runs["optimizer"] == "mine"]
    assert set(failed["status"]) == {"error"}
    log = (results.folder / "errors.log").read_text()
    assert BROKEN[body] in log
    assert os.path.join("plugins", "mine.py") in log
    assert str(lab) not in log
    assert "==== mine on rosenbrock\n" in log


def test_the_log_is_removed_when_no_run_fails(lab):
    edit(lab / "plugins" / "mine.py", "return", "raise")
    results = optlab.run("e.toml", plots=False)
    assert (results.folder / "errors.log").exists()
    (lab / "plugins" / "mine.py").write_text(MINE)
    assert optlab.run("e.toml", plots=False).manifest["statuses"]["error"] == 0
    assert not (results.folder / "errors.log").exists()


ONCE = """\
import pathlib
import numpy as np
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.001, kind="a"):
    "Mine, which needs a file that the lab does not know of."
    if not pathlib.Path("there").exists():
        raise RuntimeError(f"kind {kind} needs a file")
    return x - 2 * lr * g
"""


def test_the_report_is_written_with_the_pictures(lab, computed, monkeypatch):
    monkeypatch.setattr(pictures, "draw_all", DRAW_ALL)
    results = optlab.run("e.toml")
    report = results.folder / "report.html"
    written = report.read_bytes()
    assert written == results.report().text.encode()
    assert results.has_report()
    assert report not in results.plots
    for damage in (report.unlink, lambda: report.write_text("damaged")):
        damage()
        assert not results.has_report()
        computed.clear()
        assert optlab.run("e.toml").has_report()  # written again, without a run
        assert (computed, report.read_bytes()) == ([], written)


def test_without_pictures_there_is_no_report(lab):
    results = optlab.run("e.toml", plots=False)
    assert not results.has_report()
    assert not (results.folder / "report.html").exists()


def test_a_file_of_the_user_with_the_name_of_the_report_stays(lab):
    folder = optlab.run("e.toml", plots=False).folder
    (folder / "report.html").write_text("mine")
    with pytest.raises(UserError, match=r"report\.html: exists already and was not made by optlab"):
        optlab.run("e.toml")
    assert (folder / "report.html").read_text() == "mine"
    assert not any((folder / "plots").glob("*"))
    (folder / "report.html").unlink()
    assert optlab.run("e.toml").has_report()


def test_runs_that_failed_are_computed_again(lab, computed):
    (lab / "plugins" / "mine.py").write_text(ONCE)
    job = pipeline.prepare("e.toml")
    first = pipeline.carry_out(job)
    assert (first.results.failed, first.retried) == (3, 0)
    (lab / "there").touch()  # the cause is removed, and nothing that optlab compares has changed
    assert pipeline.prepare("e.toml").plan.id == job.plan.id
    computed.clear()
    again = pipeline.carry_out(pipeline.prepare("e.toml"))
    assert (again.reused, again.retried, again.replaced) == (False, 3, None)
    assert again.results.manifest["statuses"]["error"] == 0
    assert sum(map(len, computed)) == 3
    assert not (again.results.folder / "errors.log").exists()
    assert pipeline.carry_out(pipeline.prepare("e.toml")).reused


def test_every_sweep_that_fails_keeps_its_traceback(lab):
    """Also two sweeps with the same label and problem, which differ in a choice."""
    (lab / "plugins" / "mine.py").write_text(ONCE)
    edit(lab / "e.toml", 'name = "mine"', 'name = "mine"\nkind = ["a", "b"]')
    results = optlab.run("e.toml", plots=False)
    log = (results.folder / "errors.log").read_text()
    network = "mlp (xor, batch_size=16)"
    expected = [f"mine (kind={kind}) on {title}" for title in ("rosenbrock", network) for kind in "ab"]
    assert [line.removeprefix("==== ") for line in log.splitlines() if line.startswith("==== ")] == expected
    assert log.count("Traceback (most recent call last)") == 4
    failed = [sweep for sweep in results.manifest["sweeps"] if "error" in sweep]
    assert [sweep["described"] for sweep in failed] == expected
    for sweep in failed:
        kind = sweep["described"].partition("kind=")[2][0]
        assert (
            sweep["error"] == f"plugins/mine.py:9:9: RuntimeError: kind {kind} needs a file"
        )  # and no folder of a person


def test_the_size_of_a_grid_with_a_rule_that_raises(lab):
    """Counting gradients calls the rule: the message has the file and the line."""
    edit(lab / "plugins" / "mine.py", "return x - lr * g", "raise RuntimeError('so it is')")
    job = pipeline.prepare("e.toml")
    with pytest.raises(PluginError) as info:
        pipeline.prospects(job.plan)
    assert str(info.value).endswith("plugins/mine.py:6:5: RuntimeError: so it is")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise OSError('no such data')", "dataset 'data' cannot be used: OSError: no such data"),
        ("return 'words'", "dataset 'data' cannot be used: "),
        ("1", "dataset 'data' cannot be used: it returns nothing (None); end it with: return inputs, labels"),
        ("return [1.0, 2.0], [0, 1]", "cannot be used: inputs must be a table, a row for each example, not an array"),
        ("return [[1.0], [2.0]], [0, 0.5]", "cannot be used: labels must be whole numbers, from 0 to"),
        ("return [[1.0], [2.0]], [0, -1]", "cannot be used: labels must be whole numbers, from 0 to"),
        ("return [[1.0], [2.0]], [float('nan'), 1]", "cannot be used: labels must be whole numbers, from 0 to"),
        ("return [[1.0], [2.0]], [float('inf'), 1]", "cannot be used: labels must be whole numbers, from 0 to"),
        (
            "import numpy; return numpy.zeros((0, 2)), []",
            "cannot be used: inputs must be a table, a row for each example, not an array",
        ),
        ("return [[1.0], [2.0]], ['a', 'b']", "cannot be used: labels must be whole numbers, from 0 to"),
        ("return [[1.0], [2.0]], [0, 1, 2]", "dataset 'data' cannot be used: labels must be one number"),
    ],
)
def test_an_invalid_dataset(lab, text, said):
    code = f"from optlab import dataset\n@dataset\ndef data():\n    '''Data.'''\n    {text}\n"
    (lab / "plugins" / "data.py").write_text(code)
    edit(lab / "e.toml", '"xor"', '"data"')
    with pytest.raises(UserError) as info:
        optlab.run("e.toml", plots=False)
    assert str(info.value).startswith("e.toml:10:1: ")
    assert said in str(info.value)


# ---- counts ----------------------------------------------------------------------------------------------------------


def test_predicted_gradient_evaluations_equal_those_of_the_runs(lab):
    job = pipeline.prepare("e.toml")
    results = executed(job)
    assert sum(p.gradients for p in pipeline.prospects(job.plan)) == results.runs["grad_evals"].sum() == 9 * 20
    assert job.plan.repeats_saved == results.manifest["repeats_saved"] == 3


def test_progress_reaches_its_end(lab):
    told = []
    job = pipeline.prepare("e.toml")
    executed(job, told.append)
    assert sum(told) == job.plan.run_steps == 9 * 20


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_does_not_depend_on_the_other_seeds(lab, seed):
    """The runs of the first seeds do not change with the number of seeds."""
    few = optlab.run("e.toml", out="few", plots=False).runs
    edit(lab / "e.toml", "seeds = 2", "seeds = 5")
    many = optlab.run("e.toml", out="many", plots=False).runs
    few, many = (frame[(frame["seed"] == seed) & (frame["problem"] == "mlp")] for frame in (few, many))
    np.testing.assert_array_equal(few["final_loss"], many["final_loss"])
    assert len(few) == 3
