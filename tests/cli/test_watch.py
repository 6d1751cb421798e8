"""`optlab run --watch` in a separate process, while files change."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from optlab.cli import watch
from tests.cases import first_cases
from tests.cli.working import wait_until_it_runs

OPTLAB = str(Path(sys.executable).with_name("optlab"))
TEXT = """\
name = "e"
steps = 10

[[problem]]
name = "sphere"
start = [1.0, 1.0]

[[optimizer]]
name = "slow"
"""
PLUGIN = '''\
from helpers._rates import RATE
from optlab import optimizer

@optimizer
def slow(x, g):
    """A small step."""
    return x - 1.0 * RATE * g
'''


class Watched:
    """A process and its output so far."""

    def __init__(self, lab, *words):
        self.lab, self.log = lab, lab / "log"
        with self.log.open("wb") as log:
            command = [OPTLAB, *(words or ("run", "e.toml")), "--watch", "--no-plots"]
            self.process = subprocess.Popen(command, cwd=lab, stdout=log, stderr=log)

    def wait(self, text, times=1):
        """Wait until a text was printed this many times."""
        deadline = time.monotonic() + 60
        while (printed := self.log.read_text()).count(text) < times:
            assert self.process.poll() is None, printed
            assert time.monotonic() < deadline, printed
            time.sleep(0.05)
        return printed

    def round(self):
        """The process of the round, after its start; the watcher reads the files before."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        deadline = time.monotonic() + 60
        while not (found := children.read_text().split()):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        (child,) = found
        return child

    def loss(self, name="e"):
        return pd.read_parquet(self.lab / "results" / name / "runs.parquet")["final_loss"][0]


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "e.toml").write_text(TEXT)
    (tmp_path / "plugins" / "helpers").mkdir(parents=True)
    (tmp_path / "plugins" / "slow.py").write_text(PLUGIN)
    (tmp_path / "plugins" / "helpers" / "_rates.py").write_text("RATE = 0.1\n")
    return tmp_path


@pytest.fixture
def start(lab):
    started = []

    def begin(*words):
        started.append(Watched(lab, *words))
        return started[-1]

    yield begin
    for watched in started:
        watched.process.kill()
        watched.process.wait()


def test_every_change_is_detected_and_mistakes_do_not_end_the_watch(lab, start):
    """On x0^2 + x1^2 a step multiplies the loss by (1 - 2 rate)^2, from 2."""
    watched = start()
    watched.wait("; Ctrl-C ends")
    assert watched.loss() == pytest.approx(2 * 0.8**20)

    (lab / "e.toml").write_text(TEXT.replace("steps = 10", "steps = 5"))
    assert "changed: e.toml" in watched.wait("; Ctrl-C ends", 2)
    assert watched.loss() == pytest.approx(2 * 0.8**10)

    (lab / "plugins" / "slow.py").write_text(PLUGIN.replace("1.0 * RATE", "2.0 * RATE"))
    assert "changed: plugins/slow.py" in watched.wait("; Ctrl-C ends", 3)
    assert watched.loss() == pytest.approx(2 * 0.6**10)

    (lab / "plugins" / "helpers" / "_rates.py").write_text("RATE = 0.15\n")
    assert "changed: plugins/helpers/_rates.py" in watched.wait("; Ctrl-C ends", 4)
    assert watched.loss() == pytest.approx(2 * 0.4**10)

    (lab / "plugins" / "slow.py").write_text("def slow(:\n")
    printed = watched.wait("; Ctrl-C ends", 5)
    assert "plugins/slow.py:1:10: SyntaxError" in printed
    (lab / "e.toml").write_text(TEXT.replace("steps = 10", "stepz = 10"))
    assert "did you mean 'steps'?" in watched.wait("; Ctrl-C ends", 6)
    assert "Traceback" not in printed

    (lab / "plugins" / "slow.py").write_text(PLUGIN)
    (lab / "e.toml").write_text(TEXT.replace("steps = 10", "steps = 1"))
    watched.wait("; Ctrl-C ends", 7)
    assert watched.loss() == pytest.approx(2 * 0.7**2)

    (lab / "e.toml").touch()
    assert watched.wait("; Ctrl-C ends", 8).count("nothing was computed") == 1

    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(20) == 130
    printed = watched.log.read_text()
    assert printed.endswith("interrupted; results of earlier runs are intact\n")
    assert printed.count("interrupted") == 1


def test_a_race_is_run_again_when_a_plugin_changes(lab, start):
    """With all its options: start -1, five steps, a folder with another name."""
    words = ("--on", "sphere", "--steps", "5", "--start", "-1,1", "--name", "again", "--backend", "replay")
    watched = start("race", "slow", *words)
    assert "watching plugins; Ctrl-C ends" in watched.wait("; Ctrl-C ends")
    assert watched.loss("again") == pytest.approx(2 * 0.8**10)

    (lab / "plugins" / "slow.py").write_text("def slow(:\n")
    printed = watched.wait("; Ctrl-C ends", 2)
    assert "there is no optimizer 'slow'" in printed
    assert "Traceback" not in printed

    (lab / "plugins" / "slow.py").write_text(PLUGIN.replace("1.0 * RATE", "2.0 * RATE"))
    assert "changed: plugins/slow.py" in watched.wait("; Ctrl-C ends", 3)
    assert watched.loss("again") == pytest.approx(2 * 0.6**10)

    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(20) == 130


@pytest.mark.parametrize(("number", "status"), first_cases(1, [(signal.SIGTERM, 143), (signal.SIGINT, 130)]))
def test_a_long_round_is_stopped_with_its_watcher(lab, start, number, status):
    """A change stops it too."""
    endless = TEXT.replace("steps = 10", "steps = 20000000000").replace('"slow"', '"gd"\nlr = 1e-9')
    (lab / "e.toml").write_text(endless + "\n[record]\npoints = 2\n")
    watched = start()
    wait_until_it_runs(watched.round())
    (lab / "e.toml").write_text(TEXT)
    watched.wait("; Ctrl-C ends")
    (lab / "e.toml").write_text(endless + "\n[record]\npoints = 3\n")
    watched.wait("changed: e.toml", 2)
    child = watched.round()
    wait_until_it_runs(child)
    watched.process.send_signal(number)
    assert watched.process.wait(20) == status
    assert not Path(f"/proc/{child}").exists()
    printed = watched.log.read_text()
    assert printed.endswith("interrupted; results of earlier runs are intact\n")
    assert "Traceback" not in printed


def test_a_missing_file_is_a_mistake(tmp_path, optlab_command):
    done = optlab_command("run", "none.toml", "--watch", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == optlab_command("run", "none.toml", cwd=tmp_path).stderr


def test_on_a_terminal_the_screen_is_cleared(lab, start):
    main, other = pty.openpty()
    command = [OPTLAB, "run", "e.toml", "--watch", "--no-plots"]
    (lab / "e.toml").write_text(TEXT.replace('"slow"', '"gd"'))
    process = subprocess.Popen(command, cwd=lab, stdout=other, stderr=other, start_new_session=True)
    os.close(other)
    printed = b""
    try:
        while b"; Ctrl-C ends" not in printed:
            printed += os.read(main, 1000)
        assert b"\x1b[2J" not in printed
        (lab / "e.toml").touch()
        while b"changed: e.toml" not in printed:
            printed += os.read(main, 1000)
        assert b"\x1b[2J" in printed
    finally:
        process.terminate()
        process.wait()
        os.close(main)


def test_the_snapshot_of_files(lab):
    """Modules at any depth, without files that a run creates."""
    (lab / "plugins" / "__pycache__").mkdir()
    for name in ("__pycache__/slow.py", ".hidden.py", "notes.txt"):
        (lab / "plugins" / name).write_text("")
    seen = watch.snapshot([lab / "e.toml"], [lab / "plugins", lab / "nowhere"])
    names = {str(path.relative_to(lab)) for path in seen}
    assert names == {"e.toml", "plugins/slow.py", "plugins/.hidden.py", "plugins/helpers/_rates.py"}
    (lab / "e.toml").unlink()
    assert lab / "e.toml" not in watch.snapshot([lab / "e.toml"], [])
