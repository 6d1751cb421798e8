import numpy as np

from optlab import schedule


@schedule(ranges={"rise": "[0, 1]", "fall": "[0, 1]", "end": "[0, inf)"})
def trapezoidal(t, *, steps, rise=0.1, fall=0.2, end=0.0):
    """Rise linearly, stay at 1, and fall linearly to `end` at the last step (Zhai et al., 2022; Hägele et al., 2024).

    min(t / (rise steps + 1), 1)  (1 - (1 - end) max(1 - (steps - t) / (fall steps), 0))

    `rise` and `fall` are shares of the horizon; with fall = 0 there is no fall. After the horizon, the factor keeps its
    last value. Also known as warmup-stable-decay.
    """
    up = np.minimum(t / (rise * steps + 1), 1)
    down = np.where(fall > 0, np.maximum(1 - (steps - t) / np.maximum(fall * steps, 1e-9), 0), 0)
    return up * (1 - (1 - end) * down)
