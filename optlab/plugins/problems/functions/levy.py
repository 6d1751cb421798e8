import numpy as np

from optlab import problem


@problem(domain=(-10.0, 10.0), start=(-2.5, 7.0), minimum=(1.0, 1.0))
def levy(x):
    """A wavy valley with ripples across and along.

    f(x) = sin^2(pi w_1) + sum_{i<n} (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1)) + (w_n - 1)^2 (1 + sin^2(2 pi w_n)) with
    w_i = 1 + (x_i - 1) / 4, on [-10, 10]^n for any n. Minimum 0 at (1, ..., 1).
    Source: Levy & Montalvo (1985).
    """
    w = 1 + (x - 1) / 4
    inner, last = w[:-1], w[-1]
    return (
        np.sin(np.pi * w[0]) ** 2
        + np.sum((inner - 1) ** 2 * (1 + 10 * np.sin(np.pi * inner + 1) ** 2))
        + (last - 1) ** 2 * (1 + np.sin(2 * np.pi * last) ** 2)
    )
