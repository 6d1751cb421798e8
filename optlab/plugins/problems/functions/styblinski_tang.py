import numpy as np

from optlab import problem


@problem(domain=(-5.0, 5.0), start=(-0.5, 4.5), minimum=(-2.903534027771177, -2.903534027771177))
def styblinski_tang(x):
    """Two basins per coordinate, the deeper one on the negative side.

    f(x) = 1/2 sum_i x_i^4 - 16 x_i^2 + 5 x_i, on [-5, 5]^n for any n.
    Minimum -39.16616570377142 n at (-2.9035, ..., -2.9035).
    Source: Styblinski & Tang (1990).
    """
    return np.sum(x**4 - 16 * x**2 + 5 * x) / 2
