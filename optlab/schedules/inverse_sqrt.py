import numpy as np

from optlab import schedule


@schedule(ranges={"warmup": "[0, inf)"})
def inverse_sqrt(t, *, warmup=0.0):
    """Rise in a line for `warmup` steps, then fall as one over the root of the step (Vaswani et al., 2017).

    min(t / (warmup + 1), sqrt((warmup + 1) / t))

    It is 1 at step `warmup + 1`, and needs no horizon.
    """
    return np.minimum(t / (warmup + 1), np.sqrt((warmup + 1) / t))
