import numpy as np

from optlab import schedule


@schedule(ranges={"warmup": "{0, 1, ...}", "begin": "[0, inf)"})
def warmup(t, *, warmup=100.0, begin=0.01):
    """Rise linearly for `warmup` steps, from `begin` at the first one to 1, and stay there (Goyal et al., 2017).

    begin + (1 - begin) min((t - 1) / warmup, 1), without a horizon
    """
    # With 0 < warmup < 1, the first step is `begin` and all later steps are 1; with warmup = 0, all steps are 1.
    return np.where(warmup > 0, begin + (1 - begin) * np.minimum((t - 1) / np.maximum(warmup, 1e-9), 1), 1.0)
