"""Norms of numbers of any size, against a type with a wider exponent, and against NumPy's where that is right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optlab
from optlab.engine.replay import RUN, Input, compile
from optlab.plugins.scaling import norm, scaled

EXPONENTS = {"float64": (-307, 307), "float32": (-37, 37)}


def numbers(dtype, low, high):
    """Vectors whose entries lie within 1e10 of each other, at any size within limits."""
    exponents = st.floats(low, high)
    shares = st.lists(st.floats(-1, 1), min_size=1, max_size=20)
    return st.tuples(exponents, shares).map(lambda pair: (10.0 ** pair[0] * np.array(pair[1])).astype(dtype))


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp <= 1024, reason="no type of numbers here has a wider exponent")
@pytest.mark.parametrize("dtype", EXPONENTS)
@given(data=st.data())
def test_a_norm_of_any_size(dtype, data):
    v = data.draw(numbers(dtype, *EXPONENTS[dtype]))
    found = norm(v)
    expected = np.sqrt(np.sum(np.square(v.astype(np.longdouble))))
    assert found.dtype == v.dtype
    np.testing.assert_allclose(found, expected.astype(dtype), rtol=8 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("dtype", EXPONENTS)
@given(data=st.data())
def test_norms_of_ordinary_numbers_equal_numpy_to_the_bit(dtype, data):
    limit = {"float64": 120, "float32": 15}[dtype]
    v = data.draw(numbers(dtype, -limit, limit))
    if np.abs(v).max() > 10.0**-limit:
        small, power = scaled(v)
        assert power == 1
        assert small.tobytes() == v.tobytes()
        assert norm(v) == np.linalg.norm(v)


@pytest.mark.parametrize("special", [0.0, np.inf, np.nan])
def test_norms_of_infinity_and_nan(special):
    np.testing.assert_array_equal(norm(np.array([special, 0.0])), special)


def test_traced_and_plain_norms_are_equal():
    graph = optlab.trace(norm, np.ones(5))
    columns = np.random.default_rng(0).normal(size=(5, 7)) * 10.0 ** np.linspace(-300, 300, 7)
    program = compile(graph, [Input(RUN)], 7)
    np.copyto(program.inputs[0], columns)
    program.prepare()
    program.step()
    np.testing.assert_allclose(program.outputs[0], [norm(column) for column in columns.T], rtol=1e-15)
