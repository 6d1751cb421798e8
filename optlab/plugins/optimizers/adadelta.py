import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "rho": "[0, 1)", "eps": "(0, inf)"},
    invariant=("translation",),
    references={
        "torch:Adadelta": {"lr": "lr", "rho": "rho", "eps": "eps"},
        "optax:adadelta": {"learning_rate": "lr", "rho": "rho", "eps": "eps"},
    },
)
def adadelta(x, g, v=0.0, d=0.0, *, lr=1.0, rho=0.9, eps=1e-6):
    """Adadelta (Zeiler, 2012): steps are scaled by the size of earlier steps.

    v <- rho v + (1 - rho) g^2
    u = sqrt(d + eps) / sqrt(v + eps) g
    d <- rho d + (1 - rho) u^2
    x <- x - lr u

    lr: learning rate, 1 in the paper; rho: decay rate of the averages v, d of squared gradients and of squared steps;
    eps: sets the size of the first steps

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    v = rho * v + (1 - rho) * g**2
    u = np.sqrt(d + eps) / np.sqrt(v + eps) * g
    return x - lr * u, v, rho * d + (1 - rho) * u**2
