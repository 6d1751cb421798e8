import numpy as np

from optlab import problem


@problem(domain=(0.0, 6.0), start=(1.8, 3.6), minimum=(np.pi, np.pi), dim=2)
def easom(x):
    """A single hole in a wide plain.

    f(x, y) = -cos(x) cos(y) exp(-(x - pi)^2 - (y - pi)^2). Minimum -1 at (pi, pi).
    Its usual domain is [-100, 100]^2, where nearly all gradients are zero; here it is [0, 6]^2, the hole and its rim.
    Source: Easom (1990).
    """
    x0, x1 = x
    return -np.cos(x0) * np.cos(x1) * np.exp(-((x0 - np.pi) ** 2) - (x1 - np.pi) ** 2)
