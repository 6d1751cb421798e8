"""Random data of options: machine code, in which they are inputs of each run, against replay, on both sides of the most
numbers that are inputs."""

from __future__ import annotations

import dataclasses
import functools
import math
import zlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import optlab
from optlab import problem
from optlab.engine.native.lookups import MOST
from optlab.execution import runner, step
from tests.cases import first_cases
from tests.engine.native.against_replay import bits, same_endings

DIM = 3
NAMES = ("a", "b", "m")
OPTIONS = {"a": [0.25, -1.5, 1e-3, 7.0, -1.5000001], "b": [2.0, 0.0, -0.0, 3.5], "m": [1, 4, 2, 9]}
"""The values of two floats and of one whole number, some of them near each other."""
RULES = [{"name": "gd", "lr": 1e-3}, {"name": "adam", "lr": [0.01, 0.1]}]


def drawn(seed, shape, number):
    """Random data of a number: the same for the same bits of the number."""
    key = zlib.crc32(np.float64(number + 0.0).tobytes())
    return np.random.default_rng([seed, key]).normal(size=shape)


def term(table, x, shape):
    """A function of x and data of any shape. Each entry of the data changes its value and its slope."""
    if not shape:
        return table * np.sum(np.sin(x)) + 0.1 * table**2
    if shape[-1] == DIM:
        return np.mean(np.tanh(table @ x)) if len(shape) == 2 else np.mean(np.cos(table + x))
    spread = np.arange(math.prod(shape), dtype=float).reshape(shape) / 10
    return np.mean(table * np.tanh(x[0] + 0.5 * x[-1] + spread))


TABLES: list[list[tuple[str, tuple[int, ...], functools.partial]]] = []
"""The tables of each case: the option, the shape, and the function. A case is a number, so that it can be a choice."""


@problem(start=(0.5, -1.0, 0.25), ranges={"m": "{1, ..., 9}"})
def looks(x, *, a=1.0, b=1.0, m=1.0, case=0):
    """Terms of data that are looked up."""
    by = {"a": a, "b": b, "m": m}
    tables = [(shape, optlab.lookup(table, by[name], shape=shape)) for name, shape, table in TABLES[case]]
    return 0.5 * np.sum(x**2) + a * x[0] / 50 + sum(term(found, x, shape) for shape, found in tables)


def sweeps_of(planned, tables, values, steps=12):
    TABLES.append([(name, shape, functools.partial(drawn, n, shape)) for n, (name, shape) in enumerate(tables)])
    table = {"name": "looks", "case": len(TABLES) - 1, **values}
    document = {"problem": [table], "optimizer": RULES, "steps": steps, "record": {"points": steps + 1}}
    return planned(document, looks).sweeps


SHAPES = st.one_of(
    st.just(()), st.tuples(st.integers(1, 8)), st.tuples(st.integers(1, 5), st.integers(1, 6)), st.just((4, DIM)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4)),
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(OPTIONS[name]), min_size=1, max_size=3, unique_by=float) for name in NAMES}
)


@settings(max_examples=6)
@given(tables=st.lists(st.tuples(st.sampled_from(NAMES), SHAPES), min_size=1, max_size=4), values=VALUES)
@example([("a", ()), ("a", (2, DIM)), ("m", (5,))], {"a": [0.25, -1.5], "b": [2.0], "m": [1, 4, 9]})
@example([("b", (DIM,)), ("b", (DIM,))], {"a": [1.0], "b": [0.0, 3.5], "m": [2]})
def test_random_data_are_the_same_in_machine_code(planned, tables, values):
    for sweep in sweeps_of(planned, tables, values):
        assert runner.choose(dataclasses.replace(sweep, backend="native"), step.build_for(sweep)).backend == "native"
        same_endings(sweep)


@pytest.mark.parametrize("backend", ["native", "replay"])
@settings(max_examples=2)
@given(tables=st.lists(st.tuples(st.sampled_from(NAMES), SHAPES), min_size=1, max_size=3), values=VALUES)
@example([("a", (3, DIM)), ("m", ())], {"a": OPTIONS["a"], "b": [2.0], "m": OPTIONS["m"]})
def test_data_of_a_run_do_not_depend_on_the_other_runs(planned, backend, tables, values):
    """The bits of each run are those that it has alone, where its options are the same for all runs."""
    for sweep in sweeps_of(planned, tables, values):
        sweep = dataclasses.replace(sweep, backend=backend)
        task = runner.Runner([sweep])
        together = task(sweep)
        assert task.backend(sweep) == backend
        for run in (0, len(sweep) - 1):
            own = slice(run, run + 1)
            assert bits(runner.run(sweep.block(own))) == bits(together, own)


def within(total, parts):
    """Shapes of data with `total` numbers in all."""
    return [(total - sum(parts),), *((part,) for part in parts)]


@pytest.mark.parametrize("by", first_cases(1, [(("a", "m"),), (("a",),), (("a", "b", "a"),)]))
@pytest.mark.parametrize("more", [pytest.param(0, marks=pytest.mark.many), 1])
def test_the_most_numbers_that_are_inputs(planned, by, more):
    """Up to `MOST` numbers are inputs of machine code; with more the sweep runs on NumPy, with the same numbers."""
    shapes = within(MOST + more, [7, 100][: len(by) - 1])
    tables = list(zip(by, shapes, strict=True))
    assert sum(math.prod(shape) for _, shape in tables) == MOST + more
    sweep, _ = sweeps_of(planned, tables, {"a": [0.25, -1.5], "b": [2.0], "m": [1, 4]}, steps=4)
    asked = dataclasses.replace(sweep, backend="native")
    choice = runner.choose(asked, step.build_for(asked))
    assert choice.backend == ("native" if more <= 0 else "replay")
    assert ("it looks up more than 1,000 numbers per run" in choice.why) == (more > 0)
    x, first = sweep.case.start.x, runner.run(asked).first_loss
    for run in range(len(sweep)):
        options = {name: float(column[run]) for name, column in sweep.numbers_of("option").items()}
        value = float(looks(x, **options, case=len(TABLES) - 1))
        assert first[run] == pytest.approx(value, rel=1e-13)
