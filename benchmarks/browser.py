"""Adam on Rosenbrock's function in Chromium: WebAssembly, native code of the same width, and JavaScript by hand."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from benchmarks import chromium, conditions, trajectories
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


def prepared(page: chromium.Page, work: Sweep) -> list[str]:
    """The names of the contenders in a page, which have run, so that V8 has compiled them."""
    programs = {
        name: program_of(work, trail=False, simd=simd) for name, simd in (("wasm", True), ("wasm, scalar", False))
    }
    one = programs["wasm"]
    rates = work.numbers["hyperparameter", "lr"].tolist()
    numbers = [column[0] if len(column) == 1 else list(column) for column in one.values]
    given = {"steps": work.steps, "rates": rates, "x0": one.x0, "numbers": numbers}
    names = page.evaluate("prepare", given | {"programs": {name: p.to_json() for name, p in programs.items()}})
    for name in names:
        in_page(page, name, len(work))
    return names


def in_page(page: chromium.Page, name: str, runs: int) -> tuple[float, list[float]]:
    """Seconds of the work, and the losses at the end. More and more calls, until they take long enough."""
    calls = 1
    while True:
        before = page.seconds()
        last = page.evaluate("go", [name, calls, runs])
        spent = page.seconds() - before
        if spent >= TURN:
            return spent / calls, last
        calls *= 2


def compared(runs: int, steps: int, rounds: int) -> Comparison:
    work = trajectories.sweep("rosenbrock", trajectories.START, runs, steps)
    graph, kernel = build_for(work), kernel_of_two_lanes(work)
    seconds: dict[str, list[float]] = {}
    off = 0.0
    with chromium.page() as page:
        page.add("kernels/kernel.js", SCRIPT)
        names = prepared(page, work)
        for _ in range(rounds):
            begin, calls = time.thread_time(), 0
            while not calls or time.thread_time() - begin < TURN:
                right = on_llvm.run(kernel, graph, work, lambda run_steps: None, 1).final_loss
                calls += 1
            spent = (time.thread_time() - begin) / calls
            for name, (own, last) in {NATIVE: (spent, right), **{n: in_page(page, n, runs) for n in names}}.items():
                seconds.setdefault(name, []).append(own / (runs * steps))
                off = max(off, float(np.max(np.abs(np.array(last) - right) / np.maximum(1, right))))
    title = f"Rosenbrock, {runs:,} run{'s' * (runs > 1)}, {steps:,} steps"
    return Comparison(title, off, seconds, [NATIVE])


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    about = f"{conditions.text()}. {rounds} rounds. Time per run and step, one thread."
    if chromium.is_missing():
        return of_comparisons(f"{about} {chromium.MISSING}", [])
    sizes = ((1, 30_000), (2_048, 300))
    return of_comparisons(about, [compared(runs, max(3, int(steps * scale)), rounds) for runs, steps in sizes])
