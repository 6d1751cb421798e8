import numpy as np

from optlab import problem


@problem(domain=(-5.0, 5.0), start=(-4.0, 3.0), minimum=(0.0, 0.0))
def sphere(x):
    """A round bowl: the easiest problem.

    f(x) = sum_i x_i^2, on [-5, 5]^n for any n. Minimum 0 at the origin.
    Source: De Jong (1975), function F1.
    """
    return np.sum(x**2)
