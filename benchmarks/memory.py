"""Peak memory of a sweep: it grows with what is recorded, and not with steps."""

from __future__ import annotations

import tracemalloc
from typing import Any

from optlab import plan, registry, runner, spec

RUNS = 1000


def peak(steps: int, points: int, runs: int = RUNS) -> float:
    """Megabytes that Python and NumPy hold at most while a sweep of Adam on Rosenbrock is planned and run."""
    document: dict[str, Any] = {
        "name": "benchmark",
        "steps": steps,
        "problem": [{"name": "rosenbrock"}],
        "optimizer": [{"name": "adam", "lr": {"log": [1e-4, 1e-2], "num": runs}}],
        "record": {"points": points},
    }
    plugins = registry.load(())
    tracemalloc.start()
    runner.run(plan.make(spec.read_dict(document), plugins).sweeps[0])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def report(rounds: int = 1, scale: float = 1.0) -> str:
    """The table. `scale` shortens the work, for tests."""
    few, many = max(100, int(1000 * scale)), max(400, int(20_000 * scale))
    runs = max(100, int(RUNS * scale))
    lines = [f"Peak memory, Adam on Rosenbrock, {runs:,} runs; loss and x recorded", f"  {'steps':>8}  {'points':>8}"]
    for steps, points in ((few, 100), (many, 100), (many, 1000)):
        lines.append(f"  {steps:>8,}  {points:>8,}  {peak(steps, points, runs):>8.1f} MB")
    return "\n".join(lines)
