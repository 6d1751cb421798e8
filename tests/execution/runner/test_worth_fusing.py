"""Sweeps that are large enough for fused arithmetic, at the real threshold: the same bits as without it.

Each case takes the fewest runs that cross `WORTH_FUSING`. Seven of eight rules, two of three transforms, the
slowest rules, and each rule in its second precision are marked `many`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from optlab import dataset
from optlab.execution import executors, runner
from optlab.execution.records import ERROR, Trajectories
from optlab.plugins import registry
from tests.cases import first_cases
from tests.engine.native.random_rules import random_optimizer

STEPS = 100
DIM = 2002
WIDE = {"adan", "radam", "rprop", "sgd"}  # in float64; their fused arithmetic has booleans as inputs
SLOW = {"adahessian", "gradient_noise", "lbfgs", "newton", "sgld", "sophia"}
BOTH = ("float32", "float64")
KNOWN = registry.load(())


@dataset
def four():
    """The corners of a square, with little to compute."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def network(hidden=400):
    return {"name": "mlp", "dataset": "four", "hidden": [hidden], "batch_size": 1, "test_fraction": 0.25}


def large_enough(planned, rule, precision, *plugins, problem=None, steps=STEPS):
    """The smallest sweep of a rule that is worth fusing, and the same with one run less."""
    document = {"optimizer": [rule], "steps": steps, "precision": precision, "record": {"points": 2}}
    document["problem"] = [network() if problem is None else problem]
    dim = planned({**document, "seeds": 1}, four, *plugins).sweeps[0].case.dim
    runs = -(-runner.WORTH_FUSING // (dim * steps))
    (sweep,) = planned({**document, "seeds": runs}, four, *plugins).sweeps
    assert len(sweep) == runs
    recording = dataclasses.replace(sweep.recording, final_x=True)
    sweep = dataclasses.replace(sweep, recording=recording)
    return sweep, sweep.block(slice(runs - 1))


def in_blocks(task, sweep):
    """A sweep as `optlab run` executes it, on one thread."""
    return Trajectories.joined([task(block, lambda done: None) for block in executors.blocks(sweep)])


def graph_on_replay(task, sweep):
    """The graph that replay executes."""
    return task._prepared[sweep.id]._on_replay.graph


def fused_in(graph):
    return sum(node.op.name == "fused" for node in graph.nodes)


def same_bits(sweep, apart):
    """Compare fused and unfused runs; returns the number of fused operations per step."""
    task, plainly = runner.Runner([sweep]), runner.Runner([apart])
    fused, plain = in_blocks(task, sweep), in_blocks(plainly, apart)
    assert task.backend(sweep) == plainly.backend(apart) == "replay"
    assert "_on_replay" in vars(task._prepared[sweep.id])  # the fused graph was executed
    assert fused_in(graph_on_replay(plainly, apart)) == 0
    assert (plain.status != ERROR).all()
    for name in ("loss", "first_loss", "final_loss", "best_loss", "status", "steps", "final_x"):
        assert getattr(fused, name).tobytes() == getattr(plain, name).tobytes(), name
    return fused_in(graph_on_replay(task, sweep))


def on_both_sides(planned, *args, **kwargs):
    """Both are executed by replay, also where machine code by nodes would be faster."""
    sweep, smaller = large_enough(planned, *args, **kwargs)
    assert fused_in(graph_on_replay(runner.Runner([smaller]), smaller)) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "choose", lambda sweep, graph: runner.Choice("replay", "for this test"))
        return same_bits(sweep, dataclasses.replace(sweep, backend="replay"))


def marked(names, share):
    """One in `share` of the names, and those of `WIDE`, in one precision; the other cases are marked `many`."""
    for n, name in enumerate(names):
        for precision in BOTH:
            usual = (precision == "float64") == (name in WIDE) and name not in SLOW
            many = not usual or (n % share and name not in WIDE)
            yield pytest.param(name, precision, marks=[pytest.mark.many] * bool(many), id=f"{name}-{precision}")


RULES, TRANSFORMS = list(marked(KNOWN.optimizers, 8)), list(marked(KNOWN.transforms, 3))


@pytest.mark.parametrize(("name", "precision"), RULES)
def test_every_rule_has_the_same_bits_when_fused(planned, name, precision):
    problem, steps = (network(1), 500) if name == "newton" else (None, STEPS)  # its Hessians are of dim x dim
    assert on_both_sides(planned, {"name": name}, precision, problem=problem, steps=steps) >= 2


@pytest.mark.parametrize(("name", "precision"), TRANSFORMS)
def test_every_transform_has_the_same_bits_when_fused(planned, name, precision):
    assert on_both_sides(planned, {"name": "momentum", "transforms": [name]}, precision) >= 2


@pytest.mark.parametrize("seed", first_cases(1, range(60)))
def test_random_rules_have_the_same_bits_when_fused(planned, seed):
    """Every third rule has booleans or `t == 1` as inputs of the fused arithmetic; more in `test_random_rules.py`."""
    rule = random_optimizer(seed, DIM)
    assert on_both_sides(planned, {"name": rule.name}, BOTH[seed % 2], rule) >= 2


def test_every_built_in_rule_and_transform_is_tested():
    assert (len(KNOWN.optimizers), len(KNOWN.transforms)) == (35, 8)
