import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "alpha": "[0, 1)", "eps": "[0, inf)", "momentum": "[0, 1)"},
    invariant=("translation",),
    references={
        "torch:RMSprop": {
            "lr": "lr",
            "alpha": "alpha",
            "eps": "eps",
            "momentum": "momentum",
            "centered": "centered",
            "where": {"eps_inside": False},
        },
        "optax:rmsprop": {
            "learning_rate": "lr",
            "decay": "alpha",
            "eps": "eps",
            "momentum": "momentum",
            "centered": "centered",
            "eps_in_sqrt": "eps_inside",
        },
    },
)
def rmsprop(
    x,
    g,
    v=0.0,
    mean=0.0,
    b=0.0,
    *,
    lr=1e-2,
    alpha=0.99,
    eps=1e-8,
    momentum=0.0,
    centered=False,
    eps_inside=False,
    lr_outside=False,
):
    """RMSProp (Tieleman & Hinton, 2012).

    v <- alpha v + (1 - alpha) g^2
    b <- momentum b + lr g / (sqrt(v) + eps)
    x <- x - b

    lr: learning rate; alpha: memory of the average v of squared gradients; eps: guards the division by zero;
    momentum: how much of its velocity b is kept; centered: v - mean^2 in place of v, mean being the average gradient
    (Graves, 2013); eps_inside: sqrt(v + eps), as in Keras and, by default, in optax; lr_outside: b without lr and
    x <- x - lr b as in torch, another path only where lr changes on the way

    Squares of gradients above 1e154 (1e19 in float32) are infinite: x stands still from then on, and the run has
    diverged.
    """
    v = alpha * v + (1 - alpha) * g**2
    variance = v
    if centered:
        mean = alpha * mean + (1 - alpha) * g
        variance = np.maximum(v - mean**2, 0.0)
    root = np.sqrt(variance + eps) if eps_inside else np.sqrt(variance) + eps
    if lr_outside:
        b = momentum * b + g / root
        return x - lr * b, v, mean, b
    b = momentum * b + lr * g / root
    return x - b, v, mean, b
