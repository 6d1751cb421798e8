"""Whole processes, from their start to their end: what they take on the clock, and the memory they needed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Spent:
    """Of one process: seconds on the clock on the wall, and megabytes resident at most."""

    seconds: float
    megabytes: float


def python(*arguments: object) -> Spent:
    """Run Python on these arguments in the root of the checkout; it has to succeed."""
    command = [sys.executable, *map(str, arguments)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()}")
    return Spent(seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024))


def optlab(*arguments: object) -> Spent:
    """The command line, as the script `optlab` starts it."""
    return python("-c", "from optlab.cli import main; main()", *arguments)


def write(file: Path, document: Mapping[str, Any]) -> None:
    """An experiment as a file."""
    import tomli_w

    file.write_text(tomli_w.dumps(dict(document)), encoding="utf-8")
