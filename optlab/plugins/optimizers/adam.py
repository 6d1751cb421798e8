import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:Adam": {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps"},
        "optax:adam": {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps"},
    },
)
def adam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, raw_eps=False):
    """Adam (Kingma & Ba, 2015).

    m <- beta1 m + (1 - beta1) g,    m_hat = m / (1 - beta1^t)
    v <- beta2 v + (1 - beta2) g^2,  v_hat = v / (1 - beta2^t)
    x <- x - lr m_hat / (sqrt(v_hat) + eps)

    lr: learning rate; beta1, beta2: decay rates of the averages m, v of gradients and of their squares;
    eps: avoids a division by zero; raw_eps: eps is added to sqrt(v) before the correction, as in Keras

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    if raw_eps:
        eps = eps / np.sqrt(1 - beta2**t)
    return x - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
