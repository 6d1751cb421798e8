import numpy as np

from optlab import optimizer


def at_rest(x, k):
    """`k` velocities of 0 in the shape of x."""
    return np.zeros((k, *x.shape), x.dtype)


@optimizer(
    ranges={"lr": "[0, inf)", "a": "(0, 1]", "k": "[1, 1000]"},
    invariant=("translation",),
)
def aggmo(x, g, v=at_rest, *, lr=1e-3, a=0.1, k=3):
    """Aggregated momentum (Lucas et al., 2019): the mean of several velocities with different decay rates.

    v_i <- beta_i v_i + g,  beta_i = 1 - a^i  for i = 0 ... k - 1
    x <- x - lr (v_0 + ... + v_(k-1)) / k

    lr: learning rate; a: velocity i loses the share a^i of its value in each step; k: the number of velocities
    """
    betas = 1 - a ** np.arange(k, dtype=v.dtype)
    v = betas.reshape(k, *[1] * x.ndim) * v + g
    return x - lr * np.mean(v, axis=0), v
