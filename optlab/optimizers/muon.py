import numpy as np

from optlab import optimizer
from optlab.scaling import norm


def orthogonalized(g, eps):
    """The nearest matrix with orthonormal rows or columns, about: its singular values come to lie around 1.

    Five steps of a Newton-Schulz iteration, X <- a X + (b A + c A^2) X with A = X X^T; its coefficients are Jordan's.
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
    """Nesterov's look ahead, beta m + (1 - beta) g, with both bias-corrected, m as in the step after (Dozat, 2016)."""
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

    m <- beta m + (1 - beta) g,  u = beta m + (1 - beta) g with nesterov, u = m without
    x <- (1 - lr weight_decay) x - lr sqrt(max(1, columns / rows)) orthogonalized(u)

    With corrected, as in optax, u is made of bias-corrected averages, nesterov's of m / (1 - beta^(t+1)) and
    g / (1 - beta^t), and nesterov is for vectors too, which then get NAdam.

    lr: learning rate of matrices; beta: memory of the gradients; eps: guards the division by zero; weight_decay: the
    share of x that goes, times lr; vector_share, beta1, beta2, vector_eps: Adam's for everything that is no matrix, its
    learning rate being vector_share lr; corrected: as in optax

    Squares of gradients of vectors above 1e154 (1e19 in float32) are infinite: x stands still from then on, and the
    run has diverged.
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
