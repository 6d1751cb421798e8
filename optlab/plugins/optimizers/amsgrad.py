import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:Adam": {
            "lr": "lr",
            "betas": ("beta1", "beta2"),
            "eps": "eps",
            "amsgrad": True,
            "where": {"corrected_max": False},
        },
        "optax:amsgrad": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "where": {"corrected_max": True},
        },
    },
)
def amsgrad(x, g, m=0.0, v=0.0, most=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, corrected_max=False):
    """AMSGrad (Reddi, Kale & Kumar, 2018): Adam with the largest v so far in place of v.

    m <- beta1 m + (1 - beta1) g
    v <- beta2 v + (1 - beta2) g^2
    most <- max(most, v)
    x <- x - lr m / (1 - beta1^t) / (sqrt(most / (1 - beta2^t)) + eps)

    lr: learning rate; beta1, beta2: decay rates of the averages m, v; eps: avoids a division by zero;
    corrected_max: the largest v / (1 - beta2^t) instead of the largest v, as in optax

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    correction = 1 - beta2**t
    most = np.maximum(most, v / correction if corrected_max else v)
    divisor = most if corrected_max else most / correction
    return x - lr * (m / (1 - beta1**t)) / (np.sqrt(divisor) + eps), m, v, most
