"""Adam on Rosenbrock's function in WebAssembly: V8 against native code of the same width and JavaScript by hand."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import optlab
from benchmarks import conditions, trajectories
from benchmarks.measure import Comparison, of_comparisons
from benchmarks.tables import Report
from optlab.engine.native.compilation import program_for
from optlab.engine.native.jit import Code
from optlab.engine.native.kernel import Kernel
from optlab.engine.native.machine import Machine
from optlab.engine.native.module import emit
from optlab.execution.evaluation import is_constant
from optlab.execution.records import Sweep
from optlab.execution.runner import on_llvm
from optlab.execution.runner.protocol import CHUNK
from optlab.execution.step import build_for
from optlab.execution.webassembly import program_of

KERNEL = Path(optlab.__file__).parent / "report/web/kernels/kernel.js"
SCRIPT = Path(__file__).with_name("browser.js")
NATIVE = "native, two lanes"
TURN = 0.2
"""Seconds for which a contender repeats the work in a round."""


def kernel_of_two_lanes(work: Sweep) -> Kernel:
    """Machine code for this processor with what WebAssembly has: vectors of two numbers, and no fused products."""
    graph, machine = build_for(work), Machine(2, False, {})
    inputs = graph.inputs([is_constant(work.numbers[key]) for key in graph.numbers])
    program = program_for(graph.graph, inputs, machine, CHUNK, quick=True)
    return Kernel(program, Code(emit(program).text), machine.width * program.layout.copies)


def in_v8(work: Sweep, folder: Path) -> dict[str, Any]:
    """Seconds and last losses of the contenders in a process of Node."""
    programs = {
        name: program_of(work, trail=False, simd=simd) for name, simd in (("wasm", True), ("wasm, scalar", False))
    }
    one = programs["wasm"]
    rates = work.numbers["hyperparameter", "lr"].tolist()
    numbers = [list(column) if len(column) > 1 else column[0] for column in one.values]
    given = {"kernel": KERNEL.as_uri(), "steps": work.steps, "rates": rates, "x0": one.x0, "numbers": numbers}
    given["turn"] = TURN
    file = folder / "given.json"
    file.write_text(json.dumps(given | {"programs": {name: p.to_json() for name, p in programs.items()}}))
    script = shutil.copy(SCRIPT, folder / "browser.mjs")
    done = subprocess.run(["node", str(script), str(file)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compared(runs: int, steps: int, rounds: int) -> Comparison:
    work = trajectories.sweep("rosenbrock", trajectories.START, runs, steps)
    graph, kernel = build_for(work), kernel_of_two_lanes(work)
    seconds: dict[str, list[float]] = {}
    off = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            begin, calls = time.thread_time(), 0
            while not calls or time.thread_time() - begin < TURN:
                right = on_llvm.run(kernel, graph, work, lambda run_steps: None, 1).final_loss
                calls += 1
            spent = (time.thread_time() - begin) / calls
            found = {NATIVE: {"seconds": spent, "last": right}, **in_v8(work, Path(folder))}
            for name, own in found.items():
                seconds.setdefault(name, []).append(own["seconds"] / (runs * steps))
                off = max(off, float(np.max(np.abs(np.array(own["last"]) - right) / np.maximum(1, right))))
    title = f"Rosenbrock, {runs:,} run{'s' * (runs > 1)}, {steps:,} steps"
    return Comparison(title, off, seconds, [NATIVE])


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    about = f"{conditions.text()}. {rounds} rounds. Time per run and step, one thread."
    if shutil.which("node") is None:
        return of_comparisons(f"{about} Left out, since not installed: node.", [])
    sizes = ((1, 30_000), (2_048, 300))
    return of_comparisons(about, [compared(runs, max(3, int(steps * scale)), rounds) for runs, steps in sizes])
