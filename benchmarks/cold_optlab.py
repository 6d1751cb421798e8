"""The grid in optlab, in a separate process: `python -m benchmarks.cold_optlab RUNS STEPS [FILE.npz]`."""

import sys

from benchmarks import lab
from benchmarks.grid import OPTIMIZERS, PROBLEMS


def document(runs: int, steps: int) -> dict[str, object]:
    problems = [{"name": name, "start": list(start)} for name, start in PROBLEMS.items()]
    optimizers = [{"name": name, "lr": lab.rates(*ends, runs)} for name, ends in OPTIMIZERS.items()]
    return lab.document(problems, optimizers, steps, points=steps + 1)


def main(runs: str, steps: str, file: str | None = None) -> None:
    work = lab.sweeps(document(int(runs), int(steps)))
    found = lab.execute(work)
    if file:  # not in timed runs
        import numpy as np

        losses = {
            f"{s.rule.optimizer.name} {s.case.problem.name}": t.loss[:-1] for s, t in zip(work, found, strict=True)
        }
        np.savez(file, **losses)


if __name__ == "__main__":
    main(*sys.argv[1:])
