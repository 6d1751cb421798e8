import numpy as np

from optlab import problem
from optlab.plugins.problems.units.unit import WITH_MINIMUM, unit


def minimum(dim, shapes, **others):
    """The minimiser at the first step, if each of the shapes has one."""
    return np.zeros(dim) if all(shape in WITH_MINIMUM for shape in shapes[:dim]) else None


@problem(domain=(-2.0, 2.0), start=(1.0,), minimum=minimum, ranges={"slope": "(0, inf)"})
def drifting_unit(x, *, t, drift=0.01, slope=1.0, shapes=("quadratic",)):
    """One-dimensional prototypes of difficulties whose minimum moves away from the start at each step.

    f_t(x) = unit(x + drift * (t - 1)) at step t = 1, 2, ..., so that the minimum is at x = -drift * (t - 1) along each
    coordinate. The movement is the same in all runs. `slope` and `shapes` are those of `unit`.
    The loss after n updates is that of step n + 1. Gradient descent with a small learning rate lr on the quadratic with
    the slope 1 stays drift / lr behind the minimum.
    Source: Schaul, Antonoglou & Silver (2014), Unit tests for stochastic optimization, where the movement is random.
    """
    return unit.function(x + drift * (t - 1), slope=slope, shapes=shapes)
