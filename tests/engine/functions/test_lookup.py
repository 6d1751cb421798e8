"""Arrays that are looked up by a number, per run and without a derivative."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import optlab
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, UNIFORM, Input, compile
from optlab.errors import TraceError, UserError

CALLS: list[float] = []


def turned(angle):
    """A rotation of the plane."""
    CALLS.append(angle)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def scaled(factor, number):
    return factor * number


def rotated(x, angle):
    return np.sum((optlab.lookup(turned, angle, shape=(2, 2)) @ x - 1.0) ** 2 * np.array([1.0, 10.0]))


def test_on_plain_numbers_it_is_the_array():
    np.testing.assert_array_equal(optlab.lookup(turned, 0.5, shape=(2, 2)), turned(0.5))
    assert optlab.lookup(partial(scaled, 3.0), 2) == 6.0


def test_the_derivative_treats_it_as_data():
    x = np.array([0.3, -0.7])
    by_hand = 2 * turned(0.5).T @ ((turned(0.5) @ x - 1.0) * [1.0, 10.0])
    np.testing.assert_allclose(optlab.grad(rotated)(x, 0.5), by_hand, rtol=1e-14)
    assert optlab.grad(rotated, 1)(x, 0.5) == 0.0
    np.testing.assert_allclose(optlab.hessian(rotated)(x, 0.5), 2 * turned(0.5).T @ np.diag([1, 10]) @ turned(0.5))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_each_run_has_its_own_array_computed_once(dtype):
    angles = np.array([0.5, 0.1, 0.5, 0.9], dtype)
    graph = optimise(optlab.trace(rotated, np.ones(2, dtype), np.zeros((), dtype)))
    program = compile(graph, [Input(RUN), Input(RUN, changes=False)], runs=4)
    x = np.arange(8.0, dtype=dtype).reshape(2, 4)
    program.inputs[0][...], program.inputs[1][...] = x, angles
    CALLS.clear()
    program.prepare()
    program.step()
    program.step()
    assert sorted(CALLS) == sorted({float(angle) for angle in angles})
    expected = [rotated(x[:, i].astype(float), float(angles[i])) for i in range(4)]
    np.testing.assert_allclose(program.outputs[0], expected, rtol=1e-5 if dtype == "float32" else 1e-14)


def test_a_run_has_the_same_bits_whether_others_have_the_same_array_or_not():
    graph = optimise(optlab.trace(rotated, np.ones(2), 0.0))
    x = np.random.default_rng(0).normal(size=(2, 3))
    found = []
    for kind, angles in ((RUN, [0.7, 0.1, 0.7]), (UNIFORM, 0.7)):
        program = compile(graph, [Input(RUN), Input(kind, changes=False)], runs=3)
        program.inputs[0][...], program.inputs[1][...] = x, angles
        program.prepare()
        program.step()
        found.append(program.outputs[0].copy())
    np.testing.assert_array_equal(found[0][[0, 2]], found[1][[0, 2]])


def test_equal_lookups_are_one():
    def twice(x, angle):
        return np.sum(optlab.lookup(turned, angle, shape=(2, 2)) @ x + optlab.lookup(turned, angle, shape=(2, 2)) @ x)

    graph = optimise(optlab.trace(twice, np.ones(2), 0.0))
    assert sum(node.op.name == "lookup" for node in graph.nodes) == 1


def test_lookup_takes_a_single_number_and_returns_the_given_shape():
    with pytest.raises(TraceError, match="arrays are looked up by a single number"):
        optlab.trace(lambda x: optlab.lookup(turned, x, shape=(2, 2)), np.ones(2))
    with pytest.raises(UserError, match=r"lookup of 0.5 gives an array of shape \(2, 2\), not \(3,\)"):
        optlab.lookup(turned, 0.5, shape=(3,))
