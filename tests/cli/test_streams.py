"""Output streams that are closed, full or not UTF-8: the results are written, and there is no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import optlab
from tests.cases import first_cases

OPTLAB = str(Path(sys.executable).with_name("optlab"))
TEXT = """\
name = "e"
steps = 20
seeds = 2

[[problem]]
name = "rosenbrock"
start = "random"

[[optimizer]]
name = "gd"
label = "梯度下降"
lr = [1e-4, 1e-3]
"""
LABEL = "梯度下降"
ESCAPED = r"\u68af\u5ea6\u4e0b\u964d"


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "e.toml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def shell(lab, line, **environment):
    """The output of a line of the shell, in which $optlab is the command, and its exit status."""
    line = f'exec 3>&1; {{ {line}; }}; status=$?; echo "status $status" >&3'
    known = os.environ | {"optlab": OPTLAB} | environment
    done = subprocess.run(["bash", "-c", line], cwd=lab, env=known, capture_output=True, timeout=120)
    assert b"Traceback" not in done.stdout + done.stderr
    return done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize(
    ("line", "status", "stdout", "stderr"),
    first_cases(3, [
        ("$optlab run e.toml --no-plots >&-", 0, "", "running: 100 %"),
        ("$optlab run e.toml --no-plots >/dev/full", 1, "", "the output cannot be written: No space left on device"),
        ("set -o pipefail; $optlab run e.toml --no-plots | head -1", 0, "rosenbrock (start=random)", "running: 100 %"),
        ("$optlab run e.toml >&-", 0, "", "drawing: 100 %"),
        ("$optlab run e.toml --no-plots 2>&-", 0, LABEL, ""),
        ("$optlab run e.toml --no-plots <&- >&- 2>&-", 0, "", ""),
        ("$optlab run e.toml --no-plots 2>/dev/full", 0, LABEL, ""),
        ("$optlab run e.toml --no-plots >/dev/full 2>&1", 1, "", ""),
        ("set -o pipefail; $optlab run e.toml --no-plots 2>&1 | true", 0, "", ""),
    ]),
)  # fmt: skip
def test_results_are_written_even_if_the_output_is_lost(lab, line, status, stdout, stderr):
    out, err = shell(lab, line)
    assert stdout in out
    assert stderr in err
    assert out.endswith(f"status {status}\n")
    results = optlab.load(lab / "results" / "e")
    assert results.runs["status"].tolist() == ["done"] * 4
    assert len(results.plots) == (0 if "--no-plots" in line else 4)


@pytest.mark.parametrize(
    "environment",
    first_cases(1, [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]),
)
def test_characters_outside_the_encoding_are_escaped(lab, environment):
    out, _ = shell(lab, "$optlab run e.toml --no-plots", **environment)
    assert ESCAPED in out
    assert out.endswith("status 0\n")
    assert shell(lab, "$optlab explain adam", **environment)[0].endswith("status 0\n")


@pytest.mark.parametrize(
    "command", first_cases(1, ["--help", "validate e.toml", "schema", "--version", "list optimizers"])
)
def test_every_command_reports_lost_output(lab, command):
    (lab / "plugins").mkdir()  # without this folder a note is printed too
    out, err = shell(lab, f"$optlab {command} >/dev/full")
    assert (out, err) == ("status 1\n", "the output cannot be written: No space left on device\n")
    assert shell(lab, f"$optlab {command} >&-")[0] == "status 0\n"


def test_a_mistake_keeps_its_status_where_it_cannot_be_printed(lab):
    assert shell(lab, "$optlab run nothing.toml >/dev/full 2>&1") == ("status 2\n", "")
    assert shell(lab, "$optlab run nothing.toml >&- 2>&-") == ("status 2\n", "")


def test_files_of_the_results_do_not_get_the_descriptor_of_a_closed_stream(lab):
    assert shell(lab, "$optlab run e.toml --no-plots >&- 2>&-") == ("status 0\n", "")
    assert optlab.load(lab / "results" / "e").runs["status"].tolist() == ["done"] * 4
    assert all(path.read_bytes().isascii() for path in (lab / "results" / "e").glob("*.json"))
    assert (lab / "results" / "e" / "spec.toml").read_text(encoding="utf-8") == TEXT


def test_a_byte_order_mark_next_to_results_of_another_experiment(lab, optlab_command):
    def run():
        done = optlab_command("run", "e.toml", "--no-plots", cwd=lab)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
        return done.stdout

    run()
    (lab / "e.toml").write_text("\ufeff" + TEXT.replace("steps = 20", "steps = 10"), encoding="utf-8")
    assert "which differed in steps (20 -> 10)" in run()
    (lab / "e.toml").write_text(TEXT.replace("steps = 20", "steps = 10"), encoding="utf-8")
    assert "nothing was computed" in run()


def test_a_stream_that_a_plugin_closes_stays_open(tmp_path, optlab_command):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "closes.py").write_text(
        "import sys\nfrom optlab import optimizer\n\n\n@optimizer\ndef closes(x, g, *, lr=0.1):\n"
        "    sys.stdout.close()\n    sys.stderr.close()\n    return x - lr * g\n"
    )
    done = optlab_command("race", "closes", "--on", "sphere", "--steps", 5, "--no-plots", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "results in results/race/" in done.stdout


INTERRUPTED = """\
import signal, sys
from optlab.cli.streams import protect

class Stop(Exception):
    pass

def stop(*_):
    raise Stop

protect()
signal.signal(signal.SIGALRM, stop)
for n in range(3000):
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + n % 60))
        sys.stderr.write(f"line {n}\\n")
        for _ in range(100):
            pass
    except Stop:
        pass
    try:
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Stop:
        pass
"""


def test_no_line_is_printed_twice_if_a_signal_comes_while_it_is_written():
    """The handler raises at some moment of each line. A line that was interrupted before it was written may be lost."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], stderr=subprocess.PIPE, text=True, check=True)
    lines = done.stderr.splitlines()
    assert len(lines) > 1000
    assert len(lines) == len(set(lines))
