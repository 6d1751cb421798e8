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

    lr: learning rate; alpha: decay rate of the average v of squared gradients; eps: avoids a division by zero;
    momentum: the share of the velocity b that is kept; centered: v - mean^2 in place of v, where mean is the average
    gradient (Graves, 2013); eps_inside: sqrt(v + eps), as in Keras and, by default, in optax; lr_outside: b without lr
    and x <- x - lr b as in torch, a different path only if lr changes during the run

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
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
