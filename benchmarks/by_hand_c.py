"""rosenbrock.c, compiled at the first use. Without a C compiler it is left out."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.by_hand import BETA1, BETA2, EPS

SOURCE = Path(__file__).with_name("rosenbrock.c")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-pthread", "-shared", "-fPIC")
"""Without errno and traps, which are not used here, square roots and comparisons become SIMD. These options change no
numbers; -ffast-math would."""
WIDE = "-mprefer-vector-width=512"
"""For gcc and clang on x86 only, which would use vectors of half this width."""


class _Work(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("runs", "steps")),
        *((name, ctypes.c_double) for name in ("a", "b", "x0", "x1", "beta1", "beta2", "eps")),
        *((name, ctypes.c_void_p) for name in ("lr", "loss", "x", "final", "best", "ended")),
    )


@dataclass(frozen=True)
class Stored:
    """What the C function stores, in blocks of so many lanes, the last one filled up. Read as views where they can be.

    `ended` is the first step whose loss is not finite, -1 where there is none.
    """

    runs: int
    blocks: np.ndarray[Any, Any]
    padded_x: np.ndarray[Any, Any]
    padded: np.ndarray[Any, Any]

    @property
    def loss(self) -> np.ndarray[Any, Any]:
        """Shape (steps + 1, runs), a copy."""
        return self.blocks.transpose(1, 0, 2).reshape(self.blocks.shape[1], -1)[:, : self.runs]

    @property
    def x(self) -> np.ndarray[Any, Any]:
        """Shape (2, runs)."""
        return self.padded_x[:, : self.runs]

    final = property(lambda self: self.padded[0, : self.runs])
    best = property(lambda self: self.padded[1, : self.runs])
    ended = property(lambda self: self.padded[2, : self.runs])


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@functools.cache
def library(tuned: bool = False) -> ctypes.CDLL:
    """The source, compiled for this processor."""
    found = compiler()
    assert found is not None
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "rosenbrock.so")
        command = [found, *FLAGS, *["-DTUNED"] * tuned, str(SOURCE), "-o", target, "-lm"]
        if subprocess.run([*command, WIDE], capture_output=True, check=False).returncode:
            subprocess.run(command, check=True)
        return ctypes.CDLL(target)  # the loaded library does not need its file


def run(lr: Any, steps: int, start: Sequence[float], threads: int, tuned: bool = False) -> Stored:
    """Adam on Rosenbrock's function for every learning rate."""
    compiled = library(tuned)
    lanes = compiled.lanes()
    blocks = -(-len(lr) // lanes)
    rates = np.resize(lr, blocks * lanes)
    loss = np.empty((blocks, steps + 1, lanes))
    x, padded = np.empty((2, blocks * lanes)), np.empty((3, blocks * lanes))
    pointers = (array.ctypes.data for array in (rates, loss, x, *padded))
    work = _Work(len(lr), steps, 1.0, 100.0, *start, BETA1, BETA2, EPS, *pointers)
    if compiled.adam_on_rosenbrock(ctypes.byref(work), threads):
        raise MemoryError("no memory or no thread is available")
    return Stored(len(lr), loss, x, padded)
