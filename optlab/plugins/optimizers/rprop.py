import numpy as np

from optlab import optimizer


@optimizer(
    ranges={
        "lr": "(0, inf)",
        "shrink": "(0, 1)",
        "grow": "(1, inf)",
        "smallest": "[0, inf)",
        "largest": "(0, inf)",
    },
    invariant=("scale", "translation"),
    references={
        "torch:Rprop": {"lr": "lr", "etas": ("shrink", "grow"), "step_sizes": ("smallest", "largest")},
    },
)
def rprop(x, g, last=0.0, eta=0.0, *, t, lr=1e-2, shrink=0.5, grow=1.2, smallest=1e-6, largest=50.0):
    """Rprop (Riedmiller & Braun, 1993), in the form iRprop- (Igel & Huesken, 2000) that torch uses.

    eta <- eta grow where g has the sign of the last gradient, eta shrink where it has the other sign, within limits
    g <- 0 where its sign has changed
    x <- x - eta sign(g)

    lr: the first step size eta; shrink, grow: factors of the step sizes, one for each parameter; smallest, largest:
    their limits. lr is used in the first step only, so a schedule has no effect
    """
    agreement = np.sign(g) * np.sign(last)  # the product of two small numbers may be 0
    factor = np.where(agreement > 0, grow, np.where(agreement < 0, shrink, 1.0))
    eta = np.clip(np.where(t == 1, lr, eta) * factor, smallest, largest)
    g = np.where(agreement < 0, 0.0, g)
    return x - eta * np.sign(g), g, eta
