"""Second derivatives against torch: of every primitive, and of functions made of several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optlab import grad, trace
from tests.cases import every
from tests.engine.operations import ELEMENTWISE, Row, plain_inputs
from tests.engine.oracles import assert_close, curvatures, laid_out, torch, torch_curvatures
from tests.engine.structures import STRUCTURED, tamed


def check(numpy: Any, in_torch: Any, inputs: Any, rng: np.random.Generator) -> None:
    inputs = [laid_out(x, rng) for x in inputs]
    w = rng.uniform(0.5, 1.5, size=trace(numpy, *inputs).outputs[0].shape)
    directions = [rng.uniform(0.5, 1.5, size=np.shape(x)) for x in inputs]
    found = curvatures(numpy, inputs, w, directions), torch_curvatures(in_torch, inputs, w, directions)
    for ours, expected in zip(*found, strict=True):
        assert_close(ours, expected, 1e-9, max(np.max(np.abs(expected), initial=0.0), 1e-3))


@pytest.mark.parametrize("key", every(3, ELEMENTWISE))
def test_second_derivatives_of_elementwise_operations(key):
    row = ELEMENTWISE[key]
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shapes = [[(3,), (2, 3), (2, 1), ()][rng.integers(4)] for _ in row.plain]
        inputs = plain_inputs(row, rng, shapes)
        if row.smooth == (0,):  # the others are held fixed
            check(*_of_the_first(row, inputs[1:]), inputs[:1], rng)
        else:
            check(row.numpy, row.torch, inputs, rng)


def _of_the_first(row: Row, others: Any) -> Any:
    in_torch = [torch.tensor(x) for x in others]
    return (lambda x: row.numpy(x, *others)), (lambda x: row.torch(x, *in_torch))


@pytest.mark.parametrize("key", STRUCTURED)
def test_second_derivatives_of_the_cubes_of_other_operations(key):
    """Many of these operations have the second derivative 0; their cubes do not."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        case = STRUCTURED[key](rng)
        inputs = [tamed(x) for x in case.inputs]
        check(lambda *x, f=case.numpy: f(*x) ** 3, lambda *x, f=case.torch: f(*x) ** 3, inputs, rng)


MATRICES = np.random.default_rng(0).normal(size=(2, 3, 3))

COMPOSED = {
    "inv": (lambda a: np.linalg.inv(a + 3 * np.eye(3)), lambda a: torch.linalg.inv(a + 3 * torch.eye(3))),
    "log det": (
        lambda a: np.log(np.linalg.det(a @ a.mT + np.eye(3))),
        lambda a: torch.logdet(a @ a.mT + torch.eye(3, dtype=a.dtype)),
    ),
    "sort": (lambda a: np.sort(a**2, axis=1)[:, ::2] ** 2, lambda a: torch.sort(a**2, dim=1)[0][:, ::2] ** 2),
    "prod": (lambda a: np.prod(a, axis=(1, 2)), lambda a: a.flatten(1).prod(1)),
    "prod, of a zero": (lambda a: np.prod(a - MATRICES[0, 0, 0]), lambda a: torch.prod(a - MATRICES[0, 0, 0])),
    "cumsum": (lambda a: np.cumsum(a, axis=1) ** 3, lambda a: torch.cumsum(a, 1) ** 3),
    "einsum": (lambda a: np.einsum("bij,bjk,bki->b", a, a, a), lambda a: torch.einsum("bij,bjk,bki->b", a, a, a)),
    "var": (lambda a: np.var(a, axis=2, ddof=1) ** 2, lambda a: torch.var(a, 2) ** 2),
    "norm": (lambda a: np.linalg.norm(a, axis=2), lambda a: torch.linalg.norm(a, dim=2)),
    "norm of order 3": (lambda a: np.linalg.norm(a, 3, axis=1), lambda a: torch.linalg.vector_norm(a, 3, dim=1)),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_second_derivatives_of_composed_functions(name):
    numpy, in_torch = COMPOSED[name]
    check(numpy, in_torch, [MATRICES], np.random.default_rng(1))


def test_the_second_derivative_of_logaddexp_at_a_tie_is_a_quarter():
    tied = np.array([0.5, -2.0])
    check(np.logaddexp, torch.logaddexp, [tied, tied], np.random.default_rng(2))
    assert grad(grad(lambda x: np.logaddexp(x, 0.0)))(0.0) == 0.25


@pytest.mark.parametrize(("x", "p"), [(2.0, 0.0), (3.0, 1.0), (0.5, 2.0), (4.0, 0.5)])
def test_mixed_derivatives_of_powers(x, p):
    """d/dx d/dp x^p = x^(p - 1) (1 + p log x), also at p = 0, where torch returns 0."""
    expected = x ** (p - 1) * (1 + p * np.log(x))
    slope = grad(lambda x, p: np.power(x, p), 0)
    assert grad(slope, 1)(x, p) == pytest.approx(expected, rel=1e-14)
    slope = grad(lambda x, p: np.power(x, p), 1)
    assert grad(slope, 0)(x, p) == pytest.approx(expected, rel=1e-14)
