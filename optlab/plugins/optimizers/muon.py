import numpy as np

from optlab import optimizer
from optlab.plugins.scaling import norm


def orthogonalized(g, eps):
    """Approximately the nearest matrix with orthonormal rows or columns: its singular values are near 1.

    Five steps of a Newton-Schulz iteration, X <- a X + (b A + c A^2) X with A = X X^T and Jordan's coefficients.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    is_tall = g.shape[0] > g.shape[1]
    x = g.T if is_tall else g
    x = x / (norm(x) + eps)
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.T if is_tall else x


def ahead(m, g, beta, t):
    """Nesterov's average, beta m + (1 - beta) g, bias-corrected: m as in the next step, g as in this (Dozat, 2016)."""
    return beta * m / (1 - beta ** (t + 1)) + (1 - beta) * g / (1 - beta**t)


@optimizer(
    per="tensor",
    ranges={
        "lr": "[0, inf)",
        "beta": "[0, 1)",
        "eps": "(0, inf)",
        "weight_decay": "[0, inf)",
        "vector_share": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "vector_eps": "[0, inf)",
    },
)
def muon(
    x,
    g,
    m=0.0,
    v=0.0,
    *,
    t,
    lr=0.02,
    beta=0.95,
    eps=1e-7,
    weight_decay=0.0,
    nesterov=True,
    vector_share=0.05,
    beta1=0.9,
    beta2=0.999,
    vector_eps=1e-8,
    corrected=False,
):
    """Muon (Jordan et al., 2024): momentum for matrices, made orthogonal; vectors get Adam.

    m <- beta m + (1 - beta) g,  u = beta m + (1 - beta) g with nesterov, u = m without it
    x <- (1 - lr weight_decay) x - lr sqrt(max(1, columns / rows)) orthogonalized(u)

    With corrected, as in optax, u is computed from bias-corrected averages. With nesterov, these are
    m / (1 - beta^(t+1)) and g / (1 - beta^t), and nesterov also applies to vectors, which then get NAdam.

    lr: learning rate of matrices; beta: decay rate of the gradients; eps: avoids a division by zero; weight_decay: the
    share of x that is subtracted, times lr; vector_share, beta1, beta2, vector_eps: hyperparameters of Adam for all
    tensors that are not matrices, with the learning rate vector_share lr; corrected: as in optax

    Squares of gradients of vectors above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change,
    and the run counts as diverged.
    """
    if x.ndim != 2:
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        u = ahead(m, g, beta1, t) if corrected and nesterov else m / (1 - beta1**t)
        return x - vector_share * lr * u / (np.sqrt(v / (1 - beta2**t)) + vector_eps), m, v
    m = beta * m + (1 - beta) * g
    if corrected:
        u = ahead(m, g, beta, t) if nesterov else m / (1 - beta**t)
    else:
        u = beta * m + (1 - beta) * g if nesterov else m
    scale = max(1.0, x.shape[1] / x.shape[0]) ** 0.5
    return (1 - lr * weight_decay) * x - lr * scale * orthogonalized(u, eps), m, v
