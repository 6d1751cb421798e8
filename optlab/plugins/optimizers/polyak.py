import numpy as np

from optlab import optimizer
from optlab.plugins.scaling import scaled


@optimizer(
    ranges={"lr": "[0, inf)", "beta": "[0, 1)"},
    invariant=("translation",),
)
def polyak(x, g, b=0.0, *, f, lr=1.0, beta=0.0, f_star=0.0):
    """Gradient descent with Polyak's step size (1969), optionally with momentum.

    b <- beta b + (f(x) - f_star) / |g|^2 g
    x <- x - lr b

    A loss below f_star counts as f_star.

    lr: factor on the step; beta: the share of the velocity b that is kept in each step; f_star: the least value of f
    """
    small, power = scaled(g)
    square = np.sum(small * small)
    b = beta * b + np.maximum(f - f_star, 0.0) * power / np.where(square == 0, 1.0, square) * small
    return x - lr * b, b
