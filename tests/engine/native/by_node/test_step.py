"""Machine code of one step by nodes, against replay: operations, shapes, random steps, random networks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import grad, logsumexp, relu, sigmoid, trace
from optlab.engine.functions.indexing import rows
from optlab.engine.native.by_node import StepCode
from optlab.engine.native.ir import Unsupported
from optlab.engine.passes import optimise, settle
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input, compile
from tests.cases import first_cases
from tests.engine.native.against_replay import random_step

DATA = np.random.default_rng(5).normal(size=(11, 3))

FUNCTIONS = {
    "products": lambda x: DATA.T @ DATA @ x[:3] @ (x[2:5] * 2) + x[1:4] @ DATA.T @ DATA[:, 1] + x @ x,
    "matrices": lambda x: np.sum((x.reshape(2, 3) @ DATA.T) ** 2) + np.sum(np.stack([DATA, DATA + 1]) @ x[:3]),
    "order": lambda x: np.sum(x.reshape(2, 3).T.reshape(6) * np.arange(6.0)) + x[::-2][1] + x[-1],
    "folds": lambda x: np.max(x) + np.min(x.reshape(3, 2), axis=0)[1] + np.sum(np.mean(DATA * x[0], axis=1)),
    "no entries": lambda x: np.sum(x[:0]) + np.sum(x[:0].reshape(0, 1) @ x[:4].reshape(1, 4)) + x[0],
    "choices": lambda x: np.sum(np.where(x > 0.1, x**3, np.exp(x)) / (1 + np.isfinite(x))),
    "conditions": lambda x: np.sum(np.where((x > 0) + (x < -1), x, 2.0)) + np.sum(np.where(x > 0.5, x < 1, x > 0)),
    "parts": lambda x: np.concatenate([x[4:], [3.0], x[:2] ** 2]) @ np.arange(5.0),
    "overlapping parts": lambda x: np.sum(np.exp(x[:4] * x[1:5]) * x[2:6]) + np.sum(x[1:5]) * np.sum(x[:2] ** 2),
}


def stepped(program, given, t, steps=3):
    """The loss and the carried values after each step. `given` is for the first inputs."""
    for buffer, values in zip(program.inputs, given, strict=False):
        buffer[...] = values
    found = []
    with np.errstate(all="ignore"):
        program.prepare()
        for now in range(1, steps + 1):
            program.inputs[t][...] = now
            program.step()
            x = program.inputs[0]
            found.append([np.broadcast_to(program.outputs[0], x.shape[-1:]).copy(), x.copy()])
    return found


def both(graph, inputs, given, t, runs):
    code = StepCode(graph, inputs)
    found = stepped(code.program(runs), given, t)
    right = stepped(compile(graph, inputs, runs), given, t)
    for run in range(runs):  # a run has the same bits alone
        own = [values[..., run : run + 1] if np.ndim(values) else values for values in given]
        alone = stepped(code.program(1), own, t)
        for together, single in zip(found, alone, strict=True):
            for a, b in zip(together, single, strict=True):
                assert a[..., run : run + 1].tobytes() == b.tobytes()
    return found, right


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("runs", [1, 4, 9])
def test_functions_and_their_gradients(name, runs):
    f = FUNCTIONS[name]
    graph = optimise(settle(trace(lambda x, t, lr: [f(x), x - lr * grad(f)(x) / t], np.ones(6), 1.0, 1.0)))
    x, lr = np.random.default_rng(3).normal(size=(6, runs)), np.linspace(0.001, 0.01, runs)
    inputs = [Input(RUN, carry=1), Input(SHARED), Input(RUN, changes=False)]
    for a, b in zip(*both(graph, inputs, [x, 1, lr], 1, runs), strict=True):
        for one, other in zip(a, b, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_overlapping_parts_are_added():
    f = FUNCTIONS["overlapping parts"]
    graph = optimise(settle(trace(lambda x, t: [f(x), grad(f)(x)], np.ones(6), 1.0)))
    x = np.arange(6.0) / 10
    ((_, gradient),) = stepped(StepCode(graph, [Input(RUN, carry=1), Input(SHARED)]).program(1), [x[:, None]], 1, 1)
    e = np.exp(x[:4] * x[1:5])
    right = np.zeros(6)
    right[:4] += e * x[2:6] * x[1:5]
    right[1:5] += e * x[2:6] * x[:4] + np.sum(x[:2] ** 2)
    right[2:6] += e
    right[:2] += 2 * x[:2] * np.sum(x[1:5])
    np.testing.assert_allclose(gradient[:, 0], right, rtol=1e-13)


@pytest.mark.parametrize("begin", first_cases(1, range(0, 60, 15)))
def test_random_steps(begin):
    compared = 0
    for seed in range(begin, begin + 15):
        rng = np.random.default_rng(seed)
        dim, step = random_step(rng)
        runs, one = int(rng.integers(1, 12)), np.ones(())
        graph = optimise(settle(trace(step, np.ones(dim), np.zeros(dim), one, one, one)))
        kind = (RUN, UNIFORM)[seed % 2]
        inputs = [Input(RUN, carry=1), Input(RUN, carry=2), Input(SHARED), Input(RUN, False), Input(kind, False)]
        beta = rng.uniform(0.1, 0.9, size=runs) if kind == RUN else 0.9
        given = [rng.normal(size=(dim, runs)), 0, 1, rng.uniform(0.001, 0.1, size=runs), beta]
        for a, b in zip(*both(graph, inputs, given, 2, runs), strict=True):
            for one_, other in zip(a, b, strict=True):
                close = np.isclose(one_, other, rtol=1e-6, atol=1e-9, equal_nan=True)
                assert close.mean() > 0.9, seed  # a choice may fall the other way by rounding
                compared += close.size
    assert compared > 500


SIZES = st.integers(1, 9)


@pytest.mark.parametrize("examples", first_cases(1, [25, 100]))
def test_random_networks(examples):
    sizes = st.lists(SIZES, min_size=2, max_size=4)
    generated = given(sizes, SIZES, st.sampled_from([np.tanh, relu, sigmoid]), st.booleans(), SIZES)
    settings(max_examples=examples)(generated(check_network))()


def check_network(units, examples, activation, in_batches, runs):
    """Forward and backward pass of dense layers, on minibatches that differ between runs, or on all examples."""
    rng = np.random.default_rng([*units, examples, runs])
    inputs = rng.normal(size=(12 if in_batches else examples, units[0]))
    targets = np.eye(units[-1])[rng.integers(0, units[-1], len(inputs))]
    count = sum((m + 1) * n for m, n in pairwise(units))

    def loss(x, a, y):
        at = 0
        for m, n in pairwise(units):
            a = (activation(a) if at else a) @ x[at : at + m * n].reshape(m, n) + x[at + m * n : at + (m + 1) * n]
            at += (m + 1) * n
        return np.mean(logsumexp(a, axis=1) - np.sum(a * y, axis=1))

    def step(x, t, *index):
        a, y = (rows(v, index[0]) for v in (inputs, targets)) if in_batches else (inputs, targets)
        return [loss(x, a, y), x - 0.1 / t * grad(lambda p: loss(p, a, y))(x)]

    index = [rng.integers(0, len(inputs), (examples, runs))] if in_batches else []
    graph = optimise(settle(trace(step, np.ones(count), 1.0, *(v[:, 0] for v in index))))
    kinds = [Input(RUN, carry=1), Input(SHARED), *[Input(RUN)] * in_batches]
    for a, b in zip(*both(graph, kinds, [rng.normal(size=(count, runs)), 1, *index], 1, runs), strict=True):
        for one, other in zip(a, b, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_inputs_that_are_exchanged():
    """Outputs may be other inputs, or parts of them."""
    graph = optimise(settle(trace(lambda x, m, t: [x[0], m, x[::-1] + 0 * t], np.ones(3), np.ones(3), 1.0)))
    inputs = [Input(RUN, carry=1), Input(RUN, carry=2), Input(SHARED)]
    x, m = np.arange(6.0).reshape(2, 3, 1) * np.ones(5)
    for a, b in zip(*both(graph, inputs, [x, m], 2, 5), strict=True):
        np.testing.assert_array_equal(a[1], b[1])


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: np.sum(np.sort(x)), "argsort has no loop nest"),
        (lambda x: np.sum(np.outer(x, np.ones(1_000_001))), "more than 1,000,000 numbers"),
        (lambda x: np.sum(np.argsort(x) * 2), "argsort has no loop nest"),
    ],
)
def test_graphs_without_machine_code(f, why):
    graph = optimise(settle(trace(lambda x, t: [f(x), x + t], np.ones(3), 1.0)))
    with pytest.raises(Unsupported, match=why):
        StepCode(graph, [Input(RUN, carry=1), Input(SHARED)])


def test_single_precision_has_no_machine_code():
    graph = optimise(settle(trace(lambda x: [np.sum(x), x], np.ones(3, np.float32))))
    with pytest.raises(Unsupported, match="data that change"):
        StepCode(graph, [Input(RUN, carry=1)])


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x, index: [np.sum(x * index), x], "computes with the indices"),
        (lambda x, index: [np.sum(rows(DATA, index[::-1])), x], "computes with the indices"),
        (lambda x, index: [x[0], x, index], "returns the indices"),
    ],
)
def test_indices_select_rows_only(f, why):
    graph = optimise(settle(trace(f, np.ones(3), np.arange(3))))
    with pytest.raises(Unsupported, match=why):
        StepCode(graph, [Input(RUN, carry=1), Input(RUN)])


def test_data_that_cannot_be_written():
    data = np.arange(12.0).reshape(4, 3)
    data.flags.writeable = False
    graph = optimise(settle(trace(lambda x, index: [np.sum(rows(data, index) @ x), x], np.ones(3), np.arange(2))))
    program = StepCode(graph, [Input(RUN, carry=1), Input(RUN)]).program(2)
    program.inputs[0][...] = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    program.inputs[1][...] = [[0, 3], [2, 1]]
    program.step()
    assert program.outputs[0].tolist() == [6.0, 14.0]
