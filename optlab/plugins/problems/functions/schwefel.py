import numpy as np

from optlab import problem


@problem(domain=(-500.0, 500.0), start=(330.0, 230.0), minimum=(420.96874635998205, 420.96874635998205))
def schwefel(x):
    """Deep valleys at large distances, the deepest one in a corner.

    f(x) = 418.9828872724337 n - sum_i x_i sin(sqrt(abs(x_i))), on [-500, 500]^n for any n.
    Minimum 0 at (420.9687, ..., 420.9687).
    Outside of the domain the formula has ever deeper valleys, so a wall is added there: the squared distance to the
    domain.
    Source: Schwefel (1981).
    """
    outside = x - np.clip(x, -500.0, 500.0)
    return 418.9828872724337 * x.size - np.sum(x * np.sin(np.sqrt(np.abs(x)))) + np.sum(outside**2)
