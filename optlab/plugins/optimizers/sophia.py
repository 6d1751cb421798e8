import numpy as np

from optlab import optimizer


@optimizer(
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "gamma": "(0, inf)",
        "eps": "(0, inf)",
        "every": "[1, inf)",
    },
    invariant=("translation",),
)
def sophia(x, g, m=0.0, h=0.0, *, t, hvp, rng, lr=1e-3, beta1=0.96, beta2=0.99, gamma=0.01, eps=1e-12, every=10):
    """Sophia-H (Liu et al., 2024): momentum divided by the diagonal of the Hessian, clipped to lr in every entry.

    m <- beta1 m + (1 - beta1) g
    h <- beta2 h + (1 - beta2) u * H u,  u standard normal, in steps 1, 1 + every, 1 + 2 every, ...
    x <- x - lr clip(m / max(gamma h, eps), -1, 1)

    H u is computed and counted in every step, because a traced rule has no branches. Weight decay is a transform.

    lr: learning rate, the largest step of an entry; beta1, beta2: decay rates of the averages m, h; gamma: factor on
    the curvature; eps: avoids a division by zero; every: the number of steps from one estimate of h to the next
    """
    u = rng.standard_normal(x.shape).astype(x.dtype)
    m = beta1 * m + (1 - beta1) * g
    due = np.mod(t - 1, every) == 0
    h = np.where(due, beta2 * h + (1 - beta2) * u * hvp(u), h)
    return x - lr * np.clip(m / np.maximum(gamma * h, eps), -1.0, 1.0), m, h
