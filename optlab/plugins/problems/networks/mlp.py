from itertools import pairwise

import numpy as np

from optlab import logsumexp, problem, relu, sigmoid, softmax
from optlab.errors import UserError, did_you_mean

ACTIVATIONS = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": relu}

OUTPUTS = {"linear": lambda z: z, "sigmoid": sigmoid}

LOSSES = {
    "half_squared_error": lambda a, y: np.mean(np.sum((y - a) ** 2, axis=1)) / 2,
    "mean_squared_error": lambda a, y: np.mean((y - a) ** 2),
    "cross_entropy": lambda a, y: np.mean(logsumexp(a, axis=1) - np.sum(y * a, axis=1)),
}

INITS = {
    "xavier": lambda rng, m, n: rng.uniform(-1, 1, m * n) * np.sqrt(6 / (m + n)),
    "he": lambda rng, m, n: rng.normal(size=m * n) * np.sqrt(2 / m),
}


def pick(table, what, name, owner="mlp"):
    """The entry of this name, or an error that lists the valid names."""
    if name not in table:
        raise UserError(f"{owner} has no {what} {name!r}{did_you_mean(name, table)}; choose from {', '.join(table)}")
    return table[name]


def sizes(inputs, hidden, targets, owner="mlp"):
    """The number of units of every layer, from the inputs to the outputs."""
    if not all(isinstance(n, int) and n > 0 for n in hidden):
        raise UserError(f"the hidden layers of {owner} must be a list of integers above 0, not {list(hidden)}")
    return [inputs.shape[1], *hidden, targets.shape[1]]


def initial_weights(*, rng, inputs, targets, hidden, init):
    """Random weights, biases 0. A layer has m inputs and n outputs.

    `xavier` (Glorot and Bengio, 2010): uniform between -r and r, r = sqrt(6 / (m + n)).
    `he` (He et al., 2015), made for relu: normal with standard deviation sqrt(2 / m).
    """
    draw = pick(INITS, "init", init)
    shapes = pairwise(sizes(inputs, hidden, targets))
    return np.concatenate([part for m, n in shapes for part in (draw(rng, m, n), np.zeros(n))])


def forward(x, inputs, targets, hidden, activation):
    """The pre-activations of the last layer: (examples, classes)."""
    act = pick(ACTIVATIONS, "activation", activation)
    units = sizes(inputs, hidden, targets)
    count = sum((m + 1) * n for m, n in pairwise(units))
    if x.shape != (count,):
        raise UserError(f"an mlp {'-'.join(map(str, units))} has {count} parameters, but x is of shape {x.shape}")
    z, at = inputs, 0
    for m, n in pairwise(units):
        weights, biases = x[at : at + m * n].reshape(m, n), x[at + m * n : at + (m + 1) * n]
        z = (act(z) if at else z) @ weights + biases
        at += (m + 1) * n
    return z


def accuracy(x, *, inputs, targets, hidden, activation, output, loss, init):
    """The share of examples whose class has the largest output; a tie with k - 1 other classes counts 1/k."""
    z = forward(x, inputs, targets, hidden, activation)
    largest = np.where(z == np.max(z, axis=1, keepdims=True), 1.0, 0.0)
    return np.mean(np.sum(largest * targets, axis=1) / np.sum(largest, axis=1))


def outputs(x, *, inputs, targets, hidden, activation, output, loss, init):
    """The class probabilities softmax(z) of cross_entropy; for the squared errors, the outputs a of the last layer."""
    z = forward(x, inputs, targets, hidden, activation)
    return softmax(z) if loss == "cross_entropy" else pick(OUTPUTS, "output", output)(z)


def layers(inputs, targets, choices):
    """The shapes of weights and biases, in their order in x."""
    units = sizes(inputs, choices["hidden"], targets)
    return [shape for m, n in pairwise(units) for shape in ((m, n), (n,))]


@problem(start=initial_weights, dataset="digits", metrics={"accuracy": accuracy}, tensors=layers, outputs=outputs)
def mlp(
    x,
    *,
    inputs,
    targets,
    hidden=(32,),
    activation="tanh",
    output="linear",
    loss="cross_entropy",
    init="xavier",
):
    """Multilayer perceptron: a classifier of dense layers.

    - `hidden`: the sizes of the hidden layers; an empty list gives a linear model.
    - `activation` of the hidden layers: `sigmoid`, `tanh`, `relu`.
    - `output`: the output of the last layer, a = z (`linear`) or a = sigmoid(z) (`sigmoid`, for the squared errors).
    - `loss`, averaged over the examples: `half_squared_error` 1/2 sum_j (y_j - a_j)^2; `mean_squared_error`, the mean
      over j of (y_j - a_j)^2; `cross_entropy` between y and softmax(z).
    - `init`: `xavier`, `he`.

    `x` holds the layers in order: the weights W of shape (inputs, outputs of the layer) row by row, then the biases b.
    A layer computes a @ W + b. If w_ij is the weight from unit i to unit j of the next layer, a 2-2-2 network is
    x = [w_11, w_12, w_21, w_22, b_1, b_2, then the same six of the second layer].
    """
    if loss == "cross_entropy" and output != "linear":
        raise UserError(
            f"mlp's cross_entropy takes the softmax of a linear output; write output = 'linear', not {output!r}"
        )
    z = forward(x, inputs, targets, hidden, activation)
    return pick(LOSSES, "loss", loss)(pick(OUTPUTS, "output", output)(z), targets)
