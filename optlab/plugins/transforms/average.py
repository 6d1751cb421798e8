import numpy as np

from optlab import transform


@transform(ranges={"begin": "{1, 2, ...}"})
def average(x, fast=lambda x: x, *, t, step, begin=1.0):
    """The mean of all points of the rule, which does not change the rule's own steps (Polyak & Juditsky, 1992).

    fast <- step(fast)
    x <- x + (fast - x) / (t - begin + 1) from step begin on, x <- fast before

    Losses are computed at the mean, gradients at the point of the rule. begin: the first step that is averaged
    """
    fast = step(fast)
    count = np.maximum(t - begin + 1, 1.0)
    return x + (fast - x) / count, fast
