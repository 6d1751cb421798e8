import numpy as np

from optlab import problem


# x is the vector of parameters; dim=... fixes its length, otherwise any length is valid. After the * come the options
# with their defaults. Random starts are drawn from the domain, and pictures show it. minimum is the known minimiser.
@problem(domain=(-3.0, 3.0), start=(-2.0, 1.0), minimum=(0.0, 0.0))
def new_rule(x, *, condition=10.0):
    """An elliptic bowl.

    f(x) = sum_i condition^(i / (n - 1)) x_i^2 / 2. Minimum 0 at the origin.
    """
    curvature = condition ** (np.arange(x.size) / max(x.size - 1, 1))
    return 0.5 * np.sum(curvature * x**2)


def test_new_rule_by_hand():
    assert new_rule(np.array([1.0, 2.0]), condition=10.0) == 20.5  # (1 + 10 * 4) / 2
