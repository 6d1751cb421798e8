import numpy as np

from optlab import optimizer
from optlab.plugins.scaling import norm


@optimizer(
    per="tensor",
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
    },
    exempt={"comes_to_rest": "the length of its steps is proportional to that of x, even if the averages are small"},
)
def lamb(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.0):
    """LAMB (You et al., 2020): Adam, with the length of each tensor's step proportional to the tensor's norm.

    u = m_hat / (sqrt(v_hat) + eps) + weight_decay x,  with m_hat and v_hat as in Adam
    x <- x - lr (||x|| / ||u||) u, where the ratio is 1 if one of the norms is 0

    lr: learning rate; beta1, beta2: decay rates of the averages m, v; eps: avoids a division by zero;
    weight_decay: the share of x in u

    Squares of gradients above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    u = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * x
    length, size = norm(x), norm(u)
    ratio = np.where((length > 0) & (size > 0), length / np.where(size > 0, size, 1.0), 1.0)
    return x - lr * ratio * u, m, v
