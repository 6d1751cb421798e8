"""`optlab run` and `plot` in separate processes: output, exit statuses, files."""

from __future__ import annotations

import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import optlab
from optlab.execution.executors.drain import SENTENCE
from tests.cli.working import wait_until_it_runs
from tests.digests import digest

OPTLAB = str(Path(sys.executable).with_name("optlab"))
TEXT = """\
name = "e"
steps = 40
seeds = 3

[[problem]]
name = "rosenbrock"

[[optimizer]]
name = "gd"
label = "[red]x[/red]"
lr = [1e-4, 1e-3, 1e5]

[[optimizer]]
name = "adam"
label = "$x$"

[[optimizer]]
name = "adam"
label = "_x"
"""
ENDLESS = TEXT.replace("steps = 40", "steps = 20000000000")
SEVERAL = (
    'name = "e"\nsteps = 8000\nseeds = 200\n[[problem]]\nname = "griewank"\ndim = 10\nstart = "random"\n'
    + "".join(f'[[optimizer]]\nname = "adam"\nlabel = "{n}"\nlr = {n / 100}\n' for n in range(1, 21))
)
"""Twenty sweeps, each of which is worth keeping."""
HANGS = """\
import pathlib, threading, time
from optlab import problem

def start(rng, inputs):
    if threading.current_thread() is not threading.main_thread():
        pathlib.Path("hangs").touch()
        time.sleep(1000)
    return rng.normal(size=2)

@problem(start=start, dataset="xor")
def hangs(x, *, inputs, targets):
    "Least squares, the start of which is never drawn."
    return ((inputs @ x - targets[:, 0]) ** 2).mean()
"""
TENTHS = [f"running: {n} %" for n in range(10, 101, 10)]


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "e.toml").write_text(TEXT)
    return tmp_path


def test_run_plot_and_run_again(lab, optlab_command):
    """The usual case: a ranking, counts and places on stdout, progress on stderr. The second run computes nothing."""
    (lab / "plugins").mkdir()
    done = optlab_command("run", "e.toml", cwd=lab)
    assert done.returncode == 0, done.stderr
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "rosenbrock"
    assert lines[1].split("  ")[0] == "rank"
    labels = [label for line in lines[2:5] for label in ("[red]x[/red]", "$x$", "_x") if f" {label} " in line]
    assert sorted(labels) == sorted(["[red]x[/red]", "$x$", "_x"])
    assert "33 %" in done.stdout
    assert "5 runs of 5 cells: 4 done, 1 diverged" in lines
    assert "deterministic cells ran once, not once per seed (10 repeats saved)" in lines
    files = "report.html, runs.parquet, history/, trajectories/, manifest.json, and 4 pictures in plots/"
    assert lines[-1] == f"results in results/e/: {files}"
    progress = done.stderr.splitlines()
    assert [line for line in progress if line.startswith("running")][-1] == "running: 100 %"
    assert set(progress) <= {*TENTHS, *(line.replace("running", "drawing") for line in TENTHS), *progress[-3:]}
    assert progress[-1] == "drawing: 100 %"
    assert "\x1b" not in done.stdout + done.stderr

    again = optlab_command("run", "e.toml", cwd=lab)
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing was computed: these results exist already" in again.stdout.splitlines()
    assert again.stdout.replace("nothing was computed: these results exist already\n", "") == done.stdout

    before = digest(lab / "results" / "e" / "runs.parquet")
    plots = optlab_command("plot", "results/e", "--format", "pdf", cwd=lab)
    assert plots.returncode == 0, plots.stderr
    names = [f"results/e/plots/{name}_rosenbrock.pdf" for name in ("contour", "surface", "loss", "lr")]
    assert plots.stdout.splitlines() == names
    assert all((lab / name).read_bytes().startswith(b"%PDF") for name in names)
    assert digest(lab / "results" / "e" / "runs.parquet") == before


def test_sweeps_that_cannot_run_on_the_requested_back_end_are_reported(lab, optlab_command):
    def told(text, *options):
        (lab / "e.toml").write_text(text)
        lines = optlab_command("run", "e.toml", "--no-plots", *options, cwd=lab).stdout.splitlines()
        return [line for line in lines if "could not run" in line]

    said = "3 of 3 sweeps could not run on native, as requested: optlab validate shows why"
    assert told('precision = "float32"\n' + TEXT, "--backend", "native") == [said]
    assert told(TEXT, "--backend", "native") == []
    assert told('precision = "float32"\n' + TEXT) == []


def test_runs_whose_loss_never_changed_are_reported(lab, optlab_command):
    (lab / "plugins").mkdir()
    (lab / "plugins" / "low.py").write_text(
        "import numpy as np\nfrom optlab import problem\n\n"
        "@problem(start=(1.0, 2.0))\ndef low(x):\n    return 1e-300 * np.sum(x**2)\n"
    )
    rules = ('name = "gd"\nlr = [0.1, 0.2]', 'name = "adam"', 'name = "lion"')
    written = "".join(f"\n[[optimizer]]\n{rule}\n" for rule in rules)
    (lab / "e.toml").write_text('name = "e"\nsteps = 9\n\n[[problem]]\nname = "low"\n' + written)
    lines = optlab_command("run", "e.toml", "--no-plots", cwd=lab).stdout.splitlines()
    why = "the steps are too small to change x, or the function is flat there"
    assert [line for line in lines if "never changed" in line] == [
        f"gd on low: the loss of 2 runs never changed; {why}",
        f"adam on low: the loss of 1 run never changed; {why}",
    ]
    problems = '\n[[problem]]\nname = "low"\nstart = [{}.0]\n'
    several = "".join(problems.format(number) for number in range(1, 6))
    (lab / "e.toml").write_text('name = "e"\nsteps = 9\n' + several + written)
    lines = optlab_command("run", "e.toml", "--no-plots", cwd=lab).stdout.splitlines()
    assert [line for line in lines if "never changed" in line] == [
        f"gd on low and 4 more cases: the loss of 10 runs never changed; {why}",
        f"adam on low and 4 more cases: the loss of 5 runs never changed; {why}",
    ]


def test_quiet_out_plugins_and_format(lab, optlab_command):
    (lab / "mine").mkdir()
    (lab / "mine" / "mine.py").write_text(
        "from optlab import optimizer\n\n"
        "@optimizer\ndef mine(x, g, *, lr=1e-4):\n    '''Mine.'''\n    return x - lr * g\n"
    )
    (lab / "mine" / "broken.py").write_text("1 / 0\n")
    (lab / "e.toml").write_text(TEXT + '\n[[optimizer]]\nname = "mine"\n')
    options = ["--quiet", "--out", "somewhere/else", "--plugins", "mine", "--format", "svg"]
    done = optlab_command("run", "e.toml", *options, cwd=lab)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    plots = sorted((lab / "somewhere" / "else" / "e" / "plots").iterdir())
    assert [path.suffix for path in plots] == [".svg"] * 4
    assert all("<svg" in path.read_text() for path in plots)
    assert not (lab / "results").exists()
    loud = optlab_command("run", "e.toml", "--out", "somewhere/else", "--plugins", "mine", "--no-plots", cwd=lab)
    assert loud.stderr == "warning: not loaded: mine/broken.py:1:1: ZeroDivisionError: division by zero\n"


def test_a_rule_that_raises_while_running(lab, optlab_command):
    (lab / "plugins").mkdir()
    (lab / "plugins" / "bad.py").write_text(
        "import sys\nfrom optlab import optimizer\n\n"
        "@optimizer\ndef bad(x, g, *, lr=1e-4):\n    '''Bad.'''\n    raise RuntimeError('so it is')\n\n"
        "@optimizer\ndef gone(x, g, *, lr=1e-4):\n    '''Gone.'''\n    sys.exit(0)\n"
    )
    whole = optlab.run(lab / "e.toml", out=lab / "whole", plots=False).runs
    (lab / "e.toml").write_text(TEXT + '\n[[optimizer]]\nname = "bad"\n\n[[optimizer]]\nname = "gone"\n')
    done = optlab_command("run", "e.toml", "--no-plots", cwd=lab)
    assert done.returncode == 1
    assert "7 runs of 7 cells: 4 done, 1 diverged, 2 error" in done.stdout
    *_, first, second, last = done.stderr.splitlines()
    assert first.startswith("bad on ")
    assert first.endswith(": RuntimeError: so it is")
    assert second.startswith("gone on ")
    assert second.endswith(": SystemExit: 0")
    assert last == "2 runs ended with an error; tracebacks: results/e/errors.log"
    assert "Traceback" not in done.stderr
    log = (lab / "results" / "e" / "errors.log").read_text()
    assert "RuntimeError: so it is" in log
    assert "SystemExit: 0" in log
    runs = optlab.load(lab / "results" / "e").runs
    assert runs.iloc[:5].drop(columns="seconds").equals(whole.drop(columns="seconds"))
    assert optlab_command("run", "e.toml", "--no-plots", cwd=lab).returncode == 1  # finished with failed runs
    check = optlab_command("validate", "e.toml", cwd=lab)
    assert (check.returncode, check.stdout) == (2, "")
    assert check.stderr.endswith("plugins/bad.py:7:5: RuntimeError: so it is\n")


def test_without_records_or_finite_losses_there_is_a_note(lab, optlab_command):
    """No picture without data, no rank without a finite loss, no file in the list that was not written."""
    (lab / "e.toml").write_text(TEXT.replace("1e-4, 1e-3, 1e5", "1e5") + "\n[record]\npoints = 0\n")
    done = optlab_command("run", "e.toml", cwd=lab)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "drawing: 100 %")
    *_, said, last = done.stdout.splitlines()
    assert said == ("no steps were recorded ([record] points = 0): there are no pictures of losses and paths")
    assert last == "results in results/e/: report.html, runs.parquet, history/, manifest.json, and 1 picture in plots/"
    alone = TEXT[: TEXT.index('\n[[optimizer]]\nname = "adam"')]
    (lab / "e.toml").write_text(alone.replace("1e-4, 1e-3, 1e5", "1e4, 1e5"))
    done = optlab_command("run", "e.toml", "--no-plots", cwd=lab)
    shown = "   -  [red]x[/red]  lr=1e+04       none finite                      100 %"
    assert shown in done.stdout.splitlines()


def test_replacing_results_of_another_experiment_prints_the_differences(lab, optlab_command):
    run = ["run", "e.toml", "--no-plots"]
    assert "replaced" not in optlab_command(*run, cwd=lab).stdout
    (lab / "e.toml").write_text(TEXT.replace("steps = 40", "steps = 41").replace("1e-4", "1e-5"))
    *_, said, _ = optlab_command(*run, cwd=lab).stdout.splitlines()
    assert said == (
        "replaced the results of another experiment of this name, which differed in "
        "steps (40 -> 41), gd.lr ([0.0001, 0.001, 100000.0] -> [1e-05, 0.001, 100000.0])"
    )
    assert "replaced" not in optlab_command(*run, cwd=lab).stdout
    other = (
        TEXT.replace("steps = 40", "steps = 5")
        .replace("seeds = 3", "seeds = 1\nseed = 1")
        .replace("rosenbrock", "beale")
    )
    (lab / "e.toml").write_text(other)
    assert (
        "steps (41 -> 5), seed (0 -> 1), problem (rosenbrock -> beale), "
        "gd.lr ([1e-05, 0.001, 100000.0] -> [0.0001, 0.001, 100000.0])\n"
    ) in optlab_command(*run, cwd=lab).stdout
    assert ", which differed in backend (auto -> replay)\n" in optlab_command(*run, "--backend=replay", cwd=lab).stdout
    several = (
        other.replace("steps = 5", "steps = 6")
        .replace("seed = 1", "seed = 2\nprecision = 'float32'")
        .replace("beale", "booth")
        .replace('label = "$x$"', "lr = 0.5")
        .replace('label = "_x"', 'label = "_y"')
    )
    (lab / "e.toml").write_text(several)
    assert " and 2 more\n" in optlab_command(*run, cwd=lab).stdout


def start(lab, *arguments, **kwargs):
    return subprocess.Popen([OPTLAB, *arguments], cwd=lab, text=True, stderr=subprocess.PIPE, **kwargs)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c(lab, number):
    """During the runs: exit status 130, a line each, and the earlier results are unchanged."""
    optlab.run(lab / "e.toml", out=lab / "results", plots=False)
    before = {path: digest(path) for path in (lab / "results").rglob("*") if path.is_file()}
    (lab / "e.toml").write_text(ENDLESS)
    with start(lab, "run", "e.toml", stdout=subprocess.PIPE) as process:
        wait_until_it_runs(process.pid)
        assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "interrupted; results of earlier runs are intact"
    assert "Traceback" not in err
    assert {path: digest(path) for path in before} == before
    assert len(optlab.load(lab / "results" / "e").runs) == 5


def test_ctrl_c_keeps_the_sweeps_in_flight(lab, optlab_command):
    """The next launch computes only the others, and the results are those of a run without an interruption."""
    (lab / "e.toml").write_text(SEVERAL)
    with start(lab, "run", "e.toml", "--no-plots", "--workers", "1", stdout=subprocess.PIPE) as process:
        assert process.stderr is not None
        while (line := process.stderr.readline()) != "running: 20 %\n":
            assert line
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    notice, last = [line for line in err.splitlines() if not line.startswith("running")]
    assert (process.returncode, notice) == (130, SENTENCE)
    kept = int(last.removeprefix("interrupted; results of earlier runs are intact; ").split()[0].replace(",", ""))
    assert 0 < kept < 20 * 200
    again = optlab_command("run", "e.toml", "--no-plots", cwd=lab)
    assert f"{kept:,} of 4,000 runs kept from earlier" in again.stderr
    fresh = optlab.run(lab / "e.toml", out=lab / "fresh", plots=False).runs
    resumed = optlab.load(lab / "results" / "e").runs
    pd.testing.assert_frame_equal(fresh.drop(columns="seconds"), resumed.drop(columns="seconds"))


def test_ctrl_c_twice_ends_a_rule_that_never_returns(lab):
    (lab / "plugins").mkdir()
    (lab / "plugins" / "hangs.py").write_text(HANGS)
    (lab / "e.toml").write_text(TEXT.replace("rosenbrock", "hangs"))
    with start(lab, "run", "e.toml", "--no-plots", stdout=subprocess.PIPE) as process:
        while not (lab / "hangs").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while process.stderr.readline() != f"{SENTENCE}\n":
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "interrupted; results of earlier runs are intact\n")


def test_a_full_disk(lab, optlab_command):
    """No file may exceed two kilobytes: one line, and the earlier results are unchanged."""
    first = optlab.run(lab / "e.toml", out=lab / "results", plots=False)
    runs = first.runs
    (lab / "e.toml").write_text(TEXT.replace("steps = 40", "steps = 4000"))

    def no_space():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    done = optlab_command("run", "e.toml", "--no-plots", cwd=lab, preexec_fn=no_space)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("results/e/")
    assert "/." not in last  # no hidden file of optlab
    assert "File too large" in last
    assert last.endswith("; what was there before is intact")
    assert optlab.load(lab / "results" / "e").runs.equals(runs)


@pytest.mark.parametrize("place", ["results", "results/e"])
def test_a_file_in_place_of_a_folder(lab, optlab_command, place):
    (lab / place).parent.mkdir(exist_ok=True)
    (lab / place).write_text("mine")
    done = optlab_command("run", "e.toml", "--no-plots", cwd=lab)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "results/e: the folder for the results cannot be made" in done.stderr
    assert (lab / place).read_text() == "mine"


def test_a_live_bar_on_a_terminal(lab):
    main, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [OPTLAB, "run", "e.toml", "--no-plots"], cwd=lab, env=environment, stderr=terminal, stdout=subprocess.PIPE
    ) as process:
        os.close(terminal)
        seen = b""
        while select.select([main], [], [], 20)[0]:
            try:
                seen += os.read(main, 65536)
            except OSError:  # the other end was closed
                break
        out = process.communicate(timeout=20)[0].decode()
    os.close(main)
    assert process.returncode == 0
    assert b"\x1b[" in seen
    assert b"running" in seen
    assert "━".encode() in seen
    assert b"running: 100 %" not in seen
    assert "\x1b" not in out  # stdout is a pipe
    assert "5 runs of 5 cells" in out
