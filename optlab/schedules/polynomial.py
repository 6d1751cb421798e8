import numpy as np

from optlab import schedule


@schedule(ranges={"power": "(0, inf)", "end": "[0, inf)", "warmup": "[0, inf)"})
def polynomial(t, *, steps, power=0.9, end=0.0, warmup=0.0):
    """Fall along a power of the share of the steps that remain, from 1 to `end` ("poly"; Chen et al., 2018, DeepLab).

    end + (1 - end) (1 - (t - 1) / (steps - 1))^power

    Before the fall, the factor rises in a line for `warmup` steps: t / (warmup + 1). The fall takes the rest; where
    there is no step left for it, the rise ends at the last step. The last value is held beyond it.
    """
    rise = np.minimum(t / (warmup + 1), 1)
    # 0 to the bit at the last step: a power of a number that rounding put below 0 is not a number.
    left = np.where(t - 1 > warmup, (steps - t) / np.maximum(steps - 1 - warmup, 1e-9), 1)
    return rise * (end + (1 - end) * left**power)
