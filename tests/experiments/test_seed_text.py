"""The text this project started from, "Gradient descent and backpropagation" (2019), section by section, as tests."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from optlab import grad, sigmoid, trace, value_and_grad
from optlab.engine.vjp import vjp
from optlab.plugins.problems.networks.mlp import mlp


def bowl(p):
    """A differentiable z = f(x, y)."""
    x, y = p[0], p[1]
    return x**2 + 3 * y**2 + x * y + np.sin(x)


P0 = np.array([0.7, -0.4])


def unit(angle):
    """e_l = (cos alpha, cos beta): the unit vector at an angle to the x axis."""
    return np.array([np.cos(angle), np.sin(angle)])


# ---- The mathematics: directional derivative ------------------------------------------------------------------------


@pytest.mark.parametrize("angle", np.linspace(0, 2 * np.pi, 13))
def test_the_directional_derivative_is_the_limit_of_a_difference_quotient(angle):
    """(f(P0 + t e) - f(P0)) / t, as P tends to P0: the error shrinks in proportion to t."""
    e = unit(angle)
    limit = grad(bowl)(P0) @ e
    errors = [abs((bowl(P0 + t * e) - bowl(P0)) / t - limit) for t in (1e-2, 1e-3, 1e-4)]
    assert errors[0] < 0.1
    assert errors[1] == pytest.approx(errors[0] / 10, rel=0.05)
    assert errors[2] == pytest.approx(errors[1] / 10, rel=0.05)


# ---- Gradient -------------------------------------------------------------------------------------------------------


def test_the_gradient_is_the_vector_of_partial_derivatives():
    x, y = P0
    assert grad(bowl)(P0) == pytest.approx([2 * x + y + np.cos(x), 6 * y + x], rel=1e-15)


@pytest.mark.parametrize("theta", np.linspace(0, np.pi, 7))
def test_the_directional_derivative_is_the_projection_of_the_gradient(theta):
    """df/dl = grad f . e = |grad f| cos theta, theta being the angle between them. Here df/dl comes from the line."""
    g = grad(bowl)(P0)
    e = unit(np.arctan2(g[1], g[0]) + theta)
    along = grad(lambda t: bowl(P0 + t * e))(0.0)
    assert along == pytest.approx(g @ e, rel=1e-14, abs=1e-14)
    assert along == pytest.approx(np.linalg.norm(g) * np.cos(theta), rel=1e-14, abs=1e-14)


def test_the_function_grows_fastest_along_the_gradient_and_falls_fastest_against_it():
    angles = np.radians(np.arange(360))
    g = grad(bowl)(P0)
    start = np.arctan2(g[1], g[0])
    slopes = [grad(lambda t, a=a: bowl(P0 + t * unit(start + a)))(0.0) for a in angles]
    assert int(np.argmax(slopes)) == 0
    assert int(np.argmin(slopes)) == 180
    assert max(slopes) == pytest.approx(np.linalg.norm(g), rel=1e-14)
    assert min(slopes) == pytest.approx(-np.linalg.norm(g), rel=1e-14)


# ---- Chain rule -----------------------------------------------------------------------------------------------------


def test_the_chain_rule_of_one_variable():
    """z = f(g(x)): dz/dx = dz/dy dy/dx."""
    x = 0.8
    y = np.exp(x)
    assert grad(lambda x: np.sin(np.exp(x)))(x) == pytest.approx(grad(np.sin)(y) * grad(np.exp)(x), rel=1e-15)


def test_the_chain_rule_of_vectors():
    """For x in R^m, y = g(x) in R^n, z = f(y): grad_x z = (dy/dx)^T grad_y z, the n x m Jacobian transposed."""

    def g(x):
        return np.stack([x[0] * x[1], np.sin(x[2]), x[0] - x[2] ** 2, np.exp(x[1])])

    def f(y):
        return np.sum(y**2) + y[0] * y[3]

    x = np.array([0.5, -0.3, 1.1])
    jacobian = np.stack([grad(lambda x, i=i: g(x)[i])(x) for i in range(4)])
    by_hand = [
        [x[1], x[0], 0],
        [0, 0, np.cos(x[2])],
        [1, 0, -2 * x[2]],
        [0, np.exp(x[1]), 0],
    ]
    assert jacobian == pytest.approx(np.array(by_hand), rel=1e-15)
    gradient_y = grad(f)(np.asarray(g(x)))
    assert grad(lambda x: f(g(x)))(x) == pytest.approx(jacobian.T @ gradient_y, rel=1e-14)
    _, product = vjp(trace(g, x), [0])(x, gradient_y)  # what reverse mode computes, without the Jacobian
    assert product == pytest.approx(jacobian.T @ gradient_y, rel=1e-14)


# ---- Gradient descent -----------------------------------------------------------------------------------------------


def test_gradient_descent_converges_in_a_valley():
    """w -> w' = w - eta grad f: with a small learning rate every step goes down and ends where the gradient is zero."""
    w, eta, heights = np.array([2.0, 1.5]), 0.05, []
    for _ in range(500):
        height, slope = value_and_grad(bowl)(w)
        heights.append(height)
        w = w - eta * slope
    falls = -np.diff(heights)
    assert (falls[:50] > 0).all()
    assert np.linalg.norm(grad(bowl)(w)) < 1e-12


def test_a_small_step_changes_the_function_by_minus_eta_times_the_squared_slope():
    eta, g = 1e-6, grad(bowl)(P0)
    assert bowl(P0 - eta * g) - bowl(P0) == pytest.approx(-eta * (g @ g), rel=1e-5)


# ---- Backpropagation: the derivative of a composed function ---------------------------------------------------------


def test_values_and_gradients_of_x_plus_y_times_z():
    """q = x + y, f = q z at (-2, 5, -4): forward -12, backward (-4, -4, 3)."""
    f = lambda x, y, z: (x + y) * z  # noqa: E731
    at = (-2.0, 5.0, -4.0)
    assert f(*at) == -12
    assert trace(f, *at)(*at)[0] == -12
    assert [grad(f, i)(*at) for i in range(3)] == [-4, -4, 3]
    assert grad(lambda q, z: q * z, 0)(3.0, -4.0) == -4  # df/dq = z
    assert grad(lambda q, z: q * z, 1)(3.0, -4.0) == 3  # df/dz = q
    assert vjp(trace(f, *at), [0, 1, 2])(*at, 1.0) == [-12, -4, -4, 3]


# ---- Gates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [-2.5, 0.3, 4.0])
def test_the_local_gradients_of_single_gates(x):
    a = 1.7
    assert grad(lambda x: 1 / x)(x) == pytest.approx(-1 / x**2, rel=1e-15)
    assert grad(lambda x: a + x)(x) == 1.0
    assert grad(lambda x: np.exp(x))(x) == np.exp(x)
    assert grad(lambda x: a * x)(x) == a


def backward(gate, inputs, arriving):
    """The gradients of the inputs of a gate, given the gradient of its output."""
    return vjp(trace(gate, *inputs), range(len(inputs)))(*inputs, arriving)[1:]


def test_a_gate_multiplies_the_gradient_by_its_local_gradient():
    assert backward(np.exp, (0.5,), 3.0) == [3.0 * np.exp(0.5)]


def test_add_distributes_max_routes_multiply_swaps():
    assert backward(lambda a, b: a + b, (3.0, -4.0), 2.0) == [2.0, 2.0]
    assert backward(lambda a, b: np.maximum(a, b), (3.0, -4.0), 2.0) == [2.0, 0.0]
    assert backward(lambda a, b: np.maximum(a, b), (-4.0, 3.0), 2.0) == [0.0, 2.0]
    assert backward(lambda a, b: a * b, (3.0, -4.0), 2.0) == [-8.0, 6.0]


def test_gates_in_a_circuit():
    """CS231n's picture, which the text shows: 2 (x y + max(z, w)) at (3, -4, 2, -1) is -20."""
    circuit = lambda x, y, z, w: (x * y + np.maximum(z, w)) * 2  # noqa: E731
    at = (3.0, -4.0, 2.0, -1.0)
    assert circuit(*at) == -20
    assert backward(circuit, at, 1.0) == [-8.0, 6.0, 2.0, 0.0]


# ---- Backpropagation in a network: the four equations ---------------------------------------------------------------


def network(weights, biases, offsets, x):
    """z^l = W^l a^(l-1) + b^l, a^l = sigmoid(z^l). The offsets are zero: the gradient at them is the error, dC/dz^l."""
    zs, activations = [], [x]
    for w, b, offset in zip(weights, biases, offsets, strict=True):
        zs.append(w @ activations[-1] + b + offset)
        activations.append(sigmoid(zs[-1]))
    return zs, activations


def cost(a, y):
    """C = 1/2 sum_j (y_j - a_j)^2. The text's formula lacks the square; its derivative, a_j - y_j, is of this one."""
    return np.sum((y - a) ** 2) / 2


def test_the_four_equations_of_backpropagation():
    rng = np.random.default_rng(0)
    sizes = [3, 5, 4, 2]
    weights = [rng.normal(size=(n, m)) for m, n in pairwise(sizes)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    zeros = [np.zeros(n) for n in sizes[1:]]
    x, y = rng.normal(size=3), rng.uniform(size=2)
    zs, a = network(weights, biases, zeros, x)

    def put(items, at, value):
        return [value if k == at else item for k, item in enumerate(items)]

    def gradient(of, at):
        """dC with respect to the weights, biases or z of one layer, by the engine."""
        everything = {"weights": weights, "biases": biases, "offsets": zeros}

        def f(value):
            parts = {**everything, of: put(everything[of], at, value)}
            return cost(network(parts["weights"], parts["biases"], parts["offsets"], x)[1][-1], y)

        return grad(f)(everything[of][at])

    errors = [gradient("offsets", layer) for layer in range(3)]
    slopes = [grad(lambda z: np.sum(sigmoid(z)))(z) for z in zs]
    exactly = {"rel": 1e-13, "abs": 1e-16}
    # BP1: the error of the last layer is grad_a C * sigmoid'(z)
    assert grad(lambda a: cost(a, y))(a[-1]) == pytest.approx(a[-1] - y, **exactly)
    assert errors[-1] == pytest.approx((a[-1] - y) * slopes[-1], **exactly)
    for layer in (0, 1):  # BP2: the error of a layer from that of the next one
        assert errors[layer] == pytest.approx((weights[layer + 1].T @ errors[layer + 1]) * slopes[layer], **exactly)
    for layer in range(3):
        # BP3: dC/db is the error; BP4: dC/dw_jk = a_k of the layer before times the error of j
        assert gradient("biases", layer) == pytest.approx(errors[layer], **exactly)
        assert gradient("weights", layer) == pytest.approx(np.outer(errors[layer], a[layer]), **exactly)


# ---- The example: a network of 2, 2 and 2 units ---------------------------------------------------------------------

INPUTS, TARGETS = np.array([0.1, 0.2]), np.array([0.01, 0.99])
WEIGHTS = [np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0.5, 0.6], [0.7, 0.8]])]
BIASES = [np.array([0.55, 0.56]), np.array([0.66, 0.67])]
ZEROS = [np.zeros(2), np.zeros(2)]
to_the_last_digits = {"rel": 1e-15, "abs": 1e-17}


def test_the_forward_pass_of_the_text():
    zs, activations = network(WEIGHTS, BIASES, ZEROS, INPUTS)
    assert zs[0] == pytest.approx([0.6000000000000001, 0.67], **to_the_last_digits)
    assert activations[1] == pytest.approx([0.6456563062257954, 0.6615031592029524], **to_the_last_digits)
    assert zs[1] == pytest.approx([1.379730048634669, 1.6511619417204186], **to_the_last_digits)
    assert activations[2] == pytest.approx([0.7989476413779711, 0.8390480283342561], **to_the_last_digits)
    traced = trace(lambda x: network(WEIGHTS, BIASES, ZEROS, x)[1][2], INPUTS)
    assert traced(INPUTS)[0] == pytest.approx([0.7989476413779711, 0.8390480283342561], **to_the_last_digits)


def test_the_backward_pass_of_the_text():
    def c(weights, biases, offsets):
        return cost(network(weights, biases, offsets, INPUTS)[1][-1], TARGETS)

    output_errors = grad(lambda offset: c(WEIGHTS, BIASES, [ZEROS[0], offset]))(ZEROS[1])
    hidden_errors = grad(lambda offset: c(WEIGHTS, BIASES, [offset, ZEROS[1]]))(ZEROS[0])
    assert output_errors == pytest.approx([0.12672890240521031, -0.020385525551585255], **to_the_last_digits)
    assert hidden_errors == pytest.approx([0.011232066954600498, 0.013374304651329562], **to_the_last_digits)
    d_second = grad(lambda w: c([WEIGHTS[0], w], BIASES, ZEROS))(WEIGHTS[1])
    d_first = grad(lambda w: c([w, WEIGHTS[1]], BIASES, ZEROS))(WEIGHTS[0])
    assert d_second[0, 0] == pytest.approx(0.08182331501899741, **to_the_last_digits)  # w5
    assert d_first[0, 0] == pytest.approx(0.0011232066954600499, **to_the_last_digits)  # w1


def test_the_network_of_the_text_as_a_problem_of_optlab():
    """`mlp` keeps weights as (inputs, outputs), so each matrix is transposed; of one example it has the text's cost."""
    x = np.concatenate([part for w, b in zip(WEIGHTS, BIASES, strict=True) for part in (w.T.ravel(), b)])
    data = {"inputs": INPUTS[None], "targets": TARGETS[None]}
    choices = {"hidden": [2], "activation": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}
    value, gradient = value_and_grad(lambda x: mlp.function(x, **data, **choices, init="xavier"))(x)
    outputs = np.array([0.7989476413779711, 0.8390480283342561])
    assert value == pytest.approx(np.sum((outputs - TARGETS) ** 2) / 2, rel=1e-15)
    assert gradient[0] == pytest.approx(0.0011232066954600499, **to_the_last_digits)  # w1
    assert gradient[4:6] == pytest.approx([0.011232066954600498, 0.013374304651329562], **to_the_last_digits)  # BP3
    assert gradient[6] == pytest.approx(0.08182331501899741, **to_the_last_digits)  # w5
    assert gradient[10:12] == pytest.approx([0.12672890240521031, -0.020385525551585255], **to_the_last_digits)
