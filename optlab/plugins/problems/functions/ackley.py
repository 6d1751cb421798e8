import numpy as np

from optlab import problem


@problem(domain=(-5.0, 5.0), start=(-3.3, 2.6), minimum=(0.0, 0.0))
def ackley(x, *, a=20.0, b=0.2, c=2 * np.pi):
    """A nearly flat, rippled plain around a deep funnel.

    f(x) = -a exp(-b |x| / sqrt(n)) - exp(mean_i cos(c x_i)) + a + e, for any n. Minimum 0 at the origin, where f has a
    kink (the tip of a cone); the gradient there is taken as 0.
    The usual domain is [-32.768, 32.768]^n; here it is [-5, 5]^n, the funnel and its surroundings.
    Source: Ackley (1987).
    """
    return -a * np.exp(-b * np.linalg.norm(x) / np.sqrt(x.size)) - np.exp(np.mean(np.cos(c * x))) + a + np.e
