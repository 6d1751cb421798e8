import numpy as np

from optlab import schedule


@schedule
def exponential(t, *, steps, end=0.01):
    """Fall by the same ratio in each step, from 1 at the first to `end` at the last.

    end^((t - 1) / (steps - 1))
    """
    return end ** ((t - 1) / np.maximum(steps - 1, 1))
