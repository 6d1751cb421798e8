import numpy as np

from optlab import schedule


@schedule(ranges={"end": "[0, inf)", "warmup": "{0, 1, ...}"})
def cosine(t, *, steps, end=0.0, warmup=0.0):
    """Fall along half a cosine, from 1 at the first step to `end` at the last (Loshchilov & Hutter, 2017).

    1 - (1 - end) (1 - cos(pi (t - 1) / (steps - 1))) / 2

    Before the fall, the factor rises linearly for `warmup` steps: t / (warmup + 1). The fall takes the remaining steps.
    If no step remains, the rise ends at the last step. After the last step, the factor keeps its last value.
    """
    rise = np.minimum(t / (warmup + 1), 1)
    # The length of the fall may be only a rounding error. If the warm-up leaves no step for it, `passed` is 0.
    passed, rest = np.maximum(t - 1 - warmup, 0), steps - 1 - warmup
    rest = np.where(rest > 0, rest, 1)
    return rise * (1 - (1 - end) * (1 - np.cos(np.pi * passed / rest)) / 2)
