import numpy as np

from optlab import optimizer
from optlab.plugins.scaling import norm, scaled
from optlab.plugins.signature import pick


@optimizer(
    ranges={"lr": "[0, inf)", "first": "(0, inf)", "largest": "(0, inf)"},
    invariant=("translation",),
    exempt={"every_hyperparameter_matters": "largest bounds step sizes that do not occur in the suite"},
)
def barzilai_borwein(x, g, s=0.0, g_old=0.0, *, lr=1.0, first=1e-3, largest=1e10, step="short"):
    """Gradient descent with the step sizes of Barzilai & Borwein (1988).

    With the last changes s of x and y of g,
    a = s's / s'y (long) or s'y / y'y (short);  |s| / |y| where s'y <= 0;  first / max(1, |g|) where s or y = 0
    x <- x - lr min(a, largest) g

    Where the curvature s'y is not positive, a is the geometric mean of both step sizes (Dai et al., 2015).

    The loss may increase in some steps. The short step size is more cautious.

    lr: factor on the step; first: the first step size, and the largest length of the first step; largest: bound of all
    step sizes; step: "long" or "short"
    """
    y, power = scaled(g - g_old)
    ss, sy, yy = np.sum(s * s), np.sum(s * y), np.sum(y * y)
    over, under = pick("barzilai_borwein", "step", {"long": (ss, sy), "short": (sy, yy)}, step)
    size = np.where(sy > 0, over, np.sqrt(ss)) / np.where(sy > 0, under, np.sqrt(np.where(yy > 0, yy, 1.0)))
    size = np.where((ss > 0) & (yy > 0), size * power, first / np.maximum(1.0, norm(g)))
    s = -lr * np.minimum(size, largest) * g
    return x + s, s, g
