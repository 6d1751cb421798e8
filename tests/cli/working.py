"""Processes that are at work."""

import os
import time
from pathlib import Path

IMPORTS = 1.5
"""Seconds of processor time in which a command has imported all and has begun its run."""


def wait_until_it_runs(process: int | str) -> None:
    """Wait until a command is past its imports, however many other programs share the machine."""
    deadline = time.monotonic() + 60
    while processor_time(process) < IMPORTS:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processor_time(process: int | str) -> float:
    """In seconds, of the user and of the system, from proc(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
