import numpy as np

from optlab import transform


@transform(ranges={"begin": "[1, inf)"})
def average(x, fast=lambda x: x, *, t, step, begin=1.0):
    """The mean of all points that the rule passes; the rule goes its own way (Polyak & Juditsky, 1992).

    fast <- step(fast)
    x <- x + (fast - x) / (t - begin + 1) from step begin on, x <- fast before

    Losses are those of the mean; gradients are taken where the rule is. begin: the first step whose x counts
    """
    fast = step(fast)
    count = np.maximum(t - begin + 1, 1.0)
    return x + (fast - x) / count, fast
