import numpy as np

from optlab import optimizer


@optimizer(
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
    },
    references={
        "torch:AdamW": {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "weight_decay": "weight_decay"},
        "optax:adamw": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "weight_decay": "weight_decay",
        },
    },
)
def adamw(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """AdamW (Loshchilov & Hutter, 2019): Adam with decoupled weight decay.

    m <- beta1 m + (1 - beta1) g,    m_hat = m / (1 - beta1^t)
    v <- beta2 v + (1 - beta2) g^2,  v_hat = v / (1 - beta2^t)
    x <- (1 - lr weight_decay) x - lr m_hat / (sqrt(v_hat) + eps)

    lr: learning rate; beta1, beta2: decay rates of the averages m, v; eps: avoids a division by zero;
    weight_decay: the share of x that is subtracted, times lr

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x only decays, and the run
    counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * weight_decay) * x - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
