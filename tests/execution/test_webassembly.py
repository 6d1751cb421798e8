"""A sweep as a WebAssembly module: what the module takes, and sweeps that have none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from optlab import optimizer
from optlab.execution.starts import starts
from optlab.execution.webassembly import NotPortable, program_of


@pytest.fixture
def sweep_of(planned):
    def make(problem, rule, *plugins, **more):
        (sweep,) = planned({"problem": [problem], "optimizer": [rule], "steps": 20, **more}, *plugins).sweeps
        return sweep

    return make


def test_what_the_module_takes(sweep_of):
    rule = {"name": "adam", "lr": [0.1, 0.2], "schedule": "exponential", "transforms": ["clip_norm"]}
    sweep = sweep_of({"name": "rosenbrock", "start": "random"}, rule, seeds=3)
    program = program_of(sweep)
    owners = {owner for owner, _ in program.numbers}
    assert owners == {"option", "hyperparameter", "schedule", "transform"}
    lr = program.numbers.index(("hyperparameter", "lr"))
    assert program.layout.columns == (lr,)
    assert sorted(program.layout.uniform) == [n for n in range(len(program.numbers)) if n != lr]
    assert dict(zip(program.numbers, program.values, strict=True))["option", "b"] == (100.0,)
    assert program.values[lr] == (0.1, 0.1, 0.1, 0.2, 0.2, 0.2)
    np.testing.assert_array_equal(np.array(program.x0).T, starts(sweep.case, sweep.root_seed, sweep.seed))
    assert program.initial == (0.0,) * 4
    assert program.layout.entries == 6
    assert json.loads(json.dumps(program.to_json(), allow_nan=False))["values"][lr] == list(program.values[lr])
    every = program_of(sweep, own_numbers=True).layout
    assert (every.uniform, sorted(every.columns)) == ((), list(range(len(program.numbers))))


def test_entries_that_are_looked_up_are_numbers(sweep_of):
    program = program_of(sweep_of({"name": "bbob_f3", "dim": 3}, {"name": "gd"}))
    assert program.looked_up > 0
    assert set(program.numbers[-program.looked_up :]) == {("option", "instance")}
    assert len(program.values) == len(program.numbers) == len(program.layout.uniform)


@optimizer
def doubled(x, g, before=lambda x: 2 * x, *, lr=0.1):
    return x - lr * g, x


def test_states_before_the_first_step(sweep_of):
    @optimizer
    def memory(x, g, previous=lambda x: x, least=np.inf, *, lr=0.1):
        return x - lr * g, x, np.minimum(least, g)

    program = program_of(sweep_of({"name": "sphere", "dim": 2}, {"name": "memory"}, memory))
    assert program.initial == ({"x": 0}, {"x": 1}, np.inf, np.inf)
    assert program.to_json()["initial"] == [{"x": 0}, {"x": 1}, "Infinity", "Infinity"]


REASONS = [
    ({"name": "mlp", "dataset": "xor", "batch_size": 16}, {"name": "gd"}, {}, "it trains on minibatches"),
    ({"name": "mlp", "dataset": "digits", "hidden": [32]}, {"name": "gd"}, {}, "it has more than 2,000 parameters"),
    ({"name": "mlp", "dataset": "xor"}, {"name": "gd"}, {"precision": "float32"}, "it computes in float32"),
    ({"name": "sphere"}, {"name": "sgld"}, {}, "it draws random numbers"),
    ({"name": "sphere"}, {"name": "newton"}, {}, "solve has no native rule"),
    ({"name": "sphere"}, {"name": "gd"}, {"precision": "float32"}, "it computes in float32"),
    ({"name": "sphere"}, {"name": "torch:Adam"}, {}, "it is an optimizer of torch"),
    ({"name": "sphere"}, {"name": "doubled"}, {}, "its state before the first step is computed from x"),
]


@pytest.mark.parametrize(("problem", "rule", "more", "why"), REASONS)
def test_sweeps_without_a_module(sweep_of, problem, rule, more, why):
    with pytest.raises(NotPortable) as raised:
        program_of(sweep_of(problem, rule, doubled, **more))
    assert str(raised.value) == f"It has no WebAssembly module because {why}."
