import numpy as np

from optlab import transform


@transform(ranges={"eta": "[0, inf)", "gamma": "[0, inf)"})
def gradient_noise(x, g, *, t, rng, eta=0.01, gamma=0.55):
    """Normal noise on the gradient, which decreases with the step (Neelakantan et al., 2015).

    g <- g + noise of variance eta / t^gamma

    eta: the variance in the first step; gamma: the rate of its decrease, 0 for constant noise
    """
    return g + np.sqrt(eta / t**gamma) * rng.standard_normal(x.shape).astype(x.dtype)
