import numpy as np

from optlab import transform


@transform(ranges={"every": "[1, inf)", "alpha": "(0, 1]"})
def lookahead(x, slow=lambda x: x, *, t, step, every=5.0, alpha=0.5):
    """Every few steps, go back to a share of the way that they went (Zhang et al., 2019).

    x <- step(x)
    every so many steps: slow <- slow + alpha (x - slow),  x <- slow

    every: steps between two looks; alpha: the share of the way that is kept
    """
    fast = step(x)
    now = t % every < 1
    slow = np.where(now, slow + alpha * (fast - slow), slow)
    return np.where(now, slow, fast), slow
