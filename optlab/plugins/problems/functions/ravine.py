import numpy as np

from optlab import problem


@problem(domain=((-6.0, 6.0), (-4.0, 4.0)), start=(-5.0, 3.0), minimum=(0.0, 0.0), dim=2)
def ravine(x, *, steepness=20.0):
    """A narrow winding ravine: steep walls, a gentle slope along a sine wave.

    f(x, y) = x^2 / 10 + steepness (y - sin(x))^2, on [-6, 6] x [-4, 4]. Minimum 0 at the origin, the only point
    where the gradient vanishes.
    Source: made for optlab.
    """
    x0, x1 = x
    return x0**2 / 10 + steepness * (x1 - np.sin(x0)) ** 2
