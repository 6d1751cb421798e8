import numpy as np

from optlab import schedule


@schedule(ranges={"every": "{1, 2, ...}", "growth": "[1, inf)", "end": "[0, inf)"})
def cosine_restarts(t, *, every=100.0, growth=1.0, end=0.0):
    """Fall along half a cosine from 1 towards `end`, and begin again (SGDR; Loshchilov & Hutter, 2017).

    1 - (1 - end) (1 - cos(pi u)) / 2, where u is the share of the cycle that has passed

    The first cycle takes `every` steps, and each next cycle takes `growth` times as many. There is no horizon.
    """
    passed = (t - 1) / every  # in lengths of the first cycle
    more = np.where(growth > 1, growth - 1, 1.0)
    # 1e-5 is added so that rounding, also in float32, cannot assign the first step of a cycle to the cycle before.
    cycle = np.floor(np.log1p(passed * more) / np.log1p(more) + 1e-5)
    begun = ((more + 1) ** cycle - 1) / more
    grown = (passed - begun) / (more + 1) ** cycle
    share = np.where(growth > 1, grown, (t - 1) % every / every)  # a quotient could round below an integer
    return 1 - (1 - end) * (1 - np.cos(np.pi * share)) / 2
