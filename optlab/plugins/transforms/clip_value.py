import numpy as np

from optlab import transform


@transform(ranges={"limit": "(0, inf)"})
def clip_value(x, g, *, limit=1.0):
    """Clip every entry of the gradient to the interval from -limit to limit (Mikolov, 2012).

    g <- min(max(g, -limit), limit)

    limit: the largest absolute value of an entry
    """
    return np.clip(g, -limit, limit)
