"""Generated calls: values against NumPy, derivatives against complex steps, and many runs against single runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from optlab.errors import TraceError
from tests.cases import first_cases

H = 1e-30
LENGTHS = st.integers(0, 3)
Call = tuple[Callable[..., Any], list[tuple[int, ...]]]


@st.composite
def shapes(draw: Any, least: int = 0) -> tuple[int, ...]:
    return tuple(draw(st.lists(LENGTHS, min_size=least, max_size=3)))


def axes(draw: Any, shape: tuple[int, ...]) -> Any:
    """None, one axis or several, counted from either end."""
    rank = len(shape)
    several = st.lists(st.integers(0, rank - 1), unique=True) if rank else st.just([])
    choice = draw(st.one_of(st.none(), several))
    if choice is None:
        return None
    signed = tuple(a - rank if draw(st.booleans()) else a for a in choice)
    return signed[0] if len(signed) == 1 and draw(st.booleans()) else signed


def one_axis(draw: Any, shape: tuple[int, ...]) -> int:
    return draw(st.integers(-len(shape), len(shape) - 1))


@st.composite
def reductions(draw: Any) -> Call:
    f = draw(st.sampled_from([np.sum, np.prod, np.mean, np.max, np.min, np.ptp, np.median]))
    shape, keepdims = draw(shapes()), draw(st.booleans())
    if f is np.median:  # NumPy has no median over several empty axes
        shape = tuple(max(n, 1) for n in shape)
    axis = axes(draw, shape)
    return (lambda x: f(x, axis=axis, keepdims=keepdims)), [shape]


@st.composite
def running(draw: Any) -> Call:
    f = draw(st.sampled_from([np.cumsum, np.cumprod, np.diff, np.sort]))
    shape = draw(shapes(1))
    axis = one_axis(draw, shape)
    axis = None if f is not np.diff and draw(st.booleans()) else axis
    return (lambda x: f(x, axis=axis)), [shape]


@st.composite
def moves(draw: Any) -> Call:
    shape = draw(shapes(1))
    axis = one_axis(draw, shape)
    shift = draw(st.integers(-5, 5))
    several = tuple(draw(st.permutations(range(len(shape)))))
    shifts = tuple(draw(st.integers(-4, 4)) for _ in shape)
    reps = tuple(draw(st.lists(LENGTHS, max_size=4)))
    counts = [draw(LENGTHS) for _ in range(shape[axis])]
    offset = draw(st.integers(-3, 3))
    calls = [
        lambda x: np.roll(x, shift),
        lambda x: np.roll(x, shift, axis),
        lambda x: np.roll(x, shifts, several),
        lambda x: np.flip(x, several[:2]),
        lambda x: np.transpose(x, several),
        lambda x: np.moveaxis(x, several, range(len(several))),
        lambda x: np.swapaxes(x, axis, several[0]),
        lambda x: np.expand_dims(x, (axis, len(shape))),
        lambda x: np.tile(x, reps),
        lambda x: np.repeat(x, counts, axis),
        lambda x: np.repeat(x, abs(shift)),
        lambda x: np.diag(x, offset),
        lambda x: np.tril(x, offset),
        lambda x: np.triu(x, offset),
        lambda x: np.trace(x, offset, axis, several[0]),
        lambda x: np.squeeze(x, axis),
    ]
    return draw(st.sampled_from(calls)), [shape]


@st.composite
def splits(draw: Any) -> Call:
    shape = draw(shapes(1))
    axis = one_axis(draw, shape)
    where = draw(st.one_of(st.integers(1, 4), st.lists(st.integers(-4, 4), min_size=1, max_size=3)))
    part = draw(st.integers(-1, 0))
    return (lambda x: np.array_split(x, where, axis)[part]), [shape]


@st.composite
def joins(draw: Any) -> Call:
    shape = draw(shapes(1))
    axis = one_axis(draw, shape)
    other = list(shape)
    other[axis] = draw(LENGTHS)
    place = draw(st.integers(-len(shape) - 1, len(shape)))
    if draw(st.booleans()):
        return (lambda a, b: np.concatenate([a, b, a], axis)), [shape, tuple(other)]
    return (lambda a, b: np.stack([a, b], place)), [shape, shape]


@st.composite
def pads(draw: Any) -> Call:
    shape = draw(shapes(1))
    mode = draw(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
    shape = shape if mode == "constant" else tuple(max(n, 1) for n in shape)
    widths = [(draw(LENGTHS), draw(LENGTHS)) for _ in shape]
    constants = {"constant_values": draw(st.sampled_from([0, 1.5, (2, -1)]))} if mode == "constant" else {}
    return (lambda x: np.pad(x, widths, mode, **constants)), [shape]


@st.composite
def einsums(draw: Any) -> Call:
    """One, two or three operands over four letters of random lengths."""
    lengths = {letter: draw(LENGTHS) for letter in "abcd"}
    names = draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    result = "".join(draw(st.permutations(sorted(set("".join(names))))))
    result = result[: draw(st.integers(0, len(result)))]
    subscripts = ",".join(names) + (f"->{result}" if draw(st.booleans()) else "")
    return (lambda *v: np.einsum(subscripts, *v)), [tuple(lengths[x] for x in name) for name in names]


@st.composite
def products(draw: Any) -> Call:
    a, b = draw(shapes()), draw(shapes())
    count = draw(st.integers(0, min(len(a), len(b))))
    left = draw(st.permutations(range(len(a))))[:count]
    right = draw(st.permutations(range(len(b))))[:count]
    fitted = list(b)
    for i, j in zip(left, right, strict=True):
        fitted[j] = a[i]
    return (lambda a, b: np.tensordot(a, b, (left, right))), [a, tuple(fitted)]


@st.composite
def indices(draw: Any) -> Call:
    shape = tuple(max(n, 1) for n in draw(shapes(1)))
    axis = one_axis(draw, shape)
    length = shape[axis]
    entries = draw(st.lists(st.integers(-length, length - 1), max_size=4))
    along = np.resize(np.array([*entries, 0]), [3 if i == axis % len(shape) else n for i, n in enumerate(shape)])
    calls = [
        lambda x: np.take(x, np.array(entries, int), axis),
        lambda x: np.take_along_axis(x, along, axis),
        lambda x: np.take_along_axis(x, np.argsort(x, axis=axis), axis),
        lambda x: np.compress([True, False, True][:length], x, axis),
    ]
    return draw(st.sampled_from(calls)), [shape]


CALLS = {f.__name__: f() for f in (reductions, running, moves, splits, joins, pads, einsums, products, indices)}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("examples", first_cases(1, [20, 120]))
def test_generated_calls_agree_with_numpy(kind, examples, company):
    generated = settings(deadline=None, max_examples=examples)
    generated(given(data=st.data())(lambda data: check_call(kind, company, data)))()


def check_call(kind, company, data):
    f, shapes = data.draw(CALLS[kind])
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    inputs = [np.asarray(rng.normal(size=shape)) for shape in shapes]
    try:
        plain = np.asarray(f(*inputs))
    except (ValueError, IndexError):  # an error of NumPy is an error here
        with pytest.raises(TraceError):
            trace(f, *inputs)
        return
    check_against_the_complex_step(f, inputs, plain, rng)
    company(f, inputs)


def check_against_the_complex_step(f: Callable[..., Any], inputs: list[Any], plain: Any, rng: Any) -> None:
    graph = trace(f, *inputs)
    w = rng.normal(size=plain.shape)
    value, *gradients = vjp(graph, range(len(inputs)))(*inputs, w)
    assert (value.shape, value.dtype) == (plain.shape, plain.dtype)
    assert np.allclose(value, plain, rtol=1e-14, atol=1e-14, equal_nan=True)
    if np.isfinite(plain).all():
        directions = [rng.normal(size=x.shape) for x in inputs]
        slope = f(*(x + 1j * H * v for x, v in zip(inputs, directions, strict=True))).imag / H
        ours = sum(np.sum(g * v) for g, v in zip(gradients, directions, strict=True))
        assert np.isclose(ours, np.sum(w * slope), rtol=1e-12, atol=1e-12)
