"""Jacobians, Hessians and products with them: against torch, against each other, and on nested containers."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import optlab
from optlab import directional_derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from optlab.errors import TraceError, UserError
from tests.cases import first_cases

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
A, W, X = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4)), np.array([0.5, -1.5, 2.0])


def to_vector(xp, x):
    return xp.tanh(xp.asarray(A) @ x) * x[0] + xp.exp(x[1:].sum())


def to_matrix(xp, x):
    return xp.sin(x)[:, None] * (xp.asarray(W)[:, :3] @ x)[None, :] / (1 + x[2] ** 2)


def to_number(xp, x):
    return xp.log(1 + (x * x).sum()) * x[1] + (xp.sin(xp.asarray(A) @ x) ** 2).sum()


class Torch:
    """torch with the names of NumPy."""

    asarray = staticmethod(torch.tensor)
    tanh, exp, sin, log = torch.tanh, torch.exp, torch.sin, torch.log


FUNCTIONS = [to_vector, to_matrix, to_number, lambda xp, x: x[:1] * 2.0, lambda xp, x: xp.sin(x)]


def both(f):
    return (lambda x: f(np, x)), (lambda x: f(Torch, x))


def close(ours, theirs, tolerance=1e-13):
    theirs = theirs.numpy()
    assert ours.shape == theirs.shape
    assert (np.abs(ours - theirs) <= tolerance * (1 + np.abs(theirs))).all()


@pytest.mark.parametrize("f", FUNCTIONS)
def test_jacobians_hessians_and_products_against_torch(f):
    ours, theirs = both(f)
    point = torch.tensor(X)
    close(jacobian(ours)(X), torch.autograd.functional.jacobian(theirs, point))
    v = RNG.normal(size=3)
    close(jvp(ours)(X, v), torch.autograd.functional.jvp(theirs, point, torch.tensor(v))[1])
    w = RNG.normal(size=np.shape(ours(X)))
    close(vjp(ours)(X, w), torch.autograd.functional.vjp(theirs, point, torch.tensor(w))[1])


def test_second_derivatives_of_products_against_torch():
    ours, theirs = both(to_number)
    expected = torch.autograd.functional.hessian(theirs, torch.tensor(X))
    close(hessian(ours)(X), expected, 1e-12)
    v = RNG.normal(size=3)
    close(hvp(ours)(X, v), expected @ torch.tensor(v), 1e-12)


def test_third_derivatives_by_nesting():
    third = jacobian(hessian(lambda x: np.sum(x**4) + np.prod(x)))(X)
    expected = np.zeros((3, 3, 3))
    for i in range(3):
        expected[i, i, i] = 24 * X[i]
    for i, j, k in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        expected[i, j, k] = 1.0
    assert third == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("seed", first_cases(12, range(100)))
def test_products_agree_with_the_jacobian_on_random_programs(seed, random_program):
    program = random_program(np.random.default_rng(seed))
    several = tuple(range(len(program.inputs)))
    rng = np.random.default_rng(seed)
    v = tuple(np.asarray(rng.normal(size=x.shape)) for x in program.inputs)
    values = program.several(*program.inputs)
    w = tuple(np.asarray(rng.normal(size=np.shape(y))) for y in values)
    J = jacobian(program.several, several)(*program.inputs)
    forward = jvp(program.several, several)(*program.inputs, v)
    for y, row, product in zip(values, J, forward, strict=True):
        expected = sum(np.tensordot(block, part, part.ndim) for block, part in zip(row, v, strict=True))
        assert product.shape == np.shape(y)
        assert np.allclose(product, expected, rtol=1e-12, atol=1e-12)
    back = vjp(program.several, several)(*program.inputs, w)
    for i, (x, product) in enumerate(zip(program.inputs, back, strict=True)):
        expected = sum(np.tensordot(part, row[i], part.ndim) for part, row in zip(w, J, strict=True))
        assert product.shape == x.shape
        assert np.allclose(product, expected, rtol=1e-12, atol=1e-12)


def test_forward_and_backward_give_the_same_jacobian():
    """A wide Jacobian is computed backward, a tall one forward."""
    wide = jacobian(lambda x: np.stack([np.sum(np.sin(x) * x), np.prod(x)]))(X)
    both_ways = jacobian(lambda x: np.stack([np.sum(np.sin(x) * x), np.prod(x)] * 2))(X)
    assert both_ways[:2] == pytest.approx(wide, rel=1e-15)
    assert both_ways[2:] == pytest.approx(wide, rel=1e-15)


def test_jacobians_of_empty_arrays_have_the_right_shape():
    assert jacobian(lambda x: x[:0] * 2)(X).shape == (0, 3)
    assert jacobian(lambda x: np.sum(x) * X)(np.empty((0, 2))).shape == (3, 0, 2)


def test_the_jacobian_of_a_constant_is_zero():
    assert jacobian(lambda x: np.ones(2))(X).tolist() == [[0.0] * 3] * 2
    assert jvp(lambda x: np.ones(2))(X, X).tolist() == [0.0, 0.0]
    assert jacobian(lambda x: np.sign(x))(X).tolist() == [[0.0] * 3] * 3


def test_products_within_a_trace():
    graph = optlab.trace(lambda x: (jacobian(np.sin)(x), jvp(np.cos)(x, x), hvp(lambda x: np.sum(x**3))(x, x)), X)
    J, forward, H = graph(X)
    assert pytest.approx(np.diag(np.cos(X)), rel=1e-15) == J
    assert forward == pytest.approx(-np.sin(X) * X, rel=1e-15)
    assert pytest.approx(6 * X * X, rel=1e-14) == H


# ---- directional derivatives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1e-200, 1.0, 7.0, 1e150])
def test_the_length_of_a_direction_has_no_effect(length):
    e = np.array([0.6, 0.0, 0.8])
    ours, _ = both(to_number)
    assert directional_derivative(ours)(X, length * e) == pytest.approx(grad(ours)(X) @ e, rel=1e-13)


def test_directional_derivatives_of_several_values():
    e = np.array([1.0, 0.0, 0.0])
    assert directional_derivative(np.sin)(X, 5 * e) == pytest.approx(np.cos(X) * e, rel=1e-15)


def test_a_directional_derivative_with_respect_to_its_direction():
    ours, _ = both(to_number)
    e = np.array([0.6, 0.0, 0.8])
    slope = grad(lambda v: directional_derivative(ours)(X, v))(e)
    g = grad(ours)(X)
    assert slope == pytest.approx(g - (g @ e) * e, rel=1e-12)


@pytest.mark.parametrize("direction", [[0.0, 0.0, 0.0], [np.inf, 0.0, 0.0], [np.nan, 0.0, 1.0]])
def test_a_direction_of_length_zero_is_an_error(direction):
    with pytest.raises(UserError, match="finite and not 0"):
        directional_derivative(np.sum)(X, np.array(direction))


# ---- several arguments, and trees -----------------------------------------------------------------------------------

Layer = namedtuple("Layer", "w b")


def model(p, x):
    return np.sum(np.tanh(p["first"].w @ x + p["first"].b) * p["out"][0])


P = {"first": Layer(RNG.normal(size=(2, 3)), RNG.normal(size=2)), "out": [RNG.normal(size=2), 3.0]}


def test_a_gradient_has_the_structure_of_its_argument():
    value, slope = value_and_grad(model)(P, X)
    z = np.tanh(P["first"].w @ X + P["first"].b)
    delta = (1 - z**2) * P["out"][0]
    assert value == pytest.approx(z @ P["out"][0])
    assert isinstance(slope["first"], Layer)
    assert slope["first"].w == pytest.approx(np.outer(delta, X), rel=1e-12)
    assert slope["first"].b == pytest.approx(delta, rel=1e-12)
    assert slope["out"][0] == pytest.approx(z, rel=1e-14)
    assert slope["out"][1] == 0.0


def test_gradients_with_respect_to_several_arguments():
    f = lambda a, b, c: np.sum(a * b) * c  # noqa: E731
    gradients = grad(f, (2, 0))(X, X + 1, 2.0)
    assert isinstance(gradients, tuple)
    assert gradients[0] == pytest.approx(X @ (X + 1))
    assert gradients[1] == pytest.approx(2 * (X + 1))
    assert grad(f, -1)(X, X, 2.0) == pytest.approx(X @ X)


def test_jacobians_and_hessians_of_nested_containers():
    J = jacobian(lambda p: {"y": p[0] * p[1], "z": p[1]})((X, np.array(2.0)))
    assert J["y"][0] == pytest.approx(2 * np.eye(3))
    assert J["y"][1].tolist() == X.tolist()
    assert (J["z"][0].tolist(), float(J["z"][1])) == ([0.0] * 3, 1.0)
    H = hessian(lambda p: np.sum(p["a"] ** 2) * p["b"])({"a": X, "b": np.array(3.0)})
    assert H["a"]["a"] == pytest.approx(6 * np.eye(3))
    assert H["a"]["b"] == pytest.approx(2 * X)
    assert H["b"]["a"] == pytest.approx(2 * X)
    assert float(H["b"]["b"]) == 0.0
    tall = jacobian(lambda p: np.concatenate([p["a"] * p["b"]] * 3))({"a": X, "b": np.array(3.0)})
    assert tall["a"] == pytest.approx(np.tile(3 * np.eye(3), (3, 1)))
    assert tall["b"] == pytest.approx(np.tile(X, 3))


def test_products_with_nested_containers():
    f = lambda p: p["a"] * p["b"]  # noqa: E731
    p, v = {"a": X, "b": np.array(2.0)}, {"a": np.ones(3), "b": np.array(10.0)}
    assert jvp(f)(p, v) == pytest.approx(2.0 + 10 * X)
    back = vjp(f)(p, np.ones(3))
    assert (back["a"].tolist(), float(back["b"])) == ([2.0] * 3, X.sum())


def test_a_list_of_plain_numbers_is_an_array():
    assert grad(lambda x: np.sum(x**2))([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert grad(lambda x: np.sum(x**2))(((1.0, 2.0), (3.0, 4.0))).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert directional_derivative(np.sum)([1.0, 2.0], [1.0, 0.0]) == 1.0


def test_float32_stays_float32():
    x = X.astype(np.float32)
    for derivative in (jacobian(np.sin), hessian(lambda x: np.sum(np.sin(x)))):
        assert derivative(x).dtype == np.float32
    for product in (jvp(np.sin), vjp(np.sin), hvp(lambda x: np.sum(np.sin(x)))):
        assert product(x, x).dtype == np.float32


# ---- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES = {
    "v of another shape": (lambda: jvp(np.sin)(X, X[:2]), r"v has the shape \(2,\), but the argument has \(3,\)"),
    "w of another shape": (lambda: vjp(np.sin)(X, 1.0), r"w has the shape \(\), but the value of sin has \(3,\)"),
    "v of another form": (
        lambda: jvp(lambda p: p[0] * p[1])((X, X), X),
        r"\(3,\), but the argument has \(3,\), \(3,\)",
    ),
    "no such argument": (lambda: grad(np.sum, 1)(X), "called with 1 arguments; position 1 does not exist"),
    "an argument too few": (lambda: grad(np.sum)(), "called with 0 arguments"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_error_messages(name):
    call, message = MISTAKES[name]
    with pytest.raises(UserError, match=message):
        call()


def test_a_hessian_needs_a_function_with_one_value():
    with pytest.raises(TraceError, match=r"np\.sum adds them up"):
        hessian(np.sin)(X)
