"""Whole processes, from their start to their end: wall time and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Spent:
    """Resources of one process: wall time in seconds, and peak resident memory in megabytes."""

    seconds: float
    megabytes: float


_CLOCK = (sys.executable, "-I", "-S", str(Path(__file__).with_name("clock.py")))
_UNIT = 1 if sys.platform == "darwin" else 1024


def python(*arguments: object) -> Spent:
    """Run Python on these arguments in the root of the checkout; it must succeed.

    Compiled modules are kept between starts, as for installed packages.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *map(str, arguments)]
    with tempfile.NamedTemporaryFile("r") as figures:
        done = subprocess.run(
            [*_CLOCK, figures.name, *command], cwd=ROOT, capture_output=True, text=True, check=False, env=environment
        )
        seconds, peak, status = figures.read().split() or ("0", "0", "1")
    if status != "0":
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return Spent(float(seconds), int(peak) * _UNIT / 1e6)


def optlab(*arguments: object) -> Spent:
    """The command line, as the script `optlab` starts it."""
    return python("-c", "from optlab.cli import main; main()", *arguments)


def write(file: Path, document: Mapping[str, Any]) -> None:
    """An experiment as a file."""
    import tomli_w

    file.write_text(tomli_w.dumps(dict(document)), encoding="utf-8")
