"""The conditions of the figures: the machine, the versions, and the missing peers."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks import by_hand_c

PEERS = ("jax", "torch", "autograd")
COMPILER = "a C compiler"


def missing() -> list[str]:
    """The peers that are not installed. Benchmarks leave them out."""
    return [n for n in PEERS if importlib.util.find_spec(n) is None] + [COMPILER] * (by_hand_c.compiler() is None)


def text() -> str:
    """Processor and versions in a line, and the missing peers."""
    absent = missing()
    versions = [f"{name} {version(name)}" for name in ("numpy", *PEERS) if name not in absent]
    compiler = [] if COMPILER in absent else [_compiler()]
    parts = [machine(), f"Python {platform.python_version()}", *versions, *compiler]
    left_out = f" (left out, since not installed: {', '.join(absent)})" if absent else ""
    return ", ".join(parts) + left_out


def machine() -> str:
    """The processor and the number of cores."""
    return f"{_processor()}, {os.cpu_count()} cores"


def _compiler() -> str:
    said = subprocess.run([str(by_hand_c.compiler()), "--version"], capture_output=True, text=True, check=False).stdout
    return said.partition("\n")[0]


def _processor() -> str:
    """As Linux names it, else what Python knows."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
