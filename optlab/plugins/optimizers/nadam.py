import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "[0, inf)", "psi": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:NAdam": {
            "lr": "lr",
            "betas": ("beta1", "beta2"),
            "eps": "eps",
            "momentum_decay": "psi",
            "where": {"warmup": True},
        },
        "optax:nadam": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "where": {"warmup": False},
        },
    },
)
def nadam(x, g, m=0.0, v=0.0, product=1.0, *, t, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, psi=4e-3, warmup=True):
    """NAdam (Dozat, 2016): Adam with Nesterov's momentum.

    m <- beta1 m + (1 - beta1) g
    v <- beta2 v + (1 - beta2) g^2
    mu(t) = beta1 (1 - 0.96^(t psi) / 2),  product <- product mu(t)
    u = (1 - mu(t)) g / (1 - product) + mu(t + 1) m / (1 - product mu(t + 1))
    x <- x - lr u / (sqrt(v / (1 - beta2^t)) + eps)

    lr: learning rate; beta1, beta2: decay rates of the averages m, v; eps: avoids a division by zero; psi: the rate
    at which mu grows from beta1 / 2 to beta1; warmup: if False, mu is always beta1, as in optax

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mu, following = beta1, beta1
    if warmup:
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        following = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
    product = product * mu
    u = (1 - mu) * g / (1 - product) + following * m / (1 - product * following)
    return x - lr * u / (np.sqrt(v / (1 - beta2**t)) + eps), m, v, product
