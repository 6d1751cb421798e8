"""The values of an option: as written, and spaced."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.experiments import document
from optlab.experiments.document import Axis
from optlab.experiments.document.axes import linear_values, log_values

BARE = 'name = "e"\nsteps = 3\n[[problem]]\nname = "p"\n[[optimizer]]\nname = "o"\n'


def axis_of(written):
    """The axis that an option becomes."""
    draft = document.read(f"{BARE}lr = {written}\n")
    assert draft.mistakes == ()
    return draft.spec.optimizers[0].hyperparameters["lr"]


@pytest.mark.parametrize(
    ("written", "values", "listed"),
    [
        ("0.1", (0.1,), False),
        ("3", (3,), False),
        ("true", (True,), False),
        ('"tanh"', ("tanh",), False),
        ("[0.1]", (0.1,), True),
        ("[1, 0.5]", (1, 0.5), True),
        ("[1, 2]", (1, 2), True),
        ('["a", "b"]', ("a", "b"), True),
        ("[[32], [64, 32]]", ((32,), (64, 32)), True),
        ("[[]]", ((),), True),
        ("{ log = [1e-3, 1e-1], num = 3 }", (0.001, 0.01, 0.1), False),
        ("{ linear = [0, 1], num = 5 }", (0.0, 0.25, 0.5, 0.75, 1.0), False),
        ("{ log = [16, 256], num = 5 }", (16, 32, 64, 128, 256), False),
    ],
)
def test_axes_of_written_values(written, values, listed):
    axis = axis_of(written)
    assert axis == Axis(values, listed)
    assert [type(value) for value in axis.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("[64, 32]", ((64, 32),)),
        ("[1, 0.5]", ((1, 0.5),)),
        ("[[1], [2]]", ((1,), (2,))),
        ("5", (5,)),
        ("{ linear = [1, 3], num = 3 }", (1, 2, 3)),
    ],
)
def test_a_flat_list_may_be_one_value(written, values):
    assert axis_of(written).as_single().values == values


positive = st.floats(5e-324, 1e300)


@given(positive, positive, st.integers(2, 50))
def test_log_values(lo, hi, num):
    lo, hi = min(lo, hi), max(lo, hi)
    if lo == hi:
        return
    values = log_values(lo, hi, num)
    assert len(values) == num
    assert values[0] == lo
    assert values[-1] == hi
    assert list(values) == sorted(values)
    logs = np.log(lo) + (np.log(hi) - np.log(lo)) * np.arange(num) / (num - 1)
    expected = np.exp(logs)
    np.testing.assert_allclose(values, expected, rtol=1e-11, atol=1e-323)


@given(st.integers(-300, 290), st.integers(1, 10), st.sampled_from([1, 2, 2.5, 3, 7, 1.25]))
def test_decades_are_exact(low, decades, mantissa):
    values = log_values(float(f"{mantissa}e{low}"), float(f"{mantissa}e{low + decades}"), decades + 1)
    assert values == tuple(float(f"{mantissa}e{low + k}") for k in range(decades + 1))


def test_round_values_between_other_ends_are_exact():
    assert log_values(0.02, 50, 3)[1] == 1.0
    assert log_values(1.0, 1024.0, 11) == tuple(2.0**k for k in range(11))


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.integers(2, 50))
def test_linear_values(lo, hi, num):
    lo, hi = min(lo, hi), max(lo, hi)
    if lo == hi:
        return
    values = linear_values(lo, hi, num)
    assert len(values) == num
    assert values[0] == lo
    assert values[-1] == hi
    assert list(values) == sorted(values)
    np.testing.assert_allclose(values, np.linspace(lo, hi, num), rtol=1e-12, atol=1e-12 * max(abs(lo), abs(hi)))


def test_linear_values_are_the_decimals():
    assert linear_values(0.0, 1.0, 11) == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert linear_values(-0.1, 0.7, 9)[1] == 0.0


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300), min_size=1))
def test_a_list_of_floats_is_its_axis(values):
    assert axis_of(json.dumps(values)) == Axis(tuple(values), listed=True)
