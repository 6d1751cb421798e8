"""Loops over array expressions: the stage of each value, and the memory that is kept and overwritten."""

from __future__ import annotations

import numpy as np

from optlab import trace
from optlab.engine.native.array_ir import rolled_up
from optlab.engine.native.hoisting import BLOCK, STEP, StepLayout, StepProgram
from optlab.engine.native.loop_fusion import Loop, Stages
from optlab.engine.native.machine import Machine
from optlab.engine.passes import optimise

N = 10
X = np.ones(N)


def stages(step, *args, trail=False):
    """The stages of (x, m, a) -> (loss, x, m); `a` is one number per run."""
    graph = optimise(trace(step, *args))
    rolled = rolled_up(graph, None, (0, 1))
    carried = tuple((n, args[n].size) for n in (0, 1))
    layout = StepLayout(carried, (), (2,), None, 1, 32, trail, False)
    return Stages(rolled, StepProgram(rolled, layout, Machine(8, True, {})).level, carried, trail), rolled


def computed(found, rolled):
    return {loop: [rolled.ops[i] for i in members] for loop, members in found.members.items()}


def test_elementwise_operations_are_one_loop():
    found, rolled = stages(lambda x, m, a: [np.sum(x * x), x - a * m, 0.9 * m], X, X, 1.0)
    assert list(found.members) == [Loop(STEP, 0, N)]
    assert sorted(computed(found, rolled)[Loop(STEP, 0, N)]) == ["dot", "fnma", "multiply"]
    assert not found.kept
    assert not found.swapped


def test_values_after_a_sum_have_a_second_loop_and_shared_values_are_kept():
    def step(x, m, a):
        u = np.exp(x)
        return [np.sum(u), x - u / np.sum(u) * np.sin(m), m]

    found, rolled = stages(step, X, X, 1.0)
    first, second = Loop(STEP, 0, N), Loop(STEP, 1, N)
    assert set(found.members) == {first, second}
    assert computed(found, rolled)[first] == ["exp", "sum"]
    assert "sin" in computed(found, rolled)[second]  # as late as it is needed
    assert [rolled.ops[i] for i in found.kept] == ["exp"]
    assert not found.swapped  # x is read before the loop that writes, or in it, and m stays


def test_values_per_run_are_computed_once_and_kept():
    weights = np.arange(1.0, N + 1)
    found, rolled = stages(lambda x, m, a: [np.sum(x * np.exp(weights * a)), x, m * 0.5], X, X, 1.0)
    assert computed(found, rolled) == {
        Loop(BLOCK, 0, N): ["multiply", "exp"],
        Loop(STEP, 0, N): ["dot", "multiply"],
    }
    assert [rolled.ops[i] for i in found.kept] == ["exp"]


def test_memory_is_not_overwritten_before_it_is_read():
    def step(x, m, a):
        return [np.sum(x), np.concatenate([x[1:], x[:1]]) * a, m * 2.0]

    assert stages(step, X, X, 1.0)[0].swapped == {0}
    assert stages(lambda x, m, a: [np.sum(m) * a, m[::-1], x], X, X, 1.0)[0].swapped == {1}

    def halves(x, m, a):
        return [np.sum(m), np.concatenate([a * x[::2], x[5:]]), m]

    assert stages(halves, X, X, 1.0)[0].swapped == {0}

    def later(x, m, a):
        return [np.sum(x), x * 2.0, m * np.sum(x * np.exp(m)) + x]

    assert stages(later, X, X, 1.0)[0].swapped == {0}


def test_a_recorded_x_is_kept_after_its_update():
    def step(x, m, a):
        return [np.sum(x), x * a, m * 2.0]

    assert stages(step, X, X, 1.0, trail=True)[0].swapped == {0}
    assert not stages(lambda x, m, a: [np.sum(x * a), x, m], X, X, 1.0, trail=True)[0].swapped
