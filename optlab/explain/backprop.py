"""Backpropagation through a multilayer perceptron, step by step: the forward pass, the four equations, and one step of
gradient descent. The engine computes the same gradients independently, without the four equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine import trace
from optlab.engine.vjp import vjp
from optlab.errors import UserError
from optlab.explain import backprop_text, network_drawing
from optlab.explain.backprop_numbers import BackpropNumbers, Floats, Layer
from optlab.explain.network import ACTIVATIONS, LOSSES, activations_of, cost, forward
from optlab.explain.network_errors import mistakes, name_of
from optlab.explain.network_file import read as read
from optlab.markup.svg import Drawing

MAX_SHOWN = 20
"""The maximum number of mistakes that are listed individually."""

TEXT = {
    "weights": [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]],
    "biases": [[0.55, 0.56], [0.66, 0.67]],
    "inputs": [0.1, 0.2],
    "targets": [0.01, 0.99],
}
"""The network of 2, 2 and 2 units of the worked example in "Gradient descent and backpropagation" (2019)."""


@dataclass(frozen=True, eq=False)
class Backprop(BackpropNumbers):
    """The result of `backprop`. `str` gives all steps as text, `draw` draws the network, and notebooks show the
    drawing."""

    def draw(self) -> Drawing:
        """Draw the network: activations in green, errors in red, and on each edge its weight with dC/dw in red."""
        return network_drawing.draw(self)

    def __str__(self) -> str:
        return backprop_text.text(self)

    def _repr_svg_(self) -> str:
        return self.draw().svg()


def backprop(
    weights: Any = None,
    biases: Any = None,
    inputs: Any = None,
    targets: Any = None,
    activation: str | Sequence[str] = "sigmoid",
    output: str | None = None,
    loss: str = "half_squared_error",
    lr: float = 0.5,
) -> Backprop:
    """The gradients of a multilayer perceptron for one example, by the four equations of backpropagation.

    With z^l = w^l a^(l-1) + b^l, a^l = sigma(z^l), and the error delta^l = dC/dz^l:

        BP1  delta^L = grad_a C * sigma'(z^L)
        BP2  delta^l = ((w^(l+1))^T delta^(l+1)) * sigma'(z^l)
        BP3  dC/db^l = delta^l
        BP4  dC/dw^l = delta^l (a^(l-1))^T

    The defaults of the first four arguments are the numbers of a worked example: a network of 2, 2 and 2 units.

    Args:
        weights: a matrix for every layer after the inputs, of shape (units of layer l, units of layer l - 1): w_jk
            connects unit k of layer l - 1 to unit j of layer l.
        biases: a vector for every layer after the inputs.
        inputs: the activations of layer 1.
        targets: y, one number for each output.
        activation: `sigmoid`, `tanh`, `relu` or `linear` for all layers, or a list with one of these for each layer.
        output: the activation of the last layer, if it differs from the others.
        loss: `half_squared_error` 1/2 sum_j (y_j - a_j)^2; `mean_squared_error`, the mean over j of (y_j - a_j)^2;
            `cross_entropy` between y and the softmax of the outputs. The last layer must then be linear.
        lr: the learning rate of the step of gradient descent at the end.

    Raises:
        UserError: arguments are wrong (the message lists all mistakes), or the cost or a gradient overflows.

    Source: Nielsen, "Neural Networks and Deep Learning" (2015), chapter 2.

    >>> result = backprop()
    >>> result.layers[1].delta.tolist()
    [0.12672890240521031, -0.020385525551585255]
    >>> max(max(layer.differences) for layer in result.layers) < 1e-15
    True
    """
    given = {"weights": weights, "biases": biases, "inputs": inputs, "targets": targets}
    given = {key: TEXT[key] if value is None else _plain(value) for key, value in given.items()}
    choices = {"activation": _plain(activation), "output": output, "loss": loss, "lr": _plain(lr)}
    if wrong := mistakes({**given, **choices}):
        more = [f"and {len(wrong) - MAX_SHOWN} more mistakes"] * (len(wrong) > MAX_SHOWN)
        raise UserError("\n".join([*(f"{name_of(path)} {what}" for path, what in wrong[:MAX_SHOWN]), *more]))
    w, b = ([np.array(part, dtype=float) for part in given[key]] for key in ("weights", "biases"))
    x, y = (np.array(given[key], dtype=float) for key in ("inputs", "targets"))
    names = activations_of(len(w), activation, output, loss)
    with np.errstate(all="ignore"):  # overflow is checked below
        layers, c = _layers(w, b, names, loss, x, y)
        slopes = [(layer.grad_weights, layer.grad_biases) for layer in layers]
        if not np.isfinite(c) or not all(np.isfinite(g).all() for pair in slopes for g in pair):
            raise UserError("the cost or a gradient of this network overflows: take smaller weights or inputs")
        w_after = [v - lr * g for v, (g, _) in zip(w, slopes, strict=True)]
        b_after = [v - lr * g for v, (_, g) in zip(b, slopes, strict=True)]
        after = forward(w_after, b_after, names, x)[1][-1]
        return Backprop(x, y, layers, loss, c, float(lr), after, float(cost(loss, after, y)))


def _layers(w: list, b: list, names: list[str], loss: str, x: Floats, y: Floats) -> tuple[tuple[Layer, ...], float]:
    """All layers with their gradients, and the cost."""
    zs, outputs = forward(w, b, names, x)
    slopes = [ACTIVATIONS[name].slope(z, a) for name, z, a in zip(names, zs, outputs, strict=True)]
    deltas = [LOSSES[loss].slope(outputs[-1], y) * slopes[-1]]  # BP1
    for n in reversed(range(len(w) - 1)):
        deltas.insert(0, (w[n + 1].T @ deltas[0]) * slopes[n])  # BP2
    gradients = [np.outer(delta, a) for delta, a in zip(deltas, [x, *outputs[:-1]], strict=True)]  # BP4
    engine = _by_the_engine(w, b, names, loss, x, y)
    columns = (w, b, names, zs, outputs, slopes, deltas, gradients, deltas, *engine)  # BP3: the deltas again
    return tuple(Layer(*parts) for parts in zip(*columns, strict=True)), float(cost(loss, outputs[-1], y))


def _by_the_engine(w: list, b: list, names: list[str], loss: str, x: Floats, y: Floats) -> tuple[list, list]:
    """The gradients of the cost, by reverse-mode differentiation of the network in plain NumPy."""

    def network(*parameters: Any) -> Any:
        _, outputs = forward(parameters[: len(w)], parameters[len(w) :], names, x)
        return cost(loss, outputs[-1], y)

    at = [*w, *b]
    _, *gradients = vjp(trace(network, *at), range(len(at)))(*at, 1.0)
    return gradients[: len(w)], gradients[len(w) :]


def _plain(value: Any) -> Any:
    """Convert arrays and tuples to lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
