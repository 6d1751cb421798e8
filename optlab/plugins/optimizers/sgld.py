import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "temperature": "[0, inf)"},
    invariant=("translation",),
    exempt={"stands_still_without_slope": "it is a random walk by design"},
)
def sgld(x, g, *, rng, lr=1e-3, temperature=1.0):
    """Stochastic gradient Langevin dynamics (Welling & Teh, 2011).

    x <- x - lr / 2 g + sqrt(lr temperature) z,  z standard normal

    For small lr and many steps, the density of x is proportional to exp(-f(x) / temperature).

    lr: the step size; temperature: strength of the noise, 1 to sample from a posterior whose negative logarithm is f
    """
    return x - lr / 2 * g + np.sqrt(lr * temperature) * rng.standard_normal(x.shape).astype(x.dtype)
