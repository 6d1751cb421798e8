"""Finished results stay intact and messages are true, at whatever point a run ends and whatever file is damaged."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import optlab
from optlab.api.redraw import replot
from optlab.cli.app import app
from optlab.results import store
from tests.cases import first_cases
from tests.digests import digest
from tests.results.store.faults import fault

TEXT = """\
name = "e"
steps = 10
[[problem]]
name = "sphere"
[[optimizer]]
name = "gd"
lr = [0.1, 0.2]
"""
KILLED = """\
import os, signal, sys
from optlab.cli.app import main
left, call, name = int(sys.argv.pop(1)), getattr(os, sys.argv[1]), sys.argv.pop(1)
def deadly(*args):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*args)
setattr(os, name, deadly)
main()
"""
COMPLETE = "the results of this experiment are complete in results/e"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.toml").write_text(TEXT)
    optlab.run("e.toml", plots=False)
    (tmp_path / "e.toml").write_text(TEXT.replace("steps = 10", "steps = 20"))
    return tmp_path


def steps():
    """The number of steps of the runs, from complete results."""
    results = optlab.load("results/e")
    (found,) = {*results.runs["steps"], results.history["step"].max(), results.trajectories["step"].max()}
    return found


def run(*words):
    return CliRunner().invoke(app, ["run", "e.toml", *words])


@pytest.mark.parametrize(
    ("call", "number"),
    first_cases(2, [("rename", 1), ("replace", 3), ("fsync", 7), ("replace", 1), ("replace", 5)]),
)
def test_a_process_killed_while_publishing_leaves_complete_results(lab, call, number, optlab_command):
    command = [sys.executable, "-c", KILLED, str(number), call, "run", "e.toml", "--no-plots"]
    done = subprocess.run(command, cwd=lab, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert steps() == (20 if call == "replace" else 10)
    again = optlab_command("run", "e.toml", "--no-plots", cwd=lab)
    assert again.returncode == 0
    assert ("nothing was computed" in again.stdout) == (call == "replace")
    assert {path.name for path in (lab / "results" / "e").iterdir()} == {
        *("manifest.json", "spec.toml", "runs.parquet", "history", "trajectories")
    }
    assert steps() == 20


@pytest.mark.parametrize("kind", first_cases(1, ["Ctrl-C", "error"]))
def test_the_message_on_the_state_of_the_results_is_right(lab, kind):
    """After an interrupt or an error of the file system in any call that moves or removes a file."""
    told = {10: set(), 20: set()}
    for number in itertools.count(1):
        with fault(number, kind, ("rename", "replace", "rmdir")) as made:
            done = run("--no-plots")
        if len(made) < number:
            break
        if done.exit_code:
            told[steps()].add(done.output.splitlines()[-1].partition("; ")[2])
            assert done.exit_code == (130 if kind == "Ctrl-C" else 1)
        optlab.run(TEXT_AS_DOCUMENT, plots=False)
    whole = "results of earlier runs are intact" if kind == "Ctrl-C" else "what was there before is intact"
    assert told == {10: {whole}, 20: {COMPLETE}}


TEXT_AS_DOCUMENT = {
    "name": "e",
    "steps": 10,
    "problem": [{"name": "sphere"}],
    "optimizer": [{"name": "gd", "lr": [0.1, 0.2]}],
}


def test_an_interrupt_while_drawing_reports_complete_results(lab, monkeypatch):
    from optlab.figures import saving

    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(saving, "save", interrupted)
    done = run()
    assert (done.exit_code, done.output.splitlines()[-1]) == (130, f"interrupted; {COMPLETE}")
    assert steps() == 20


@pytest.mark.parametrize("name", ["runs.parquet", "history", "manifest.json", "spec.toml"])
def test_damaged_results_are_computed_again_with_a_message(lab, name):
    assert run("--no-plots").exit_code == 0
    path = lab / "results" / "e" / name
    path = next(path.iterdir()) if path.is_dir() else path
    path.write_bytes(path.read_bytes()[:-1])
    done = run("--no-plots")
    said = [line for line in done.output.splitlines() if "damaged" in line]
    checksum = "" if name == "manifest.json" else " (its checksum is not the manifest's)"
    assert said == [f"{path.relative_to(lab)}: is damaged{checksum}; it was computed again"]
    assert "damaged" not in run("--no-plots").output


def test_results_without_a_manifest_are_computed_again_with_a_message(lab):
    assert run("--no-plots").exit_code == 0
    (lab / "results" / "e" / "manifest.json").unlink()
    said = "results/e: holds no finished results (manifest.json is missing); it was computed again"
    assert said in run("--no-plots").output.splitlines()
    assert steps() == 20


def test_damaged_or_missing_pictures_are_drawn_again_with_a_message(lab):
    """Also the report, and what `optlab plot` drew in another format. What no code draws any more is removed."""
    run()
    folder = lab / "results" / "e"
    replot(folder, format="svg", kinds=["loss"])
    with store.drawing(store.load(folder), "png") as drawing:
        (drawing.folder / "ert_gone.png").write_text("of an earlier version")
        drawing.add(drawing.folder / "ert_gone.png")
        drawing.publish()
    names = [f"plots/{kind}_sphere.{suffix}" for kind, suffix in (("contour", "png"), ("loss", "png"), ("loss", "svg"))]
    drawn = [*names, "plots/lr_sphere.png", "report.html", "plots/surface_sphere.png"]
    pictures = [folder / name for name in drawn]
    assert {*pictures, folder / "plots" / "ert_gone.png"} == {*(folder / "plots").iterdir(), folder / "report.html"}
    before, content = [digest(path) for path in pictures], pictures[1].read_bytes()
    pictures[0].write_bytes(b"")
    pictures[1].write_bytes(content[:100] + b"?" + content[101:])
    pictures[2].write_bytes(pictures[2].read_bytes()[:-1])
    pictures[3].unlink()
    pictures[4].write_bytes(pictures[4].read_bytes()[:-1])
    (folder / "plots" / "ert_gone.png").write_text("damaged")
    done = run()
    assert "nothing was computed" in done.output
    damaged = "is damaged (its checksum is not the manifest's); it"
    assert {line for line in done.output.splitlines() if "again" in line} == {
        *(f"results/e/{name}: {damaged} was drawn again" for name in (*names, "report.html")),
        "results/e/plots/lr_sphere.png: is missing; it was drawn again",
        f"results/e/plots/ert_gone.png: {damaged} could not be drawn again, and was removed",
    }
    assert [digest(path) for path in pictures] == before
    assert not (folder / "plots" / "ert_gone.png").exists()
    assert "again" not in run().output
