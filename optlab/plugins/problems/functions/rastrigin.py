import numpy as np

from optlab import problem


@problem(domain=(-5.12, 5.12), start=(-3.3, 2.4), minimum=(0.0, 0.0))
def rastrigin(x, *, amplitude=10.0):
    """A bowl full of egg cups: a local minimum near every integer point.

    f(x) = amplitude n + sum_i x_i^2 - amplitude cos(2 pi x_i), on [-5.12, 5.12]^n for any n.
    Minimum 0 at the origin.
    Source: Rastrigin (1974), for any n Mühlenbein, Schomisch & Born (1991).
    """
    return amplitude * x.size + np.sum(x**2 - amplitude * np.cos(2 * np.pi * x))
