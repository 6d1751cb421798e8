"""Concurrent runs with one results folder: one writes, and nothing is lost.

Another one of the same experiment waits for its results and uses them. One of another experiment stops with a message.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import optlab

OPTLAB = str(Path(sys.executable).with_name("optlab"))
TEXT = """\
name = "e"
steps = 40

[[problem]]
name = "beale"

[[optimizer]]
name = "gd"
lr = [1e-4, 1e-3]

[[optimizer]]
name = "adam"
"""
SLEEPS = """\
import time
from optlab import optimizer

@optimizer
def sleeps(x, g):
    '''Nothing for a long time.'''
    time.sleep(1000)
"""
MESSAGE = (
    "results/e: another run is writing its results there; wait until it has ended, "
    "or give this one another name or another folder (--out)\n"
)


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "e.toml").write_text(TEXT)
    (tmp_path / "other.toml").write_text(TEXT.replace("steps = 40", "steps = 50"))
    (tmp_path / "endless.toml").write_text(TEXT.replace("steps = 40", "steps = 20000000000"))
    (tmp_path / "sleeps.toml").write_text(TEXT.replace("adam", "sleeps"))
    return tmp_path


def start(lab, file):
    """A run that holds the lock of the folder."""
    process = subprocess.Popen([OPTLAB, "run", file, "--quiet"], cwd=lab, stderr=subprocess.PIPE, text=True)
    lock = lab / "results" / "e" / ".lock"
    while not (lock.exists() and lock.stat().st_size):
        assert process.poll() is None
        time.sleep(0.05)
    return process


@pytest.fixture
def sleeping(lab):
    """Finished results, and an endless run that holds the lock of their folder and uses little processor time."""
    optlab.run(lab / "e.toml", out=lab / "results", plots=False)
    (lab / "plugins").mkdir()
    (lab / "plugins" / "sleeps.py").write_text(SLEEPS)
    process = start(lab, "sleeps.toml")
    yield process
    process.kill()
    process.wait()
    process.stderr.close()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def whole(folder):
    """The results, which must be complete."""
    results = optlab.load(folder)
    runs = set(range(3))
    assert set(results.runs["run"]) == set(results.history["run"]) == set(results.trajectories["run"]) == runs
    return results


def test_a_second_writer_stops_with_a_message_and_readers_continue(lab, sleeping, optlab_command):
    before = content(lab / "results" / "e")
    for command in (["run", "other.toml"], ["basins", "beale", "--name", "e"], ["race", "gd", "--name", "e"]):
        done = optlab_command(*command, "--quiet", cwd=lab)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", MESSAGE)
    again = optlab_command("run", "e.toml", "--no-plots", cwd=lab)  # there is nothing to write
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing was computed: these results exist already" in again.stdout
    assert content(lab / "results" / "e") == before
    whole(lab / "results" / "e")
    drawn = optlab_command("plot", "results/e", cwd=lab)
    assert (drawn.returncode, drawn.stderr, len(drawn.stdout.splitlines())) == (0, "", 4)
    assert sleeping.poll() is None


def test_a_killed_run_releases_the_folder(lab, sleeping, optlab_command):
    sleeping.kill()
    sleeping.wait()
    (lab / "results" / "e" / ".draft" / "history").mkdir(parents=True)  # the file of the killed run
    (lab / "results" / "e" / ".draft" / "history" / "0123456789abcdef.parquet").write_bytes(b"half a table")
    done = optlab_command("run", "other.toml", "--no-plots", cwd=lab)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "running: 100 %")
    whole(lab / "results" / "e")
    names = {path.name for path in (lab / "results" / "e").iterdir()}
    assert names == {"history", "trajectories", "manifest.json", "runs.parquet", "spec.toml"}


def test_several_runs_at_once_leave_complete_results(lab):
    """Any of the runs may hold the lock. That run succeeds, those of the same experiment too."""
    commands = [[OPTLAB, "run", name, "--quiet"] for name in ("e.toml", "e.toml", "other.toml")]
    processes = [subprocess.Popen(one, cwd=lab, stderr=subprocess.PIPE, text=True) for one in commands]
    said = [process.communicate()[1] for process in processes]
    ended = [process.returncode for process in processes]
    assert set(zip(ended, said, strict=True)) <= {(0, ""), (2, MESSAGE)}
    assert 0 in ended
    results = whole(lab / "results" / "e")
    assert len(results.plots) == 4


@pytest.mark.parametrize("launches", [2, pytest.param(8, marks=pytest.mark.many)])
def test_runs_of_one_experiment_at_once_compute_once(lab, launches):
    command = [OPTLAB, "run", "e.toml", "--no-plots"]
    processes = [
        subprocess.Popen(command, cwd=lab, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(launches)
    ]
    printed = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * launches
    assert sum("nothing was computed" in out for out, _ in printed) == launches - 1
    whole(lab / "results" / "e")


def test_a_run_waits_for_one_of_the_same_experiment(lab, sleeping, tmp_path):
    """Until that one ends. If it was killed, the waiting one computes the results."""
    (lab / "plugins" / "sleeps.py").write_text(SLEEPS)
    second = subprocess.Popen([OPTLAB, "run", "sleeps.toml", "--quiet"], cwd=lab, stderr=subprocess.PIPE, text=True)
    lock = str(lab / "results" / "e" / ".lock")
    while lock not in [os.path.realpath(link) for link in Path(f"/proc/{second.pid}/fd").iterdir()]:
        assert second.poll() is None
        time.sleep(0.05)
    second.send_signal(signal.SIGINT)
    assert second.communicate()[1] == "interrupted; results of earlier runs are intact\n"
    assert (second.returncode, sleeping.poll()) == (130, None)


def test_an_interrupted_first_run_leaves_no_folder(lab):
    process = start(lab, "endless.toml")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == "interrupted; results of earlier runs are intact\n"
    assert process.returncode == 130
    assert not (lab / "results" / "e").exists()
