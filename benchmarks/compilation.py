"""From plain functions to machine code: the times of tracing, generating and compiling a program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks import conditions, lab
from benchmarks.tables import Report, Table
from optlab.execution.records import Sweep
from optlab.execution.runner import choice, on_llvm
from optlab.execution.step import build_for
from optlab.plugins import registry
from optlab.plugins.problems import functions as test_functions

OPTIMIZERS = ("gd", "momentum", "adam")
WITHOUT_LOOPS = "griewank"


@dataclass(frozen=True)
class Compilation:
    """Times of one program in seconds, per round: the step graph, its machine code, and quickly compiled code."""

    problem: str
    dim: int
    optimizer: str
    expressions: int
    tracing: list[float] = field(default_factory=list)
    compiling: list[float] = field(default_factory=list)
    quickly: list[float] = field(default_factory=list)

    @property
    def whole(self) -> float:
        return median(a + b for a, b in zip(self.tracing, self.compiling, strict=True))

    @property
    def whole_quickly(self) -> float:
        return median(a + b for a, b in zip(self.tracing, self.quickly, strict=True))


def programs(dims: tuple[int, ...] = (2, 10, 100, 1_000)) -> Iterator[Sweep]:
    """Every built-in test function under some optimizers; in many dimensions where there are loops over the entries."""
    for name, problem in registry.load(()).problems.items():
        if not problem.function.__module__.startswith(f"{test_functions.__name__}."):
            continue
        own = [dim for dim in dims if dim <= 10 or name != WITHOUT_LOOPS]
        for dim in own if problem.dim is None else (problem.dim,):
            table = {"name": name} | ({"dim": dim} if problem.dim is None else {})
            for optimizer in OPTIMIZERS:
                yield lab.sweeps(lab.document([table], [{"name": optimizer}], 100, points=2))[0]


def measured(work: Sweep, rounds: int) -> Compilation:
    expressions = choice.expressions_of(build_for(work))
    found = Compilation(work.case.problem.name, work.case.dim, work.rule.optimizer.name, len(expressions.needed))
    for _ in range(rounds):
        begin = time.perf_counter()
        graph = build_for(work)
        traced = time.perf_counter()
        on_llvm.kernel_for(work, graph)
        found.tracing.append(traced - begin)
        made = time.perf_counter()
        on_llvm.kernel_for(work, graph, quick=True)
        found.compiling.append(made - traced)
        found.quickly.append(time.perf_counter() - made)
    return found


def table(dim: int, found: list[Compilation]) -> Table:
    """The table, slowest first."""
    rows = [
        [
            f"{c.problem}, {c.optimizer}",
            str(c.expressions),
            f"{median(c.tracing) * 1e3:.1f} ms",
            f"{median(c.compiling) * 1e3:.1f} ms",
            f"{c.whole * 1e3:.1f} ms",
            f"{c.whole_quickly * 1e3:.1f} ms",
        ]
        for c in sorted(found, key=lambda c: -c.whole)[:8]
    ]
    middle = median(c.whole for c in found) * 1e3
    title = f"In {dim} dimensions: the longest of {len(found)} programs (median of all {middle:.1f} ms)"
    return Table(title, ["", "expressions", "tracing", "compiling", "whole", "whole, quickly"], rows)


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` takes fewer programs, for tests."""
    work = list(programs())
    measured(work[0], 1)  # work done once per process, such as loading LLVM
    found = [measured(sweep, rounds) for sweep in work[:: max(1, round(1 / scale / 10)) if scale < 1 else 1]]
    dims = sorted({c.dim for c in found})
    tables = [table(dim, [c for c in found if c.dim == dim]) for dim in dims]
    return Report(f"{conditions.text()}. {rounds} rounds, medians.", tables, [asdict(c) for c in found])
