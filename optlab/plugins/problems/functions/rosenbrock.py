import numpy as np

from optlab import problem


@problem(domain=(-2.0, 2.0), start=(-1.5, 2.0), minimum=(1.0, 1.0))
def rosenbrock(x, *, a=1.0, b=100.0):
    """Rosenbrock's valley: curved, flat at the bottom and steep at the sides.

    f(x) = sum_{i<n} b (x_{i+1} - x_i^2)^2 + (a - x_i)^2, on [-2, 2]^n for n >= 2. Minimum 0 at (1, ..., 1) if a = 1;
    in two dimensions at (a, a^2). From n = 4 on there is a local minimum near (-1, 1, ..., 1).
    Source: Rosenbrock (1960).
    """
    if x.size < 2:
        raise ValueError("Rosenbrock's valley needs at least two dimensions")
    return np.sum(b * (x[1:] - x[:-1] ** 2) ** 2 + (a - x[:-1]) ** 2)
