import numpy as np

from optlab import transform
from optlab.plugins.scaling import scaled


@transform(ranges={"max_norm": "(0, inf)"})
def clip_norm(x, g, *, max_norm=1.0):
    """Shorten a gradient that is longer than max_norm (Pascanu, Mikolov & Bengio, 2013).

    g <- g min(1, max_norm / ||g||)

    max_norm: the longest gradient
    """
    small, power = scaled(g)
    norm = np.linalg.norm(small)
    return np.where(norm > max_norm * power, small * (max_norm / norm), g)
