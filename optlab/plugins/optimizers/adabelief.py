import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "[0, inf)"},
    invariant=("translation",),
    references={
        "optax:adabelief": {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps", "eps_root": "eps"},
    },
)
def adabelief(x, g, m=0.0, s=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-16):
    """AdaBelief (Zhuang et al., 2020): Adam with the variance of the gradient instead of its square.

    m <- beta1 m + (1 - beta1) g,                m_hat = m / (1 - beta1^t)
    s <- beta2 s + (1 - beta2) (g - m)^2 + eps,  s_hat = s / (1 - beta2^t)
    x <- x - lr m_hat / (sqrt(s_hat) + eps)

    lr: learning rate; beta1, beta2: decay rates of the averages m, s; eps: avoids a division by zero

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * (g - m) ** 2 + eps
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    return x - lr * m_hat / (np.sqrt(s_hat) + eps), m, s
