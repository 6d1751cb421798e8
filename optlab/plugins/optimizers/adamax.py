import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:Adamax": {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "where": {"eps_outside": False}},
        "optax:adamax": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "where": {"eps_outside": False},
        },
    },
)
def adamax(x, g, m=0.0, u=0.0, *, t, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, eps_outside=False):
    """AdaMax (Kingma & Ba, 2015): Adam with the largest of the decayed gradients in place of their root mean square.

    m <- beta1 m + (1 - beta1) g
    u <- max(beta2 u, |g| + eps)
    x <- x - lr / (1 - beta1^t) m / u

    lr: learning rate; beta1, beta2: decay rates of m and u; eps: avoids a division by zero;
    eps_outside: u <- max(beta2 u, |g|) as in the paper, and m / (u + eps) as in Keras
    """
    m = beta1 * m + (1 - beta1) * g
    u = np.maximum(beta2 * u, np.abs(g) if eps_outside else np.abs(g) + eps)
    return x - lr / (1 - beta1**t) * m / (u + eps if eps_outside else u), m, u
