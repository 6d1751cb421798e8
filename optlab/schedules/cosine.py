import numpy as np

from optlab import schedule


@schedule
def cosine(t, *, steps, end=0.0):
    """Fall along half a cosine, from 1 at the first step to `end` at the last (Loshchilov & Hutter, 2017).

    1 - (1 - end) (1 - cos(pi (t - 1) / (steps - 1))) / 2
    """
    return 1 - (1 - end) * (1 - np.cos(np.pi * (t - 1) / np.maximum(steps - 1, 1))) / 2
