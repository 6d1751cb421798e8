import numpy as np

from optlab import optimizer


@optimizer(
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "beta3": "[0, 1)",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
    },
    invariant=("translation",),
    references={
        "optax:adan": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "b3": "beta3",
            "eps": "eps",
            "eps_root": 0.0,
            "weight_decay": "weight_decay",
            "where": {"as_in_optax": True},
        },
    },
)
def adan(
    x,
    g,
    m=0.0,
    d=0.0,
    n=0.0,
    last=0.0,
    *,
    t,
    lr=1e-3,
    beta1=0.98,
    beta2=0.92,
    beta3=0.99,
    eps=1e-8,
    weight_decay=0.0,
    as_in_optax=False,
):
    """Adan (Xie et al., 2022): Nesterov's momentum from the differences of successive gradients.

    m <- beta1 m + (1 - beta1) g
    d <- beta2 d + (1 - beta2) (g - last), where the difference is 0 in the first step
    n <- beta3 n + (1 - beta3) (g + beta2 (g - last))^2
    u = (m_hat + beta2 d_hat) / (sqrt(n_hat) + eps), where a hat means the division by 1 - beta^t
    x <- (x - lr u) / (1 + lr weight_decay),  last <- g

    lr: learning rate; beta1, beta2, beta3: decay rates of the averages of gradients, differences and squares;
    eps: avoids a division by zero; weight_decay: strength of the weight decay; as_in_optax: differences have the weight
    1 - beta2 as in optax, not beta2 as in the paper (in this notation), and x <- x - lr (u + weight_decay x)

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    change = np.where(t == 1, 0.0, g - last)
    m = beta1 * m + (1 - beta1) * g
    d = beta2 * d + (1 - beta2) * change
    weight = 1 - beta2 if as_in_optax else beta2
    n = beta3 * n + (1 - beta3) * (g + weight * change) ** 2
    m_hat, d_hat, n_hat = m / (1 - beta1**t), d / (1 - beta2**t), n / (1 - beta3**t)
    u = (m_hat + weight * d_hat) / (np.sqrt(n_hat) + eps)
    x = x - lr * (u + weight_decay * x) if as_in_optax else (x - lr * u) / (1 + lr * weight_decay)
    return x, m, d, n, g
