import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "momentum": "(0, 1)", "dampening": "[0, 1]", "weight_decay": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:SGD": {
            "lr": "lr",
            "momentum": "momentum",
            "dampening": "dampening",
            "weight_decay": "weight_decay",
            "nesterov": "nesterov",
        }
    },
)
def sgd(x, g, b=0.0, *, t, lr=1e-3, momentum=0.9, dampening=0.0, weight_decay=0.0, nesterov=False):
    """Momentum (Polyak, 1964) with all options of torch's SGD; `gd`, `momentum` and `nesterov` are special cases.

    g <- g + weight_decay x
    b <- momentum b + (1 - dampening) g, in the first step b <- g
    x <- x - lr b, with nesterov x <- x - lr (g + momentum b)

    lr: learning rate; momentum: the share of the velocity b that is kept in each step; dampening: the share of a new
    gradient that is not added; weight_decay: strength of the weight decay, which is part of the gradient
    """
    g = g + weight_decay * x
    b = np.where(t == 1, g, momentum * b + (1 - dampening) * g)
    return x - lr * (g + momentum * b if nesterov else b), b
