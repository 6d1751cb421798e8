"""`optlab check` in a process of its own: plugins that hang, crash or end their process fail one check."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from optlab.cli.check_steps import COLOURS
from optlab.testing.conformance import OUTCOMES
from tests.forked import BIN

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

RULE = '''import os
import numpy as np
from optlab import optimizer


@optimizer
def {name}(x, g, *, lr=0.01):
    """Descent (Cauchy, 1847). lr: learning rate"""
    {code}
    return x - lr * g
'''
ENDS = {
    "os._exit(3)": ("ended the process with status 3, as os._exit(3) does", ""),
    "os._exit(0)": ("ended the process with status 0, as os._exit(0) does", ""),
    "import ctypes; ctypes.string_at(0)": ("ended the process with SIGSEGV", ", at plugins/mine.py:9"),
    "os.abort()": ("ended the process with SIGABRT", ", at plugins/mine.py:9"),
    "os.kill(os.getpid(), 9)": ("ended the process with SIGKILL", ""),
    "os.killpg(0, 9)": ("ended the process with SIGKILL", ""),
    "os.closerange(0, 200)": ("closed the files of its process", ""),
    "while True: pass": ("did not end within 2 s", ", at plugins/mine.py:9"),
    "import time; time.sleep(100)": ("did not end within 2 s", ", at plugins/mine.py:9"),
}


def written(folder, code, name="mine"):
    path = folder / "plugins" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(RULE.format(name=name, code=code), encoding="utf-8")
    return f"plugins/{name}.py"


@pytest.mark.parametrize("code", ENDS)
def test_the_check_fails_and_the_next_plugin_follows(code, tmp_path, optlab_command):
    files = [written(tmp_path, code), written(tmp_path, "lr = lr", "other")]
    done = optlab_command("check", *files, "--only", "keeps_*", "--seconds", "2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    what, place = ENDS[code]
    lines = done.stdout.splitlines()
    assert lines[0] == "mine  plugins/mine.py:6"
    assert lines[1].split()[:2] == ["keeps_inputs", "failed"]
    assert lines[2] == f"      mine {what}{place}"
    assert lines[5] == "1 check: 1 failed; 4 checks not made"
    assert lines[6] == "other  plugins/other.py:6"
    assert lines[-2:] == [
        "5 checks: 5 passed",
        "2 plugins in all, 6 checks: 5 passed, 1 failed; mine fails",
    ]


@pytest.mark.parametrize("code", ["while True: pass", "import os; os._exit(0)", "import ctypes; ctypes.string_at(0)"])
def test_an_end_while_a_file_is_loaded_is_a_mistake_of_the_file(code, tmp_path, optlab_command):
    (tmp_path / "bad.py").write_text(f"\n{code}\n", encoding="utf-8")
    done = optlab_command("check", "bad.py", "--seconds", "2", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bad.py: the code ")
    assert len(done.stderr.splitlines()) == 1
    assert ("bad.py:2;" in done.stderr) is ("_exit" not in code)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is for Linux")
def test_memory_is_limited(tmp_path, optlab_command):
    file = written(tmp_path, "kept = [np.ones(10**6) for _ in range(1000)]")  # 8 GB
    done = optlab_command("check", file, "--only", "returns_*", "--memory", "0.5", cwd=tmp_path)
    assert done.returncode == 1
    assert "Unable to allocate" in done.stdout
    fine = optlab_command("check", written(tmp_path, "lr = lr"), "--memory", "0.5", "--only", "keeps_*", cwd=tmp_path)
    assert fine.returncode == 0


def test_verdicts_are_those_of_the_same_process(tmp_path, optlab_command):
    written(tmp_path, "x = x + lr")
    apart, here = (
        optlab_command("check", "plugins/mine.py", *option, cwd=tmp_path) for option in ([], ["--in-process"])
    )
    assert apart.stdout == here.stdout
    assert (apart.returncode, apart.stderr) == (here.returncode, here.stderr) == (1, "")


def _lives(pid):
    """Whether a process lives; one that ended and was not waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_all_processes_end_with_the_command(number, tmp_path):
    """Also a process that the plugin started, and also if the command is killed."""
    code = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); "
        "open('pids', 'w').write(f'[{os.getpid()}, {child.pid}]\\n'); child.wait()"
    )
    file, pids = written(tmp_path, code), tmp_path / "pids"
    command = [str(BIN / "optlab"), "check", file]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            deadline = time.monotonic() + 60
            while not (pids.exists() and pids.read_text(encoding="utf-8").endswith("\n")):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            running.send_signal(number)
            _, said = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == (-9 if number == signal.SIGKILL else 130)
    assert b"Traceback" not in said
    left = json.loads(pids.read_text(encoding="utf-8"))
    while left and time.monotonic() < deadline + 10:
        left = [pid for pid in left if _lives(pid)]
        time.sleep(0.02)
    assert left == []


def test_outcomes_have_colours():
    assert tuple(COLOURS) == OUTCOMES
