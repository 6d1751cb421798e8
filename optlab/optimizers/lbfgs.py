import numpy as np

from optlab import optimizer
from optlab.optimizers.line_search import backtracking
from optlab.signature import pick


def no_pairs(x, history):
    """`history` pairs of zeros, which change nothing."""
    return np.zeros((history, x.size), x.dtype)


@optimizer(
    ranges={"lr": "[0, inf)", "shrink": "(0, 1)", "history": "[1, inf)", "trials": "[1, inf)"},
    invariant=("translation",),
    exempt={"every_hyperparameter_matters": "shrink belongs to the line search, which is not there by default"},
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
    loss,
    lr=1.0,
    shrink=0.5,
    history=10,
    line_search="none",
    trials=15,
):
    """L-BFGS (Nocedal, 1980; Liu & Nocedal, 1989), with the conventions of torch.

    With s and y the last changes of x and of g, which S and Y remember, the newest last, if s'y > 1e-10,
    d = -H g,  H the BFGS approximation of the inverse Hessian from these pairs and s'y / y'y I  (two-loop recursion)
    x <- x + a d

    a = lr, in the first step lr min(1, 1 / |g|_1). With line_search="armijo" it is the first of a, shrink a,
    shrink^2 a, ... that meets Armijo's condition.

    lr: learning rate; shrink: from one trial to the next; history: pairs that are remembered; line_search: "none" or
    "armijo"; trials: how many there are
    """
    y = g - g_old
    keep = np.sum(s * y) > 1e-10
    S = np.where(keep, np.concatenate([S[1:], np.stack([s])]), S)
    Y = np.where(keep, np.concatenate([Y[1:], np.stack([y])]), Y)
    sy, yy = np.sum(S * Y, axis=1), np.sum(Y[-1] * Y[-1])
    rho = np.where(sy > 0, 1.0 / np.where(sy > 0, sy, 1.0), 0.0)
    d, alphas = -g, [0.0] * history
    for i in reversed(range(history)):
        alphas[i] = rho[i] * np.sum(S[i] * d)
        d = d - alphas[i] * Y[i]
    d = np.where(yy > 0, sy[-1] / np.where(yy > 0, yy, 1.0), 1.0) * d
    for i in range(history):
        d = d + (alphas[i] - rho[i] * np.sum(Y[i] * d)) * S[i]
    size = lr * np.where(t == 1, 1.0 / np.maximum(1.0, np.sum(np.abs(g))), 1.0)
    if pick("lbfgs", "line_search", {"none": False, "armijo": True}, line_search):
        size = backtracking(loss, x, d, f, np.sum(g * d), size, shrink, trials)
    s = size * d
    return x + s, s, g, S, Y
