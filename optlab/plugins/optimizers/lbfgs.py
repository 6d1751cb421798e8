import numpy as np

from optlab import optimizer
from optlab.plugins.optimizers.line_search import backtracking, strong_wolfe
from optlab.plugins.scaling import scaled
from optlab.plugins.signature import pick

FLAT = 0.9
"""The curvature constant of the strong Wolfe conditions: the largest remaining share of the slope."""


def no_pairs(x, history):
    """`history` pairs of zeros, which have no effect."""
    return np.zeros((history, x.size), x.dtype)


@optimizer(
    ranges={"lr": "[0, inf)", "shrink": "(0, 1)", "history": "[1, 1000]", "trials": "[1, 1000]"},
    invariant=("translation",),
    exempt={"every_hyperparameter_matters": "shrink belongs to the line search, which is off by default"},
)
def lbfgs(
    x,
    g,
    s=0.0,
    g_old=0.0,
    S=no_pairs,
    Y=no_pairs,
    *,
    t,
    f,
    grad,
    loss,
    lr=1.0,
    shrink=0.5,
    history=10,
    line_search="none",
    trials=15,
):
    """L-BFGS (Nocedal, 1980; Liu & Nocedal, 1989), with the conventions of torch.

    s and y are the last changes of x and of g. S and Y hold the last pairs with s'y > 1e-10, the newest at the end.
    d = -H g,  where H approximates the inverse Hessian, by BFGS from these pairs and s'y / y'y I  (two-loop recursion)
    x <- x + a d

    a = lr, in the first step lr min(1, 1 / |g|_1). With line_search="armijo", the step size is the first of a,
    shrink a, shrink^2 a, ... that meets Armijo's condition. With "strong_wolfe", a is the first trial of a search for a
    step size that also meets the curvature condition; each trial computes a gradient.

    lr: learning rate; shrink: the factor from one of Armijo's trials to the next; history: the number of stored pairs;
    line_search: "none", "armijo" or "strong_wolfe"; trials: the number of trials
    """
    y = g - g_old
    keep = np.sum(s * y) > 1e-10
    S = np.where(keep, np.concatenate([S[1:], np.stack([s])]), S)
    Y = np.where(keep, np.concatenate([Y[1:], np.stack([y])]), Y)
    newest, power = scaled(Y[-1])
    sy, yy = np.sum(S * Y, axis=1), np.sum(newest * newest)
    rho = np.where(sy > 0, 1.0 / np.where(sy > 0, sy, 1.0), 0.0)
    d, alphas = -g, [0.0] * history
    for i in reversed(range(history)):
        alphas[i] = rho[i] * np.sum(S[i] * d)
        d = d - alphas[i] * Y[i]
    d = np.where(yy > 0, sy[-1] * power / np.where(yy > 0, yy, 1.0) * power, 1.0) * d
    for i in range(history):
        d = d + (alphas[i] - rho[i] * np.sum(Y[i] * d)) * S[i]
    size = lr * np.where(t == 1, 1.0 / np.maximum(1.0, np.sum(np.abs(g))), 1.0)
    slope = np.sum(g * d)
    searches = {
        "none": lambda: size,
        "armijo": lambda: backtracking(loss, x, d, f, slope, size, shrink, trials),
        "strong_wolfe": lambda: strong_wolfe(loss, grad, x, d, f, slope, size, FLAT, trials),
    }
    s = pick("lbfgs", "line_search", searches, line_search)() * d
    return x + s, s, g, S, Y
