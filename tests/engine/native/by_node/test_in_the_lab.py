"""Sweeps that the lab itself executes in machine code by nodes, at the threshold of its estimate, against replay."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab.execution import runner
from optlab.execution.step import build_for

PROBLEMS = {
    "minibatches": {"name": "mlp", "dataset": "xor", "hidden": [5], "batch_size": 16},
    "whole data": {"name": "mlp", "dataset": "moons", "hidden": [4], "activation": "relu"},
    "noise": {"name": "ellipsoid", "dim": 20, "noise": {"kind": "normal"}},
}


def at_the_threshold(planned, table, rule):
    """The sweep with the fewest runs, in powers of two, for which the estimate chooses machine code."""
    for seeds in 2 ** np.arange(12):
        document = {"problem": [table], "optimizer": [rule], "steps": 60, "seeds": int(seeds)}
        (sweep,) = planned({**document, "record": {"points": 61}}).sweeps
        if runner.choose(sweep, build_for(sweep)).backend == "native":
            return sweep
    raise AssertionError("machine code is never chosen")


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("rule", ["gd", "adam", "sgld"])
def test_at_the_real_threshold(planned, problem, rule):
    sweep = at_the_threshold(planned, PROBLEMS[problem], {"name": rule, "lr": 1e-3})
    task = runner.Runner([sweep])
    found, right = task(sweep), runner.run(dataclasses.replace(sweep, backend="replay"))
    assert task.backend(sweep) == "native"
    assert found.status.tolist() == right.status.tolist()
    for name in ("loss", "final_loss", "best_loss", "first_loss"):
        np.testing.assert_allclose(getattr(found, name), getattr(right, name), rtol=1e-8, atol=1e-12)
    part = slice(len(sweep) // 3, len(sweep) // 3 + 1)
    assert task(sweep.block(part)).loss.tobytes() == np.ascontiguousarray(found.loss[:, part]).tobytes()
