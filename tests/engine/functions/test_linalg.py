"""numpy.linalg: norms, systems of equations, determinants, and matrices without an inverse or factor."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
import optlab.execution.runner
from optlab.engine.functions import FUNCTIONS, linalg
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from optlab.execution.records import DIVERGED, DONE

torch = pytest.importorskip("torch")

INF = np.inf


def norm(*args, **how):
    return lambda x: np.linalg.norm(x, *args, **how)


def in_torch(ord=2, dim=None, keep=False):
    return lambda x: torch.linalg.norm(x, ord, dim, keep)


def regular(a):
    """A matrix with an inverse, for any a."""
    return a * 0.3 + 2 * np.eye(a.shape[-1], dtype=getattr(a, "dtype", None))


def regular_torch(a):
    return a * 0.3 + 2 * torch.eye(a.shape[-1], dtype=torch.float64)


def positive(a):
    return np.matmul(a, np.swapaxes(a, -1, -2)) + np.eye(a.shape[-1], dtype=a.dtype)


def positive_torch(a):
    return a @ a.mT + torch.eye(a.shape[-1], dtype=torch.float64)


CASES = {
    np.linalg.norm: [
        (norm(), in_torch(), [(4,)]),
        (norm(), lambda x: x.square().sum().sqrt(), [(2, 3)]),
        (norm(), lambda x: x.square().sum().sqrt(), [(2, 3, 2)]),
        (norm(), abs, [()]),
        (norm(axis=0), in_torch(dim=0), [(2, 3)]),
        (norm(axis=(-1, 0)), lambda x: x.square().sum((0, 2)).sqrt(), [(2, 3, 2)]),
        (norm(2, axis=1, keepdims=True), in_torch(2, 1, True), [(2, 3)]),
        (norm(keepdims=True), lambda x: x.square().sum().sqrt()[None, None], [(2, 3)]),
        (norm("fro"), in_torch("fro"), [(2, 3)]),
        (norm(1), in_torch(1), [(4,)]),
        (norm(0), lambda x: (x != 0).double().sum(), [(4,)]),
        (norm(3), in_torch(3), [(4,)]),
        (norm(np.int64(4), axis=-1), in_torch(4, 1), [(2, 3)]),
        (norm(0.5), in_torch(0.5), [(4,)]),
        (norm(-2), lambda x: (x**-2.0).sum() ** -0.5, [(4,)]),
        (norm(INF), in_torch(INF), [(4,)]),
        (norm(-INF, axis=1), in_torch(-INF, 1), [(2, 3)]),
        (norm(1), in_torch(1), [(2, 3)]),
        (norm(-1, axis=(0, -1)), in_torch(-1, (0, 2)), [(2, 3, 2)]),
        (norm(1, axis=(2, 0)), in_torch(1, (2, 0)), [(2, 3, 4)]),
        (norm(INF, (0, 1), True), in_torch(INF, (0, 1), True), [(2, 3)]),
        (norm(-INF), in_torch(-INF), [(2, 3)]),
        (norm(axis=1), lambda x: x.sum(1), [(2, 0)]),
    ],
    np.linalg.solve: [
        (lambda a, b: np.linalg.solve(regular(a), b), lambda a, b: torch.linalg.solve(regular_torch(a), b), s)
        for s in ([(3, 3), (3,)], [(3, 3), (3, 2)], [(1, 1), (1,)], [(2, 3, 3), (2, 3, 1)], [(3, 3), (3, 0)])
    ]
    + [
        (
            lambda a, b: np.linalg.solve(regular(a), b),
            lambda a, b: torch.linalg.solve(regular_torch(a), b[:, None])[..., 0],
            [(2, 3, 3), (3,)],
        ),
        (
            lambda b: np.linalg.solve(np.diag([1.0, 2.0]), b),
            lambda b: b / torch.tensor([1.0, 2]),
            [(2,)],
        ),
        (
            lambda a: np.linalg.solve(regular(a), [1.0, 2.0]),
            lambda a: torch.linalg.solve(regular_torch(a), torch.tensor([1.0, 2]).double()),
            [(2, 2)],
        ),
    ],
    np.linalg.inv: [
        (lambda a: np.linalg.inv(regular(a)), lambda a: torch.linalg.inv(regular_torch(a)), [s])
        for s in ((3, 3), (1, 1), (2, 2, 2), (0, 0))
    ],
    np.linalg.det: [(np.linalg.det, torch.linalg.det, [s]) for s in ((3, 3), (1, 1), (2, 4, 4), (5, 0, 3, 3), (2, 2))],
    np.linalg.cholesky: [
        (lambda a: np.linalg.cholesky(positive(a)), lambda a: torch.linalg.cholesky(positive_torch(a)), [s])
        for s in ((3, 3), (1, 1), (2, 2, 2), (0, 0))
    ],
}


def test_every_row_has_a_case():
    assert set(CASES) == {f for f, row in FUNCTIONS.items() if row.__module__ == linalg.__name__}


def test_functions_of_linear_algebra(case, check):
    check(case)


# ---- kinks and singular matrices ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ord", [None, 0.5, 1, 2, 3, INF])
def test_norms_at_zero(ord):
    assert optlab.grad(lambda x: np.linalg.norm(x, ord))(np.zeros(3)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("ord", [None, 1, INF])
def test_norms_of_matrices_at_zero(ord):
    assert optlab.grad(lambda x: np.linalg.norm(x, ord))(np.zeros((2, 3))).tolist() == [[0] * 3] * 2


SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 5.0]])


def test_the_derivatives_of_the_determinant_of_a_singular_matrix_are_its_cofactors():
    expected = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(SINGULAR, i, 0), j, 1)) for j in range(3)]
        for i in range(3)
    ]
    assert np.allclose(optlab.grad(np.linalg.det)(SINGULAR), expected, atol=1e-14)
    assert optlab.grad(np.linalg.det)(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    assert optlab.grad(np.linalg.det)(np.zeros((1, 1))).tolist() == [[1]]


@pytest.mark.parametrize(
    ("f", "a"),
    [
        (np.linalg.inv, np.zeros((2, 2))),
        (lambda a: np.linalg.solve(a, np.ones(2)), np.ones((2, 2))),
        (np.linalg.cholesky, np.diag([1.0, -1.0])),
    ],
)
def test_invalid_matrices_give_nan_and_no_exception(f, a):
    graph = trace(f, a)
    value, gradient = vjp(graph, [0])(a, np.ones(graph.outputs[0].shape))
    assert np.isnan(value).all()
    assert np.isnan(gradient).all()


@pytest.mark.parametrize(("f", "bad"), [(np.linalg.inv, np.zeros((2, 2))), (np.linalg.cholesky, np.diag([1.0, -1.0]))])
def test_in_a_stack_only_the_invalid_matrix_gives_nan(f, bad):
    good = np.diag([4.0, 9.0])
    (value,) = trace(f, np.stack([good, bad]))(np.stack([good, bad]))
    assert value[0].tolist() == f(good).tolist()
    assert np.isnan(value[1]).all()


@optlab.problem(domain=(0.0, 2.0), start=(1.0,))
def determinant(x):
    """The square root of a determinant, which is real for positive x."""
    return np.sum(np.linalg.cholesky(x * np.eye(2)))


def test_an_invalid_matrix_is_nan_in_a_run_and_an_exception_in_plain_numpy(planned):
    """The run with such a matrix diverges, the others continue."""
    document = {"problem": [{"name": "determinant"}], "optimizer": [{"name": "gd", "lr": [0.01, 5.0]}], "steps": 20}
    done = optlab.execution.runner.run(planned(document, determinant).sweeps[0])
    assert done.status.tolist() == [DONE, DIVERGED]
    assert done.steps.tolist() == [20, 1]
    assert np.isnan(optlab.grad(determinant)(np.array([-1.0]))).all()
    with pytest.raises(np.linalg.LinAlgError):
        determinant(np.array([-1.0]))
    assert not optlab.check_grad(determinant, np.array([-1.0])).verdict.startswith("right")
    assert optlab.check_grad(determinant, np.array([1e-3])).verdict == "right"
