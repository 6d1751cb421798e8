from itertools import pairwise

import numpy as np

from optlab import problem
from optlab.errors import UserError
from optlab.plugins.problems.networks.mlp import ACTIVATIONS, INITS, pick, sizes


def units(inputs, hidden):
    """The number of units of every layer: those of the encoder, and the same in reverse."""
    encoder = sizes(inputs, hidden, inputs, owner="autoencoder")[:-1]
    if len(encoder) < 2:
        raise UserError("the encoder of autoencoder needs at least one layer, as in hidden = [32, 8]")
    return [*encoder, *reversed(encoder[:-1])]


def initial_weights(*, rng, inputs, hidden, init):
    """Random weights, biases 0, as in mlp."""
    draw = pick(INITS, "init", init, owner="autoencoder")
    shapes = pairwise(units(inputs, hidden))
    return np.concatenate([part for m, n in shapes for part in (draw(rng, m, n), np.zeros(n))])


def layers(inputs, targets, choices):
    """The shapes of weights and biases, in their order in x."""
    return [shape for m, n in pairwise(units(inputs, choices["hidden"])) for shape in ((m, n), (n,))]


@problem(start=initial_weights, dataset="digits", tensors=layers)
def autoencoder(x, *, inputs, hidden=(32, 8), activation="tanh", init="xavier"):
    """Autoencoder: a network of dense layers that reconstructs its inputs from a few numbers.

    f(x) = mean over examples and features of (a - input)^2, where a is the linear output of the last layer.

    - `hidden`: the sizes of the layers of the encoder; the last one is the code. The decoder has them in reverse.
    - `activation` of all layers but the last: `sigmoid`, `tanh`, `relu`.
    - `init`: `xavier`, `he`.

    `x` holds the layers in order, as in mlp. The labels of the data are not used.
    Source: Hinton & Salakhutdinov (2006).
    """
    act = pick(ACTIVATIONS, "activation", activation, owner="autoencoder")
    z, at = inputs, 0
    for m, n in pairwise(units(inputs, hidden)):
        weights, biases = x[at : at + m * n].reshape(m, n), x[at + m * n : at + (m + 1) * n]
        z = (act(z) if at else z) @ weights + biases
        at += (m + 1) * n
    return np.mean((z - inputs) ** 2)
