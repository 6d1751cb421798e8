import numpy as np

from optlab import optimizer


def zero(x):
    """The number 0 in the dtype of x."""
    return np.zeros((), x.dtype)


@optimizer(
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "(0, 1)",
        "eps": "(0, inf)",
        "d0": "(0, inf)",
    },
    invariant=("translation",),
)
def prodigy(
    x,
    g,
    m=0.0,
    v=0.0,
    s=0.0,
    start=lambda x: x,
    r=zero,
    d=zero,
    *,
    t,
    lr=1.0,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    d0=1e-6,
):
    """Prodigy (Mishchenko & Defazio, 2023): Adam with a learning rate that is estimated during the run.

    a = d lr sqrt(1 - beta2^t) / (1 - beta1^t),  b = sqrt(beta2)
    m <- beta1 m + (1 - beta1) d g
    v <- beta2 v + (1 - beta2) d^2 g^2
    r <- b r + a d / d0 g'(start - x),  s <- b s + a d / d0 g
    d <- max(d, r / |s|_1)
    x <- x - a m / (sqrt(v) + d eps)

    d starts from d0. If f is convex, d never exceeds the largest entry of the distance from the start to the minimum.
    The bias correction of m and v is that of Adam, which is optional in the authors' package.

    lr: factor on the step; beta1, beta2: decay rates of the averages m, v of gradients and of their squares; eps:
    avoids a division by zero; d0: a lower bound of this distance

    Squares of d g above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the run
    counts as diverged.
    """
    d, b = np.maximum(d, d0), np.sqrt(beta2)
    a = d * lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    m = beta1 * m + (1 - beta1) * d * g
    v = beta2 * v + (1 - beta2) * (d * g) ** 2
    r, s = b * r + a * d / d0 * np.sum(g * (start - x)), b * s + a * d / d0 * g
    size = np.sum(np.abs(s))
    d = np.maximum(d, r / np.where(size == 0, 1.0, size))
    return x - a * m / (np.sqrt(v) + d * eps), m, v, s, start, r, d
