import numpy as np

from optlab import schedule


@schedule
def linear(t, *, steps, end=0.0):
    """Fall by the same amount in each step, from 1 at the first to `end` at the last.

    1 - (1 - end) (t - 1) / (steps - 1)
    """
    return 1 - (1 - end) * (t - 1) / np.maximum(steps - 1, 1)
