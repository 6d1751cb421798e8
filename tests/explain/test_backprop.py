"""Backpropagation step by step: numbers against the text, torch and the engine, and the printed lines."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import optlab
from optlab.errors import UserError
from optlab.execution.randomness import generator
from optlab.explain.backprop import Backprop, backprop, read
from optlab.plugins.problems.networks.mlp import initial_weights, mlp

NETWORKS = Path(__file__).parents[2] / "docs" / "networks"
to_the_last_digits = {"rel": 1e-15, "abs": 0.0}

TEXT = """
0.6000000000000001 0.6456563062257954 0.67 0.6615031592029524
1.379730048634669 0.7989476413779711 1.6511619417204186 0.8390480283342561
0.12672890240521031 -0.020385525551585255
0.011232066954600498 0.013374304651329562
0.08182331501899741 0.0011232066954600499
"""
"""Every number that the text computes."""

CHOICES = [
    *(
        (f, None, loss)
        for f in ("sigmoid", "tanh", "relu", "linear")
        for loss in ("half_squared_error", "cross_entropy")
    ),
    ("tanh", None, "mean_squared_error"),
    ("relu", "sigmoid", "mean_squared_error"),
    ("sigmoid", "linear", "half_squared_error"),
    ("tanh", "linear", "cross_entropy"),
]
SIZES = [[3, 2], [1, 1], [2, 5, 3], [4, 6, 5, 2], [3, 4, 4, 4, 3]]


def network(sizes, seed=0):
    """Random weights, biases, inputs and targets."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(n, m)) for m, n in pairwise(sizes)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    return weights, biases, rng.normal(size=sizes[0]), rng.uniform(size=sizes[-1])


def numbers(text):
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", text)]


# ---- the text's network ----------------------------------------------------------------------------------------------


def test_the_numbers_of_the_text():
    result = optlab.backprop()
    hidden, output = result.layers
    assert hidden.z == pytest.approx([0.6000000000000001, 0.67], **to_the_last_digits)
    assert hidden.a == pytest.approx([0.6456563062257954, 0.6615031592029524], **to_the_last_digits)
    assert output.z == pytest.approx([1.379730048634669, 1.6511619417204186], **to_the_last_digits)
    assert output.a == pytest.approx([0.7989476413779711, 0.8390480283342561], **to_the_last_digits)
    assert output.delta == pytest.approx([0.12672890240521031, -0.020385525551585255], **to_the_last_digits)
    assert hidden.delta == pytest.approx([0.011232066954600498, 0.013374304651329562], **to_the_last_digits)
    assert output.grad_weights[0, 0] == pytest.approx(0.08182331501899741, **to_the_last_digits)  # w5
    assert hidden.grad_weights[0, 0] == pytest.approx(0.0011232066954600499, **to_the_last_digits)  # w1
    assert result.cost == pytest.approx((0.7889476413779711**2 + 0.1509519716657439**2) / 2, rel=1e-15)


def test_every_number_of_the_text_is_printed():
    printed = np.array(numbers(str(backprop())))
    for number in numbers(TEXT):
        assert np.min(np.abs(printed - number)) <= 1e-15 * abs(number), number


def test_the_printed_text_line_by_line():
    walk = str(backprop())
    for line in (
        "A network of 2-2-2 units, C = 1/2 sum_j (y_j - a_j)^2",
        "    h1  z = 0.1*0.1 + 0.2*0.2 + 0.55 = 0.6000000000000001",
        "BP1, the errors of the output layer: delta^L = grad_a C * sigma'(z^L)",
        "    h1  delta = (0.5*0.126729 + 0.7*(-0.0203855))*0.228784 = 0.011232066954600498",
        "    dC/db3 = 0.12672890240521031",
        "    i1 to h1  dC/dw1 = 0.1*0.0112321 = 0.0011232066954600499",
        "    h1 to o1  dC/dw5 = 0.645656*0.126729 = 0.08182331501899741",
        "    h2 to o2  dC/dw8 = 0.661503*(-0.0203855) = -0.013485089554386155",
        "  C before 0.3226124392928197",
    ):
        assert line in walk.splitlines()
    assert [walk.index(f"BP{n}") for n in (1, 2, 3, 4)] == sorted(walk.index(f"BP{n}") for n in (1, 2, 3, 4))


def test_one_step_of_gradient_descent():
    """Repeated, the steps lead the outputs to the targets."""
    result = backprop()
    first = result.cost
    for _ in range(3000):
        weights = [w - 0.5 * g for w, g in zip([x.weights for x in result.layers], result.grad_weights, strict=True)]
        biases = [b - 0.5 * g for b, g in zip([x.biases for x in result.layers], result.grad_biases, strict=True)]
        following = backprop(weights, biases)
        assert result.cost_after == following.cost < result.cost
        np.testing.assert_array_equal(result.outputs_after, following.layers[-1].a)
        result = following
        if result.cost < first / 20:
            return
    pytest.fail(f"after 3000 steps the cost is {result.cost}")


def test_the_learning_rate_is_that_of_the_step():
    gradient = np.concatenate([g.ravel() for g in backprop().grad_weights + backprop().grad_biases])
    fall = backprop().cost - backprop(lr=1e-6).cost_after
    assert fall == pytest.approx(1e-6 * (gradient @ gradient), rel=1e-5)
    assert "eta = 0.125" in str(backprop(lr=0.125))


# ---- against torch and the engine ------------------------------------------------------------------------------------


def by_torch(weights, biases, inputs, targets, activation, output, loss):
    """Cost and gradients, written with torch alone."""
    torch = pytest.importorskip("torch")
    functions = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "linear": lambda z: z}
    output = output or ("linear" if loss == "cross_entropy" else activation)
    parameters = [torch.tensor(p, requires_grad=True) for p in (*weights, *biases)]
    a, y = torch.tensor(inputs), torch.tensor(targets)
    for n in range(len(weights)):
        z = torch.nn.functional.linear(a, parameters[n], parameters[len(weights) + n])
        a = functions[output if n == len(weights) - 1 else activation](z)
    costs = {
        "half_squared_error": lambda: ((y - a) ** 2).sum() / 2,
        "mean_squared_error": lambda: torch.nn.functional.mse_loss(a, y),
        "cross_entropy": lambda: torch.logsumexp(a, 0) - (y * a).sum(),
    }
    cost = costs[loss]()
    cost.backward()
    return cost.item(), [p.grad.numpy() for p in parameters]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize(("activation", "output", "loss"), CHOICES)
def test_the_four_equations_agree_with_torch_and_the_engine(sizes, activation, output, loss):
    for seed in range(3):
        parts = network(sizes, seed)
        result = backprop(*parts, activation, output, loss)
        cost, gradients = by_torch(*parts, activation, output, loss)
        assert result.cost == pytest.approx(cost, rel=1e-13)
        for mine, other in zip(result.grad_weights + result.grad_biases, gradients, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-13, atol=1e-13)
        scale = max(1.0, *(np.abs(g).max() for g in gradients))
        for layer in result.layers:
            assert max(layer.differences) <= 1e-15 * scale
            assert layer.differences[0] == np.abs(layer.grad_weights - layer.engine_weights).max()


def test_an_activation_for_every_layer():
    parts = network([3, 4, 4, 2])
    mixed = backprop(*parts, ["tanh", "relu", "sigmoid"])
    assert [layer.activation for layer in mixed.layers] == ["tanh", "relu", "sigmoid"]
    step = 1e-6
    weights = [w.copy() for w in parts[0]]
    weights[0][1, 2] += step
    above = backprop(weights, *parts[1:], ["tanh", "relu", "sigmoid"]).cost
    weights[0][1, 2] -= 2 * step
    below = backprop(weights, *parts[1:], ["tanh", "relu", "sigmoid"]).cost
    assert mixed.grad_weights[0][1, 2] == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_the_error_of_cross_entropy_is_softmax_minus_target():
    result = backprop([np.eye(3)], [np.zeros(3)], np.log([1.0, 2.0, 5.0]), [0, 0, 1], loss="cross_entropy")
    assert result.layers[-1].delta == pytest.approx([1 / 8, 2 / 8, 5 / 8 - 1], rel=1e-14)
    assert result.cost == pytest.approx(np.log(8 / 5), rel=1e-14)
    assert "p - y, where p = softmax(a)" in str(result)


def test_large_numbers_do_not_overflow_in_the_softmax():
    result = backprop([np.eye(2)], [np.zeros(2)], [1e4, -1e4], [0, 1], loss="cross_entropy")
    assert result.cost == 2e4
    assert result.layers[0].delta.tolist() == [1, -1]


def test_the_text_of_a_large_network_shows_the_first_neurons():
    walk = str(backprop(*network([64, 32, 10]), "relu", "linear"))
    for line in (
        "    ... and 59 more neurons",
        "    ... and 27 more neurons",
        "    ... and 5 more biases",
        "    ... and 2023 more weights",
        "    ... and 295 more weights",
    ):
        assert line in walk.splitlines()
    assert len(walk.splitlines()) < 150


# ---- files -----------------------------------------------------------------------------------------------------------


def test_the_network_of_the_text_as_a_file():
    assert str(backprop(**read(NETWORKS / "two_two_two.toml"))) == str(backprop())


def test_random_weights_equal_those_of_the_multilayer_perceptron():
    result = backprop(**read(NETWORKS / "tanh_3_4_2.toml"))
    data = {"inputs": result.inputs[None], "targets": result.targets[None]}
    start = initial_weights(rng=generator(0, "start", 0), **data, hidden=[4], init="xavier")
    mine = np.concatenate([part for layer in result.layers for part in (layer.weights.T.ravel(), layer.biases)])
    np.testing.assert_array_equal(mine, start)
    choices = {"hidden": [4], "activation": "tanh", "output": "linear", "loss": "cross_entropy", "init": "xavier"}
    cost, slope = optlab.value_and_grad(lambda x: mlp.function(x, **data, **choices))(start)
    gradient = np.concatenate([g for layer in result.layers for g in (layer.grad_weights.T.ravel(), layer.grad_biases)])
    assert result.cost == pytest.approx(cost, rel=1e-14)
    np.testing.assert_allclose(gradient, slope, rtol=1e-13, atol=1e-16)
    assert result.lr == 0.1


# ---- mistakes in arguments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"inputs": [1.0]}, ["inputs must hold 2 numbers, one for each column of the first weights, not 1"]),
        ({"inputs": [1.0, np.nan]}, ["inputs[1] must be finite, not nan"]),
        ({"inputs": "12"}, ["inputs must be a list of numbers, not the text '12'"]),
        ({"targets": [[1.0], [2.0]]}, ["targets[0] must be a number, not a list of 1", "targets[1] must be"]),
        ({"weights": []}, ["weights must be a list with an entry for every layer after the inputs, not a list of 0"]),
        ({"weights": [np.eye(2)]}, ["biases must be 1 lists, one for each matrix of weights, not 2"]),
        (
            {"weights": [np.eye(2), np.ones((2, 3))]},
            ["weights[1] must have rows of 2 numbers, one for each unit of the previous layer, not of 3"],
        ),
        ({"weights": [[[1, 2], [3]], np.eye(2)]}, ["weights[0][1] must hold 2 numbers, as the previous row does"]),
        ({"weights": [[1, 2], np.eye(2)]}, ["weights[0][0] must be a list of numbers, not 1", "weights[0][1]"]),
        ({"biases": [[1, True], [1, 2]]}, ["biases[0][1] must be a number, not true"]),
        ({"biases": [[1, 2], [1]]}, ["biases[1] must hold 2 numbers, one for each row of the weights, not 1"]),
        (
            {"activation": "sigmoit", "loss": None},
            [
                "activation must be one of sigmoid, tanh, relu, linear, not the text 'sigmoit' (did you mean 'sig",
                "loss must be one of half_squared_error, mean_squared_error, cross_entropy, not ",
            ],
        ),
        ({"output": "softmax"}, ["output must be one of sigmoid, tanh, relu, linear, not the text 'softmax'"]),
        (
            {"activation": ["tanh"]},
            ["activation must be one name, or a list of 2, one for each layer, not a list of 1"],
        ),
        (
            {"loss": "cross_entropy", "output": "sigmoid"},
            ["output must be 'linear', not 'sigmoid': cross_entropy takes the softmax of a linear output"],
        ),
        ({"loss": "cross_entropy", "activation": ["tanh", "tanh"]}, ["activation[1] must be 'linear', not 'tanh'"]),
        ({"lr": -1}, ["lr must be above 0, not -1"]),
        ({"weights": [np.full((30, 2), np.nan), np.eye(2)]}, [*["weights[0]"] * 20, "and 40 more mistakes"]),
        ({"activation": "linear", "inputs": [1e200, 0]}, ["the cost or a gradient of this network overflows"]),
    ],
)
def test_wrong_arguments(arguments, said):
    with pytest.raises(UserError) as info:
        backprop(**arguments)
    lines = str(info.value).splitlines()
    assert len(lines) == len(said)
    for line, start in zip(lines, said, strict=True):
        assert line.startswith(start)


def test_arguments_are_neither_changed_nor_kept():
    weights, biases, inputs, targets = network([2, 3, 2])
    before = [w.copy() for w in weights]
    result = backprop(weights, biases, inputs, targets)
    weights[0][:] = 0
    assert isinstance(result, Backprop)
    np.testing.assert_array_equal(result.layers[0].weights, before[0])
