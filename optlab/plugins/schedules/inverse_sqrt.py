import numpy as np

from optlab import schedule


@schedule(ranges={"warmup": "{0, 1, ...}"})
def inverse_sqrt(t, *, warmup=0.0):
    """Rise linearly for `warmup` steps, then fall as 1 / sqrt(t) (Vaswani et al., 2017).

    min(t / (warmup + 1), sqrt((warmup + 1) / t))

    The factor is 1 at step `warmup + 1`. There is no horizon.
    """
    return np.minimum(t / (warmup + 1), np.sqrt((warmup + 1) / t))
