import numpy as np

from optlab import problem


@problem(
    domain=((-5.0, 10.0), (0.0, 15.0)),
    start=(2.0, 14.0),
    minimum=((-np.pi, 12.275), (np.pi, 2.275), (3 * np.pi, 2.475)),
    dim=2,
)
def branin(x):
    """Three equal valleys along a parabola.

    f(x, y) = (y - 5.1 / (4 pi^2) x^2 + 5 / pi x - 6)^2 + 10 (1 - 1 / (8 pi)) cos(x) + 10, on [-5, 10] x [0, 15].
    Minimum 5 / (4 pi) = 0.3978873577297383 at (-pi, 12.275), (pi, 2.275) and (3 pi, 2.475); more outside of the domain.
    Source: Branin (1972).
    """
    x0, x1 = x
    ridge = x1 - 5.1 / (4 * np.pi**2) * x0**2 + 5 / np.pi * x0 - 6
    return ridge**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x0) + 10
