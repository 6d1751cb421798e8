"""The command as a process."""

import subprocess
import sys

AT_EXIT = """
import atexit, gc, sys
atexit.register(lambda: print("frozen", gc.get_freeze_count() > 1_000, len(gc.get_objects())))
from optlab.cli.app import main
sys.argv = ["optlab", *sys.argv[1:]]
main()
"""


def test_no_garbage_is_searched_for_at_exit():
    for arguments, status in ((["--version"], 0), (["run", "gone.toml"], 2)):
        line = [sys.executable, "-c", AT_EXIT, *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        _, is_frozen, searched = done.stdout.splitlines()[-1].split()
        assert (done.returncode, is_frozen) == (status, "True")
        assert int(searched) < 1_000


LEAVING = """
import threading, time
from optlab import optimizer

threading.Thread(target=time.sleep, args=(3600,)).start()


@optimizer
def leaving(x, g, *, lr=0.1):
    return x - lr * g
"""


def test_threads_that_plugins_leave_behind_are_not_waited_for(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "leaving.py").write_text(LEAVING, encoding="utf-8")
    line = [sys.executable, "-c", AT_EXIT, "list", "optimizers"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "leaving" in done.stdout
    assert "leaves a thread behind" in done.stderr
