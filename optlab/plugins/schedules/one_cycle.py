import numpy as np

from optlab import schedule


@schedule(ranges={"peak": "[0, 1]", "begin": "[0, inf)", "end": "[0, inf)"})
def one_cycle(t, *, steps, peak=0.3, begin=0.04, end=4e-6):
    """Rise along half a cosine from `begin` to 1, fall along another to `end` at the last step (Smith & Topin, 2019).

    begin + (1 - begin) (1 - cos(pi (t - 1) / top)) / 2                         up to top = max(peak steps - 1, 0)
    end + (1 - end) (1 + cos(pi (t - 1 - top) / (steps - 1 - top))) / 2         after it

    `peak` is a share of the horizon. If it leaves no step for the rise or for the fall, the factor at the top is 1.
    After the horizon, the factor keeps its last value. The momentum of the rule is not changed.
    """
    top = np.maximum(peak * steps - 1, 0)
    rise = np.cos(np.pi * (t - 1) / np.maximum(top, 1))
    rest = steps - 1 - top
    fall = np.cos(np.pi * (t - 1 - top) / np.where(rest > 0, rest, 1))  # rest may be only a rounding error
    # Not t - 1 < top: machine code rounds peak steps - 1 only once, and may get a top of 1e-17 instead of 0.
    return np.where(t < peak * steps, begin + (1 - begin) * (1 - rise) / 2, end + (1 - end) * (1 + fall) / 2)
