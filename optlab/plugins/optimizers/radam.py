import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "[0, inf)"},
    invariant=("translation",),
    references={
        "torch:RAdam": {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "where": {"raw_eps": True}},
        "optax:radam": {
            "learning_rate": "lr",
            "b1": "beta1",
            "b2": "beta2",
            "eps": "eps",
            "where": {"raw_eps": False},
        },
    },
)
def radam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, raw_eps=True):
    """RAdam (Liu et al., 2020): Adam, rectified while v is an average of few gradients.

    m <- beta1 m + (1 - beta1) g,    m_hat = m / (1 - beta1^t)
    v <- beta2 v + (1 - beta2) g^2,  v_hat = v / (1 - beta2^t)
    rho_inf = 2 / (1 - beta2) - 1,   rho = rho_inf - 2 t beta2^t / (1 - beta2^t)
    r = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
    x <- x - lr r m_hat / (sqrt(v_hat) + eps) where rho > 5, else x <- x - lr m_hat

    lr: learning rate; beta1, beta2: decay rates of the averages m, v; eps: avoids a division by zero;
    raw_eps: eps is added to sqrt(v) before the correction as in torch, not to sqrt(v_hat) as in optax

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, correction = m / (1 - beta1**t), 1 - beta2**t
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / correction
    square = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
    r = np.sqrt(np.where(rho > 5, square, 1.0))
    root = np.sqrt(v / correction) + (eps / np.sqrt(correction) if raw_eps else eps)
    return x - lr * np.where(rho > 5, r * m_hat / root, m_hat), m, v
