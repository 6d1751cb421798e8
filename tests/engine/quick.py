"""A few fixed cases per operation. The references (torch, complex steps, hand calculations) are computed once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab import grad, hessian, jvp, trace
from optlab.engine.vjp import vjp
from tests.engine.choices import BESIDE_KINKS, LEFT
from tests.engine.kinks import CURVED, HONEST, KINKS, MASKED
from tests.engine.operations import ELEMENTWISE, Row, ill_scaled_inputs, operation, plain_inputs
from tests.engine.oracles import assert_close, curvatures, slope, torch_curvatures, torch_gradients
from tests.engine.structures import STRUCTURED, tamed
from tests.engine.test_broadcasting import DERIVATIVES, sum_to

Check = Callable[[], None]


@functools.cache
def checks_of(name: str) -> tuple[Check, ...]:
    """Checks that raise AssertionError if a derivative of this operation is wrong, fast checks first."""
    rows = [row for key, row in ELEMENTWISE.items() if operation(key) == name]
    makers = [maker for key, maker in STRUCTURED.items() if operation(key) == name]
    first = [_slopes(row, draw) for row in rows for draw in (plain_inputs, ill_scaled_inputs)]
    first += [_gradients(maker, seed) for maker in makers for seed in range(12)]
    at_kinks = [check for used, check in _at_points() if name in used]
    second = [_curved_row(row) for row in rows if len(row.smooth) > 1]
    second += [_curved(maker, seed) for maker in makers for seed in range(6)]
    return (*first, *at_kinks, *second)


@functools.cache
def checks_of_all() -> tuple[Check, ...]:
    """The checks of broadcasting, of masks, and of every operation in turn."""
    masked = [_kink(f, x, expected) for f, x, expected in MASKED.values()]
    masked += [_kink(f, x, grad(taken)(x)) for f, x, taken in LEFT.values()]
    masked += [_no_curvature(f, x, hessian(taken)(x)) for f, x, taken in BESIDE_KINKS.values()]
    honest = [_honest(f, expected, x) for f, expected, x in HONEST.values()]
    several = [check for key in STRUCTURED for check in checks_of(operation(key))[:2]]
    return (*_stretched(), *masked, *honest, *_of_parts(), *several)


@functools.cache
def _at_points() -> list[tuple[set[str], Check]]:
    """Checks at single points, each with the operations that it depends on; finding these takes most of the time."""
    found = [(_uses(f, x), _kink(f, x, expected)) for f, x, expected in (*KINKS.values(), *MASKED.values())]
    curved = [*CURVED.values(), *((f, x, hessian(taken)(x)) for f, x, taken in BESIDE_KINKS.values())]
    return found + [(_uses_in_gradient(f, x), _no_curvature(f, x, expected)) for f, x, expected in curved]


def _uses(f: Any, x: Any) -> set[str]:
    return {node.op.name for node in trace(f, np.array(x)).nodes}


def _uses_in_gradient(f: Any, x: Any) -> set[str]:
    return _uses(f, x) | _uses(lambda x: grad(f)(x), x)


def gradients(f: Any, inputs: Any, w: Any) -> list[Any]:
    return vjp(trace(f, *inputs), range(len(inputs)))(*inputs, w)[1:]


def _slopes(row: Row, draw: Callable[..., Any]) -> Check:
    rng = np.random.default_rng(1)
    inputs = draw(row, rng, [(8,)] * len(row.domains))
    w = rng.uniform(0.5, 1.5, 8).astype(row.numpy(*inputs).dtype)
    expected = [
        w * np.array([slope(row.exact, values, i) for values in zip(*inputs, strict=True)])
        for i in range(len(inputs))
        if i in row.smooth
    ]

    def check() -> None:
        for ours, theirs in zip(gradients(row.numpy, inputs, w), expected, strict=False):
            assert_close(ours, theirs, 1e-12)

    return check


def _gradients(maker: Any, seed: int) -> Check:
    case = maker(np.random.default_rng(seed))
    w = np.random.default_rng(seed).uniform(0.5, 1.5, trace(case.numpy, *case.inputs).outputs[0].shape)
    expected = torch_gradients(case.torch, case.inputs, w)

    def check() -> None:
        for ours, theirs in zip(gradients(case.numpy, case.inputs, w), expected, strict=True):
            assert_close(ours, theirs, 1e-9, np.max(np.abs(theirs), initial=0))

    return check


def _kink(f: Any, x: Any, expected: Any) -> Check:
    def check() -> None:
        assert_close(grad(f)(np.array(x)), np.asarray(expected, dtype=float), 1e-13)

    return check


def _no_curvature(f: Any, x: Any, expected: Any) -> Check:
    x, expected = np.array(x), np.asarray(expected, dtype=float)
    ones = np.ones_like(x)

    def check() -> None:
        assert_close(hessian(f)(x), expected, 1e-13)
        along = expected @ ones if x.ndim else expected
        assert_close(jvp(grad(f))(x, ones), along, 1e-13)
        assert_close(grad(lambda x: jvp(f)(x, ones))(x), along, 1e-13)

    return check


def _honest(f: Any, expected: Any, x: Any) -> Check:
    def check() -> None:
        assert expected(grad(f)(np.array(x))[0])

    return check


def _curved_row(row: Row) -> Check:
    inputs = plain_inputs(row, np.random.default_rng(2), [(3,)] * len(row.plain))
    return _curvature(row.numpy, row.torch, inputs)


def _curved(maker: Any, seed: int) -> Check:
    case = maker(np.random.default_rng(seed))
    inputs = [tamed(x) for x in case.inputs]
    return _curvature(lambda *x: case.numpy(*x) ** 3, lambda *x: case.torch(*x) ** 3, inputs)


def _curvature(numpy: Any, in_torch: Any, inputs: Any) -> Check:
    shape = trace(numpy, *inputs).outputs[0].shape
    w = np.random.default_rng(3).uniform(0.5, 1.5, shape)
    directions = [np.random.default_rng(4).uniform(0.5, 1.5, np.shape(x)) for x in inputs]
    expected = torch_curvatures(in_torch, inputs, w, directions)

    def check() -> None:
        for ours, theirs in zip(curvatures(numpy, inputs, w, directions), expected, strict=True):
            assert_close(ours, theirs, 1e-9, max(np.max(np.abs(theirs), initial=0), 1e-3))

    return check


def _stretched() -> list[Check]:
    shapes = [((), (3,)), ((1,), (3,)), ((2, 1), (2, 3)), ((3,), (2, 3)), ((1, 3), (2, 1)), ((0,), (1,))]
    shapes += [((1,), (1, 3)), ((1, 1), (2, 3, 1)), ((1, 1), (2, 1, 3)), ((1, 3), (2, 4, 3))]
    return [_stretched_pair(row, a, b) for row in DERIVATIVES.values() for a, b in shapes]


def _stretched_pair(row: Any, *shapes: Any) -> Check:
    rng = np.random.default_rng(5)
    f, *derivatives = row
    inputs = [np.asarray(rng.uniform(0.3, 2, s)) for s in shapes]
    w = rng.uniform(0.5, 1.5, np.broadcast_shapes(*shapes))

    def check() -> None:
        for ours, derivative, shape in zip(gradients(f, inputs, w), derivatives, shapes, strict=True):
            assert_close(ours, sum_to(w * derivative(*inputs), shape), 1e-13)

    return check


def _of_parts() -> list[Check]:
    """Sums of contributions: masked products, slices of one array, contributions of another dtype."""

    def product() -> None:
        f = lambda x: np.where(x > -1, np.stack([np.sin(x)]) @ np.stack([x]), 0.0)  # noqa: E731
        assert grad(grad(f))(0.0) == 2.0

    def slices() -> None:
        f = lambda x: np.sum(x[1:] * x[:-1]) + np.sum(np.square(x))  # noqa: E731
        assert grad(f)(np.array([1.0, 2.0, 4.0])).tolist() == [4.0, 9.0, 10.0]

    def types() -> None:
        single, double = np.ones(3, np.float32), np.full(3, 2.5)
        (gradient,) = gradients(lambda x: x * double, [single], double)
        assert (gradient.dtype, gradient.tolist()) == (np.float32, [6.25] * 3)
        (gradient,) = gradients(lambda n: n * double, [np.ones(3, int)], double)
        assert gradient.tolist() == [6.25] * 3

    def taken_extremum() -> None:
        assert grad(lambda x: 3 * np.where(x > -1, np.maximum(x, 0.2), 0.0))(0.5) == 3.0

    return [product, slices, types, taken_extremum]
