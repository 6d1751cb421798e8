import numpy as np

from optlab import optimizer
from optlab.plugins.optimizers.line_search import backtracking


@optimizer(
    ranges={"lr": "[0, inf)", "damping": "[0, inf)", "halvings": "[0, 1000]"},
    invariant=("translation",),
)
def newton(x, g, *, f, loss, hvp, lr=1.0, damping=1e-8, halvings=0):
    """Newton's method, damped as by Levenberg (1944) and Marquardt (1963).

    x <- x - a (H + damping I)^-1 g

    H is the Hessian at x, computed column by column, so a step costs 2 n + 1 gradients for n parameters. a is lr,
    halved until Armijo's condition is met, at most `halvings` times.

    lr: learning rate; damping: added to each eigenvalue of H; halvings: the largest number of halvings of a step
    """
    unit = np.eye(x.size, dtype=x.dtype)
    hessian = np.stack([hvp(e) for e in unit])
    d = -np.linalg.solve(hessian + damping * unit, g)
    return x + backtracking(loss, x, d, f, np.sum(g * d), lr, 0.5, halvings + 1) * d
