import numpy as np

from optlab import transform


@transform(ranges={"every": "{1, 2, ...}", "alpha": "(0, 1]"})
def lookahead(x, slow=lambda x: x, *, t, step, every=5.0, alpha=0.5):
    """After every few steps, go back towards the point before them (Zhang et al., 2019).

    x <- step(x)
    after every `every` steps: slow <- slow + alpha (x - slow),  x <- slow

    every: the number of steps; alpha: the share of their distance that is kept
    """
    fast = step(x)
    now = t % every < 1
    slow = np.where(now, slow + alpha * (fast - slow), slow)
    return np.where(now, slow, fast), slow
