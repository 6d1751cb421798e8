import numpy as np

from optlab import transform


@transform(ranges={"max_norm": "(0, inf)"})
def clip_norm(x, g, *, max_norm=1.0):
    """Shorten a gradient that is longer than max_norm (Pascanu, Mikolov & Bengio, 2013).

    g <- g min(1, max_norm / ||g||)

    max_norm: the longest gradient
    """
    norm = np.linalg.norm(g)
    return np.where(norm > max_norm, g * (max_norm / norm), g)
