"""`optlab.grad`: closures, traces within traces, types, and inputs of every memory layout."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import grad, trace, value_and_grad
from optlab.errors import TraceError, UserError

x = np.array([0.5, -1.5, 2.0])


def test_value_and_gradient():
    value, gradient = value_and_grad(lambda x: np.sum(x**2))(x)
    assert (value, gradient.tolist()) == (6.5, [1.0, -3.0, 4.0])


def test_scalars_in_scalars_out():
    value, slope = value_and_grad(lambda x: x**3)(2.0)
    assert (value, slope) == (8.0, 12.0)
    assert isinstance(value, np.float64)
    assert isinstance(slope, np.float64)
    assert grad(lambda x: np.sin(x))(np.float64(0)) == 1.0
    assert grad(lambda x: x * x)(np.array(3.0)) == 6.0


@pytest.mark.parametrize("x", [3, np.int64(3), np.array(3), 3.0])
def test_integers_are_differentiated_as_floats(x):
    assert grad(lambda x: x**2 / 4)(x) == 1.5
    assert grad(grad(lambda x: x**2 / 4))(x) == 0.5


def test_lists_and_arrays_of_integers():
    assert grad(lambda x: np.sum(x**2) / 4)([1, 2, 3]).tolist() == [0.5, 1.0, 1.5]
    assert grad(lambda x: np.sum(x**2) / 4)(np.array([1, 2, 3])).tolist() == [0.5, 1.0, 1.5]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.exp(x) * x),
        lambda x: np.sum(x * 2.5 + np.ones(3)),
        lambda x: np.sum(x * np.float64(2.5)),
        lambda x: np.linalg.norm(x) + np.max(x) + np.mean(np.where(x > 0, x, 0.1)),
        lambda x: np.sum(x.astype(np.float64) ** 2),
        lambda x: x @ np.eye(3) @ x,
    ],
)
def test_float32_in_float32_gradients_out(f):
    gradient = grad(f)(x.astype(np.float32))
    assert gradient.dtype == np.float32
    assert np.allclose(gradient, grad(f)(x), rtol=1e-6)


def test_selecting_the_argument_to_differentiate():
    f = lambda a, b, *, c: np.sum(a * b**c)  # noqa: E731
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert grad(f)(a, b, c=2).tolist() == [9.0, 16.0]
    assert grad(f, 1)(a, b, c=2).tolist() == [6.0, 16.0]
    assert grad(f, -1)(a, b, c=2).tolist() == [6.0, 16.0]
    assert grad(lambda a, n: np.sum(a) * n)(a, 3).tolist() == [3.0, 3.0]


def test_the_gradient_of_an_unused_argument_is_zero():
    assert grad(lambda x: 3.0)(x).tolist() == [0.0] * 3
    assert grad(lambda x: 3)(2.0) == 0.0
    assert grad(lambda x: np.sum(x > 0))(x).tolist() == [0.0] * 3
    assert grad(lambda x: x[1])(x).tolist() == [0.0, 1.0, 0.0]


def test_the_gradient_of_the_identity():
    assert value_and_grad(lambda x: x)(2.5) == (2.5, 1.0)
    assert grad(lambda x: np.sum(x))(x).tolist() == [1.0] * 3


def test_a_closure_is_traced_anew_at_each_call():
    factor = [1.0]
    slope = grad(lambda x: factor[0] * x)
    assert slope(1.0) == 1.0
    factor[0] = 5.0
    assert slope(1.0) == 5.0


# ---- traces within traces -----------------------------------------------------------------------------------------


def test_gradients_of_gradients():
    f = lambda x: np.sin(x) * np.exp(x)  # noqa: E731
    for x in (0.3, 1.7, -2.0):
        assert grad(grad(f))(x) == pytest.approx(2 * np.cos(x) * np.exp(x), rel=1e-13)
        third = grad(grad(grad(f)))(x)
        assert third == pytest.approx(2 * np.exp(x) * (np.cos(x) - np.sin(x)), rel=1e-12)


def test_an_inner_function_of_outer_values():
    """d/dx of x * (d/dy of x y^2 at y = x) = d/dx 2 x^3."""
    assert grad(lambda x: x * grad(lambda y: x * y**2)(x))(3.0) == 54.0
    assert grad(lambda x: grad(lambda y: x * y**2)(2.0))(3.0) == 4.0
    assert grad(lambda x: grad(lambda y: np.exp(x) * y)(1.0))(0.5) == np.exp(0.5)


def test_an_inner_function_with_plain_arguments():
    """The plain argument is a constant of the outer trace, even if it is the only argument."""
    assert grad(lambda x: grad(lambda y, c: y * np.exp(c))(x, 2.0) * x)(3.0) == np.exp(2.0)
    assert grad(lambda x: grad(lambda y, c: np.sum(y * np.cos(c)))(x, np.zeros(2))[0] * x[1])(np.ones(2))[1] == 1.0


def test_three_nested_levels_of_gradients():
    f = lambda a: grad(lambda b: grad(lambda c: a * b**2 * c**3)(b))(a)  # noqa: E731  d/db 3 a b^4 at b = a: 12 a^4
    assert f(2.0) == 12 * 2.0**4
    assert grad(f)(2.0) == 48 * 2.0**3


def test_an_inner_gradient_that_ignores_the_outer_argument():
    assert grad(lambda x: x * grad(lambda y: y**2)(3.0))(1.0) == 6.0


def test_a_gradient_within_a_trace_is_part_of_the_graph():
    graph = trace(grad(lambda x: np.sum(np.sin(x))), x)
    assert graph(x)[0].tolist() == np.cos(x).tolist()
    whole = trace(grad(lambda x: x**2 + x), 2)
    assert (whole.outputs[0].dtype, whole(2)[0]) == (np.float64, 5.0)


def test_hessian_vector_products():
    v = np.array([1.0, 2.0, -1.0])
    f = lambda x: np.sum(x[1:] * x[:-1] ** 2)  # noqa: E731
    hvp = grad(lambda x: np.sum(grad(f)(x) * v))(x)
    hessian = np.array([[2 * x[1], 2 * x[0], 0], [2 * x[0], 2 * x[2], 2 * x[1]], [0, 2 * x[1], 0]])
    assert hvp == pytest.approx(hessian @ v, rel=1e-14)


# ---- inputs are read, and nothing else -----------------------------------------------------------------------------

M = np.random.default_rng(0).normal(size=(3, 4))
wide = np.random.default_rng(1).normal(size=(6, 8))
read_only = M.copy()
read_only.flags.writeable = False

LAYOUTS = {
    "read-only": read_only,
    "Fortran order": np.asfortranarray(M),
    "transposed": M.T,
    "every second": wide[::2, ::2],
    "negative strides": M[::-1, ::-1],
    "stretched": np.broadcast_to(M[0], (3, 4)),
    "not aligned": np.frombuffer(b"\0" + M.tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(3, 4),
    "big endian": M.astype(">f8"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_inputs_of_every_layout_are_read_correctly_and_not_changed(name):
    array = LAYOUTS[name]
    before = array.copy()
    f = lambda x: np.sum(np.exp(x) * x[0] + np.sum(x.T @ x[:, :1]))  # noqa: E731
    gradient = grad(f)(array)
    assert gradient == pytest.approx(grad(f)(np.array(array, dtype=float)), rel=1e-15)
    assert (array == before).all()
    assert gradient.flags.writeable


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: x @ y,
        lambda x, y: np.sum(x * y),
        lambda x, y: np.sum(x * y * 1.0),
        lambda x, y: np.sum(x),
        lambda x, y: np.sum(x * x) / 2,
        lambda x, y: x[0],
        lambda x, y: np.sum(x.reshape(3, 1) * y.reshape(3, 1)),
    ],
)
def test_results_belong_to_the_caller(f):
    """No gradient is a view of an argument, or of a constant: writing to it changes nothing else."""
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    first = grad(f)(a, b)
    expected = first.copy()
    first += 100.0
    assert (a.tolist(), b.tolist()) == ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert grad(f)(a, b).tolist() == expected.tolist()
    constant = np.array([4.0, 5.0, 6.0])
    second = grad(lambda x: f(x, constant))(a)
    second -= 1.0
    assert constant.tolist() == [4.0, 5.0, 6.0]


def test_an_argument_that_is_changed_afterwards_changes_no_result():
    a = np.array([1.0, 2.0])
    value, gradient = value_and_grad(lambda x: x @ x)(a)
    a[:] = 0
    assert (value, gradient.tolist()) == (5.0, [2.0, 4.0])


def test_no_warnings_from_the_edge_of_the_domain():
    assert grad(lambda x: np.sum(np.log(x)))(np.array([0.0, 2.0])).tolist() == [np.inf, 0.5]
    assert optlab.grad(lambda x: np.exp(x))(1000.0) == np.inf


def test_methods_and_callable_objects():
    class Model:
        scale = 3.0

        def loss(self, x):
            return self.scale * np.sum(x)

        def __call__(self, x):
            return self.loss(x) * 2

    assert grad(Model().loss)(x).tolist() == [3.0] * 3
    assert grad(Model())(x).tolist() == [6.0] * 3
    with pytest.raises(TraceError, match="returns an array of shape"):
        grad(np.exp)(x)


@pytest.mark.parametrize("derivative", [grad, value_and_grad, optlab.jacobian, optlab.hessian, optlab.check_grad])
@pytest.mark.parametrize(
    ("x", "what"), [(np.array([1 + 2j, 2]), "complex numbers"), ("abc", "values of type <U3"), (None, "type object")]
)
def test_values_that_are_not_real_numbers_are_refused(derivative, x, what):
    def f(x):
        return np.sum(x**2)

    with pytest.raises(UserError, match=f"derivatives are taken with respect to real numbers, not .*{what}"):
        derivative(f, x) if derivative is optlab.check_grad else derivative(f)(x)
    with pytest.raises(UserError, match="real numbers"):
        optlab.jvp(f)(np.ones(2), np.array([1j, 2.0]))
