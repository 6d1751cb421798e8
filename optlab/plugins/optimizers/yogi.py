import numpy as np

from optlab import optimizer


@optimizer(
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "eps": "[0, inf)",
        "initial": "[0, inf)",
    },
    invariant=("translation",),
    references={
        "optax:yogi": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "where": {"initial": 1e-6, "initial_m": True},
        },
    },
)
def yogi(x, g, m=0.0, v=0.0, *, t, lr=1e-2, beta1=0.9, beta2=0.999, eps=1e-3, initial=1e-6, initial_m=False):
    """Yogi (Zaheer et al., 2018): Adam, whose v moves towards g^2 by steps that do not grow with the distance.

    m <- beta1 m + (1 - beta1) g,                      m_hat = m / (1 - beta1^t)
    v <- v - (1 - beta2) sign(v - g^2) g^2,            v_hat = v / (1 - beta2^t)
    x <- x - lr m_hat / (sqrt(v_hat) + eps)

    lr: learning rate; beta1, beta2: decay rates of m, v; eps: avoids a division by zero; initial: initial value of v;
    initial_m: the same initial value for m, as in optax

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. Then x does not change at first and is NaN
    later, and the run has diverged.
    """
    v = np.where(t == 1, initial, v)
    if initial_m:
        m = np.where(t == 1, initial, m)
    m = beta1 * m + (1 - beta1) * g
    v = v - (1 - beta2) * np.sign(v - g**2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
