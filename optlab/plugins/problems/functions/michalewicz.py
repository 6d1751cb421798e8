import numpy as np

from optlab import problem


@problem(domain=(0.0, np.pi), start=(1.6, 1.15), minimum=(2.2029055201726093, np.pi / 2), dim=2)
def michalewicz(x):
    """Narrow crossing trenches in flat plains.

    f(x, y) = -sin(x) sin(x^2 / pi)^20 - sin(y) sin(2 y^2 / pi)^20, on [0, pi]^2.
    Minimum -1.801303410098553 at (2.2029, pi / 2).
    Outside of the domain the formula has deeper valleys, so a wall is added there: the squared distance to the domain.
    Source: Michalewicz (1992), with m = 10.
    """
    outside = x - np.clip(x, 0.0, np.pi)
    trenches = np.sin(x) * np.sin(np.array([1.0, 2.0]) * x**2 / np.pi) ** 20
    return np.sum(outside**2) - np.sum(trenches)
