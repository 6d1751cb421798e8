import numpy as np

from optlab import problem


@problem(domain=(-10.0, 10.0), start=(-8.0, 7.0), minimum=(0.0, 0.0))
def griewank(x):
    """A wide shallow bowl with regular ripples.

    f(x) = 1 + sum_i x_i^2 / 4000 - prod_i cos(x_i / sqrt(i)), for any n. Minimum 0 at the origin.
    The usual domain is [-600, 600]^n, where the ripples are too fine to see; here it is [-10, 10]^n.
    Source: Griewank (1981).
    """
    ripples = 1.0
    for i in range(x.size):
        ripples = ripples * np.cos(x[i] / np.sqrt(i + 1))
    return 1 + np.sum(x**2) / 4000 - ripples
