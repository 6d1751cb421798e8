import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "lr_decay": "[0, inf)", "eps": "[0, inf)", "initial": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:Adagrad": {"lr": "lr", "lr_decay": "lr_decay", "eps": "eps", "initial_accumulator_value": "initial"},
        "optax:adagrad": {
            "learning_rate": "lr",
            "eps": "eps",
            "initial_accumulator_value": "initial",
            "where": {"eps_inside": True, "lr_decay": 0.0},
        },
    },
)
def adagrad(x, g, s=0.0, *, t, lr=1e-2, lr_decay=0.0, eps=1e-10, initial=0.0, eps_inside=False):
    """AdaGrad (Duchi, Hazan & Singer, 2011).

    s <- s + g^2
    x <- x - lr / (1 + (t - 1) lr_decay) g / (sqrt(initial + s) + eps)

    lr: learning rate; lr_decay: the rate of its decrease with the step t; eps: avoids a division by zero;
    initial: initial value of the sum of squares, 0.1 in Keras and optax; eps_inside: sqrt(initial + s + eps), as there

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    s = s + g**2
    total = s + initial
    root = np.sqrt(total + eps) if eps_inside else np.sqrt(total) + eps
    return x - lr / (1 + (t - 1) * lr_decay) * g / root, s
