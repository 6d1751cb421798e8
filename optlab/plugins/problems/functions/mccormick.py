import numpy as np

from optlab import problem

DOMAIN = ((-1.5, 4.0), (-3.0, 4.0))
LOW, HIGH = np.transpose(DOMAIN)


@problem(domain=DOMAIN, start=(-1.0, 2.5), minimum=(-0.5471975511965977, -1.5471975511965979), dim=2)
def mccormick(x):
    """A trough bent by a sine wave.

    f(x, y) = sin(x + y) + (x - y)^2 - 1.5 x + 2.5 y + 1, on [-1.5, 4] x [-3, 4].
    Minimum -sqrt(3) / 2 - pi / 3 = -1.913222954981036 at (1/2 - pi/3, -1/2 - pi/3).
    Outside of the domain the formula is unbounded below, so a wall is added there: the squared distance to the domain.
    Source: Jamil & Yang (2013).
    """
    x0, x1 = x
    outside = x - np.clip(x, LOW, HIGH)
    return np.sin(x0 + x1) + (x0 - x1) ** 2 - 1.5 * x0 + 2.5 * x1 + 1 + np.sum(outside**2)
