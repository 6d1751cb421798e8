"""Sorting, selected entries and integers in machine code, against the same functions in NumPy."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from optlab import grad, problem, trace
from optlab.engine.native import compilation
from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.lowering import lowered
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, UNIFORM, Input
from tests.cases import every
from tests.engine.native.against_replay import both

RUNS = 40


def in_machine_code(f, x, *numbers):
    """f of each run's x, one column per run. `numbers` are arrays of one entry per run, or single ones."""

    def step(x, out, *numbers):
        return [np.sum(x), x, f(x, *numbers) * 1.0]

    (result,) = trace(f, x[:, 0], *(np.float64(np.ravel(n)[0]) for n in numbers)).outputs
    shape = result.shape
    example = [x[:, 0], np.zeros(shape), *(np.float64(np.ravel(n)[0]) for n in numbers)]
    graph = optimise(trace(step, *example))
    inputs = [Input(RUN, carry=1), Input(RUN, carry=2)]
    inputs += [Input(RUN if np.ndim(n) else UNIFORM, changes=False) for n in numbers]
    kernel = compilation.compile(graph, inputs, quick=True)
    columns = np.array([n for n in numbers if np.ndim(n)]).reshape(-1, x.shape[1])
    uniform = np.array([n for n in numbers if not np.ndim(n)], dtype=float)
    carried = np.concatenate([x, np.zeros((int(np.prod(shape)), x.shape[1]))])
    done = kernel.run(carried, uniform, columns, 1, np.array([1]))
    return done.carried[len(x) :].reshape(*shape, -1)


def run_by_run(f, x, *numbers):
    """The same in plain NumPy."""
    spread = [np.broadcast_to(n, x.shape[1]) for n in numbers]
    with np.errstate(all="ignore"):
        return np.stack([f(x[:, r], *(n[r] for n in spread)) * 1.0 for r in range(x.shape[1])], axis=-1)


def order(x):
    """np.argsort that keeps the order of ties: an option of NumPy, and the only order of traced arrays."""
    return np.argsort(x, kind="stable") if isinstance(x, np.ndarray) else np.argsort(x)


def values(size, seed=0):
    """Ordinary numbers, ties, both zeros, infinities and NaN."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(size, RUNS))
    x[:, 10:] = rng.choice([0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf], size=(size, RUNS - 10))
    x[:, 25:][rng.random((size, RUNS - 25)) < 0.3] = np.nan
    return x


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 12])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sort(x),
        order,
        lambda x: np.argmax(x),
        lambda x: np.argmin(x),
        lambda x: np.take_along_axis(x, np.argmax(x, keepdims=True), 0),
        lambda x: np.take_along_axis(np.arange(x.size) ** 2, order(-x), 0),
        lambda x: np.take_along_axis(x, order(x > 0)[:1], 0),
        lambda x: order(x) - order(np.sort(x)[::-1]) * 2,
        lambda x: np.median(x),
    ],
)
def test_sorting_orders(f, size):
    x = values(size)
    np.testing.assert_array_equal(in_machine_code(f, x), run_by_run(f, x))


def test_rows_and_columns():
    f = lambda x: np.sort(x.reshape(3, 4), axis=0) + np.argmin(x.reshape(3, 4), axis=1, keepdims=True)  # noqa: E731
    x = values(12)
    np.testing.assert_array_equal(in_machine_code(f, x), run_by_run(f, x))


def test_derivatives_are_returned_to_the_sorted_entries():
    """The gradient of sum w sort(x)^2 is 2 w x, with the weight of the sorted position of each entry."""
    weights = np.array([1.0, 3.0, 0.5, 2.0, 7.0])
    x = np.random.default_rng(1).normal(size=(5, RUNS))
    places = np.argsort(np.argsort(x, axis=0), axis=0)
    found = in_machine_code(lambda x: grad(lambda x: np.sum(weights * np.sort(x) ** 2))(x), x)
    np.testing.assert_allclose(found, 2 * weights[places] * x, rtol=1e-15)


def test_an_index_from_the_end_or_within_bounds():
    f = lambda x: np.take_along_axis(x, np.clip((3 * x).astype(int), -4, 3), 0)  # noqa: E731
    x = np.random.default_rng(2).normal(size=(4, RUNS))
    np.testing.assert_array_equal(in_machine_code(f, x), run_by_run(f, x))


WHOLE = [
    lambda x, b: x / np.arange(1, x.size + 1),
    lambda x, b: np.arange(x.size) / 3 * x,
    lambda x, b: b ** np.arange(x.size) * x,
    lambda x, b: np.sum(b ** -np.arange(x.size) * x),
    lambda x, b: (1 + np.abs(x)) ** np.arange(x.size),
    lambda x, b: np.exp(np.arange(x.size)) * x + np.sqrt(np.arange(x.size)),
    lambda x, b: np.maximum(x, np.arange(x.size) - 2) % np.arange(1, x.size + 1),
    lambda x, b: np.sum(x > 0) / (1 + np.sum(x < 0)) * x,
    lambda x, b: (x > 0).astype(int) * np.arange(x.size) - (x * 5).astype(int),
    lambda x, b: 1 / ((x > 0) * np.array(-1)) + x,  # integers have one zero: 1 / (0 * -1) is inf
    lambda x, b: 1 / -(x > 0).astype(int) + x,
    lambda x, b: 1 / (x * 0.5).astype(int) + x,
    lambda x, b: np.sign((x * 3).astype(int)) * np.clip((x * 3).astype(int), -1, 2) + x,
    lambda x, b: np.where(x > b, np.arange(x.size), 7),
    lambda x, b: np.arange(x.size, dtype=np.uint8) * x + np.arange(x.size, dtype=np.int16) / b,
]


@pytest.mark.parametrize(("size", "per_run"), [(6, True), (6, False), (700, True)])
@pytest.mark.parametrize("f", every(3, WHOLE))
def test_integers_agree_with_numpy(f, size, per_run):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(size, RUNS)) / (1 if size < 10 else 1e3)
    b = rng.uniform(0.99, 1.0, size=RUNS) if per_run else 0.99
    np.testing.assert_allclose(in_machine_code(f, x, b), run_by_run(f, x, b), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("f", WHOLE[:6])
def test_integers_in_loops(f):
    graph = optimise(trace(lambda x, b: [np.sum(f(x, b)), x - f(x, b)], np.ones(700), 0.9))
    assert isinstance(lowered(graph, None, [0]), Rolled)


@pytest.mark.parametrize("large", [1e15, 2.0**62, 2.0**63, 1e300, np.inf, np.nan, -0.7, -(2.0**63), -1e300])
def test_floats_that_become_whole_numbers(large):
    f = lambda x: x.astype(int) * 0.5 + 1 / (x * 0).astype(int)  # noqa: E731
    x = np.full((1, RUNS), large)
    np.testing.assert_array_equal(in_machine_code(f, x), run_by_run(f, x))


def test_the_extremum_of_many_has_a_loop():
    f = lambda x: np.argmax(x) + np.argmin(x) * 0.5  # noqa: E731
    x = np.random.default_rng(4).normal(size=(900, RUNS))
    np.testing.assert_array_equal(in_machine_code(f, x), run_by_run(f, x))


@problem(domain=(-1.0, 1.0))
def scaled_by_place(x):
    """Integers as constants."""
    return np.sum((x / np.arange(1, x.size + 1)) ** 2) + np.sum(x > 0) * 0.5


@problem(domain=(-1.0, 1.0))
def sorted_weights(x):
    """A weight for each position in the order."""
    return np.sum(np.arange(1, x.size + 1) * np.sort(np.abs(x)) ** 2) + np.median(x) ** 2


@problem(domain=(-1.0, 1.0))
def largest_counts_twice(x):
    """The entry that is largest, by its index."""
    return np.sum(x**2) + np.take_along_axis(x**2, np.argmax(np.abs(x), keepdims=True), 0)[0]


@problem(domain=(-1.0, 1.0))
def discounted(x, *, beta=0.9):
    """Powers of a number by an array of whole numbers."""
    return np.sum(x**2 * beta ** np.arange(x.size))


@pytest.mark.parametrize("f", [scaled_by_place, sorted_weights, largest_counts_twice, discounted], ids=lambda f: f.name)
def test_trajectories_of_rules_that_sort(planned, f):
    rules = [{"name": "adam", "lr": [1e-3, 1e-2]}, {"name": "momentum", "lr": 1e-2}]
    table = {"name": f.name, "dim": 5, "start": "random"}
    planned_with = functools.partial(_planned, planned, f)
    for _, native, right in both(planned_with, table, rules, steps=50):
        np.testing.assert_allclose(native.loss[:11], right.loss[:11], rtol=1e-12)
        np.testing.assert_allclose(native.loss, right.loss, rtol=1e-6)


def _planned(planned, f, document):
    return planned(document, f)
