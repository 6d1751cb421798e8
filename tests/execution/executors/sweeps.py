"""Sweeps for each back end, and what it gives on threads of this process."""

from __future__ import annotations

from optlab.execution import runner
from optlab.execution.executors import opened
from optlab.execution.executors.protocol import DEFAULT
from optlab.execution.records import Trajectories

LARGE = {
    "steps": 30,
    "seeds": 5,
    "problem": [{"name": "rosenbrock", "start": "random"}],
    "optimizer": [{"name": "adam", "lr": {"log": [1e-3, 1.0], "num": 4000}}],
}
"""Enough runs for machine code, and for several blocks on two workers. A block alone would be executed by NumPy."""
SMALL = {
    "steps": 20,
    "seeds": 3,
    "problem": [{"name": "mlp", "dataset": "xor", "hidden": [4]}],
    "optimizer": [
        {"name": "adam", "lr": [1e-3, 1e-2], "schedule": {"name": "cosine"}, "transforms": ["ema"]},
        {"name": "sgld", "lr": [1e-4, 1e-3]},
        {"name": "scipy:L-BFGS-B"},
    ],
}
ARRAYS = ("status", "steps", "grad_evals", "first_loss", "final_loss", "best_loss", "loss")


def bits(trajectories):
    """All numbers of trajectories but the measured time."""
    metrics = {name: values.tobytes() for name, values in trajectories.metrics.items()}
    return [getattr(trajectories, name).tobytes() for name in ARRAYS], metrics, trajectories.log


def executed(sweeps, known, asked=DEFAULT, told=lambda run_steps: None):
    """The trajectories and the back end of each sweep, by its id."""
    parts, backends = {sweep.id: {} for sweep in sweeps}, {}
    with opened(asked, known) as execute:
        for sweep, at, done, backend in execute(sweeps, runner.Graphs(), told):
            parts[sweep.id][at], backends[sweep.id] = done, backend
    return {id: (Trajectories.joined([own[at] for at in sorted(own)]), backends[id]) for id, own in parts.items()}
