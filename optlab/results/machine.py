"""The properties of this machine that the bits of results depend on. None of them names a person or a host."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np


def here() -> dict[str, Any]:
    """The system, the processor and its vectors. `vector_width` counts numbers of 64 bits in machine code; None if no
    machine code was made."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "byteorder": sys.byteorder,
        "processor": _processor(),
        "vector_width": _vector_width(),
        "simd": np.show_config(mode="dicts")["SIMD Extensions"]["found"],
    }


def blas() -> dict[str, Any]:
    """The library for linear algebra. Every run has one thread of it."""
    library = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"name": library.get("name"), "version": library.get("version"), "threads": 1}


def _processor() -> str:
    """The model of the processor on Linux, or an empty text. `platform.processor` would start another process."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _vector_width() -> int | None:
    if "llvmlite.binding" not in sys.modules:  # it takes a tenth of a second to load
        return None
    from optlab.engine.native.jit import this_machine

    return this_machine().width
