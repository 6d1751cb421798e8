import numpy as np

from optlab import transform


@transform(ranges={"limit": "(0, inf)"})
def clip_value(x, g, *, limit=1.0):
    """Bring every entry of the gradient between -limit and limit (Mikolov, 2012).

    g <- min(max(g, -limit), limit)

    limit: the largest size of an entry
    """
    return np.clip(g, -limit, limit)
