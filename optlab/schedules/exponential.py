import numpy as np

from optlab import schedule


@schedule(ranges={"end": "(0, inf)", "warmup": "[0, inf)"})
def exponential(t, *, steps, end=0.01, warmup=0.0):
    """Fall by the same ratio in each step, from 1 at the first to `end` at the last.

    end^((t - 1) / (steps - 1))

    Before the fall, the factor rises in a line for `warmup` steps: t / (warmup + 1). The fall takes the rest; where
    there is no step left for it, the rise ends at the last step. The last value is held beyond it.
    """
    rise = np.minimum(t / (warmup + 1), 1)
    # The fall may be as short as rounding is; where the warm-up leaves no step for it, nothing of it has passed.
    passed, rest = np.maximum(t - 1 - warmup, 0), steps - 1 - warmup
    rest = np.where(rest > 0, rest, 1)
    return rise * end ** (passed / rest)
