import numpy as np

from optlab import schedule


@schedule(ranges={"power": "(0, inf)", "end": "[0, inf)", "warmup": "{0, 1, ...}"})
def polynomial(t, *, steps, power=0.9, end=0.0, warmup=0.0):
    """Fall along a power of the share of the steps that remain, from 1 to `end` ("poly"; Chen et al., 2018, DeepLab).

    end + (1 - end) (1 - (t - 1) / (steps - 1))^power

    Before the fall, the factor rises linearly for `warmup` steps: t / (warmup + 1). The fall takes the remaining steps.
    If no step remains, the rise ends at the last step. After the last step, the factor keeps its last value.
    """
    rise = np.minimum(t / (warmup + 1), 1)
    # exactly 0 at the last step: if rounding made it negative, its power would be NaN
    left = np.where(t - 1 > warmup, (steps - t) / np.maximum(steps - 1 - warmup, 1e-9), 1)
    return rise * (end + (1 - end) * left**power)
