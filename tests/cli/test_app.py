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
