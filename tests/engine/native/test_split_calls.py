"""Sweeps with so much work that a call of the machine code makes fewer steps: at the real threshold, and around it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.engine.native import kernel
from optlab.execution import runner
from tests.engine.native.against_replay import bits
from tests.engine.native.random_rules import random_optimizer

WAYS = [{}, {"stop": {"loss": 0.5}}, {"stop": {"gradient_norm": 0.3}}, {"record": {"points": 4}}]
RULES = [
    {"name": "adam", "lr": [1e-3, 1e-1, 1e5], "schedule": "cosine", "transforms": ["ema"]},  # some runs diverge
    {"name": "nesterov", "lr": [1e-4, 1e-3], "schedule": "warmup"},
    {"name": "rmsprop", "lr": [1e-3, 1e-2], "eps": [1e-8, 1e-3]},
    {"name": "lion", "lr": [1e-3, 1e-2]},
]


class Kept:
    """Keeps the state of a block in memory. It is what makes a saver, and the saver itself."""

    def __init__(self, of=slice(None), before=None):
        self.of, self.before, self.faults = of, before, []
        self.steps, self.state = [], {}

    def __call__(self, block):
        return self

    def load(self, state):
        if self.before is None or not self.before.steps:
            return 0, 0.0
        for name, array in state.items():
            array[...] = self.before.state[name][..., self.of]
        return self.before.steps[-1], 0.0

    def due(self, is_last=False):
        return True

    def save(self, state, step, seconds):
        self.steps.append(step)
        self.state = {name: array.copy() for name, array in state.items()}


class Over(Exception):
    """Ends an execution after some steps."""


def until(share, sweep):
    """A function for progress that ends an execution after this share of the work."""
    left = share * len(sweep) * sweep.steps

    def progress(run_steps):
        nonlocal left
        left -= run_steps
        if left < 0:
            raise Over

    return progress


def in_blocks(sweep, size, before=None):
    """The places of some runs, and the bits that these have as a sweep of their own."""
    for begin in range(0, len(sweep), size):
        at = slice(begin, begin + size)
        yield at, bits(runner.run(replace(sweep.block(at), savers=before and Kept(at, before))))


def test_at_the_real_threshold(planned):
    """Twenty thousand runs with a hundred parameters need two calls; blocks of them one."""
    rule = {"name": "adam", "schedule": "cosine", "lr": {"log": [1e-4, 1.0], "num": 20_000}}
    document = {"problem": [{"name": "rosenbrock", "dim": 100}], "optimizer": [rule], "steps": 2_200}
    (sweep,) = planned(document | {"backend": "native", "record": {"points": 4}}).sweeps
    whole = Kept()
    done = runner.Runner([sweep], 2)(replace(sweep, savers=whole))
    (step,) = whole.steps
    assert kernel.FEWEST < step < min(kernel.STRIDE, sweep.steps)
    assert step % 32 == 0
    for at, found in in_blocks(sweep, 5_000):
        assert found == bits(done, at)
    at, found = next(in_blocks(sweep, 300, whole))
    assert found == bits(done, at)


@pytest.mark.parametrize("rule", [*RULES, {}], ids=lambda rule: rule.get("name", "random"))
@settings(max_examples=8)
@given(
    drawn=st.integers(0, 200),
    way=st.sampled_from(WAYS),
    steps=st.integers(100, 5_000),
    seeds=st.integers(1, 9),
    strides=st.tuples(st.integers(32, 5_000), st.integers(32, 5_000)),
    share=st.floats(0.05, 0.95),
    size=st.integers(1, 20),
    threads=st.integers(1, 2),
)
def test_around_the_threshold(planned, rule, drawn, way, steps, seeds, strides, share, size, threads):
    """A sweep that is interrupted and continued with other steps per call, and its runs in small blocks at once."""
    problem = {"name": "rosenbrock", "start": "random", "target": 0.5}
    plugins = [] if rule else [random_optimizer(drawn, 2)]
    rule = rule or {"name": "random_rule", "lr": [1e-3, 1e-2]}
    document = {"problem": [problem], "optimizer": [rule], "steps": steps, "seeds": seeds, "backend": "native"} | way
    (sweep,) = planned(document | {"record": {"trajectories": True} | way.get("record", {})}, *plugins).sweeps
    at_once = list(in_blocks(sweep, size))
    task, kept = runner.Runner([sweep], threads), Kept()
    work = task._prepared[sweep.id]._kernel.program.expressions.work * (len(sweep) + 15)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "FEWEST", 32)
        patch.setattr(kernel, "AT_MOST", strides[0] * work)
        with suppress(Over):
            task(replace(sweep, savers=kept), until(share, sweep))
        patch.setattr(kernel, "AT_MOST", strides[1] * work)
        done = task(replace(sweep, savers=Kept(before=kept)))
    assert all(found == bits(done, at) for at, found in at_once)
    assert not np.isnan(done.first_loss).all()
