import numpy as np

from optlab import optimizer
from optlab.plugins.optimizers.line_search import backtracking, strong_wolfe
from optlab.plugins.signature import pick

FLAT = 0.1
"""The curvature constant of the strong Wolfe conditions: the largest remaining share of the slope. It is small, since
directions are conjugate only after a nearly exact line search."""


@optimizer(
    ranges={"lr": "[0, inf)", "restart": "(0, inf)", "probe": "(0, inf)", "shrink": "(0, 1)", "trials": "[1, 1000]"},
    invariant=("translation",),
)
def conjugate_gradient(
    x,
    g,
    d=0.0,
    g_old=0.0,
    *,
    f,
    grad,
    loss,
    lr=1.0,
    restart=0.1,
    probe=1e-4,
    shrink=0.5,
    formula="polak_ribiere",
    line_search="secant",
    trials=15,
):
    """Nonlinear conjugate gradients (Fletcher & Reeves, 1964), in four forms.

    With y = g - g_old and the last direction d,
    beta = g'g / g_old'g_old          "fletcher_reeves" (1964)
           max(0, g'y / g_old'g_old)  "polak_ribiere" (1969), cut off by Powell (1984)
           g'y / d'y                  "hestenes_stiefel" (1952)
           g'g / d'y                  "dai_yuan" (1999)
    d <- -g + beta d,  or -g if this is not a descent direction or |g'g_old| > restart g'g (Powell, 1977)
    x <- x + a d

    a is the first of lr h, shrink lr h, ... that meets Armijo's condition. h is 1 with line_search="backtracking". With
    "secant", h is the zero of the line through two slopes along d: the slope at x and the slope at the distance probe.
    On a quadratic, this is the minimum along d. With "strong_wolfe", lr is the first trial of a search for an a where
    the slope is also at most a tenth of the slope at x; each trial computes a gradient.

    lr: factor on the first trial; restart: how far from orthogonal two gradients may be; probe: the distance of the
    second slope; shrink: the factor from one trial to the next; formula, line_search: see above; trials: their number

    Products of gradients above 1e154 (1e19 in float32) overflow to infinity. Then x is NaN, and the run has diverged.
    Products below 1e-162 (1e-23 in float32) underflow to 0. Then the direction is -g, and the step is lr.
    """
    y = g - g_old
    gg, gy, dy, old = np.sum(g * g), np.sum(g * y), np.sum(d * y), np.sum(g_old * g_old)
    formulas = {
        "polak_ribiere": (np.maximum(gy, 0.0), old),
        "fletcher_reeves": (gg, old),
        "hestenes_stiefel": (gy, dy),
        "dai_yuan": (gg, dy),
    }
    over, under = pick("conjugate_gradient", "formula", formulas, formula)
    conjugate = -g + over / np.where(under == 0, 1.0, under) * d
    anew = (np.sum(g * conjugate) >= 0) | (np.abs(np.sum(g * g_old)) > restart * gg)
    d = np.where(anew, -g, conjugate)
    slope = np.sum(g * d)

    def backtracked(first):
        return backtracking(loss, x, d, f, slope, first, shrink, trials)

    def by_secant():
        away = probe / np.maximum(np.linalg.norm(d), 1e-30)
        rise = np.sum(grad(x + away * d) * d) - slope
        return backtracked(lr * np.where(rise > 0, -slope * away / np.where(rise > 0, rise, 1.0), 1.0))

    searches = {
        "secant": by_secant,
        "backtracking": lambda: backtracked(lr),
        "strong_wolfe": lambda: strong_wolfe(loss, grad, x, d, f, slope, lr, FLAT, trials),
    }
    return x + pick("conjugate_gradient", "line_search", searches, line_search)() * d, d, g
