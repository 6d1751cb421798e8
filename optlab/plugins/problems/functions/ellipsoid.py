import numpy as np

from optlab import problem


@problem(domain=(-5.0, 5.0), start=(-4.0, 1.5), minimum=(0.0, 0.0))
def ellipsoid(x, *, condition=1e3):
    """An ill-conditioned bowl: as many length scales as dimensions.

    f(x) = sum_i condition^((i - 1) / (n - 1)) x_i^2, on [-5, 5]^n for any n. Minimum 0 at the origin.
    The Hessian's eigenvalues reach from 2 to 2 * condition, whatever the dimension (in one dimension: 2).
    Source: Hansen & Ostermeier (2001).
    """
    exponents = np.arange(x.size) / max(x.size - 1, 1)
    return np.sum(condition**exponents * x**2)
