import numpy as np

from optlab import optimizer
from optlab.scaling import norm


@optimizer(
    per="tensor",
    ranges={
        "lr": "[0, inf)",
        "beta1": "[0, 1)",
        "beta2": "[0, 1)",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
    },
    exempt={"comes_to_rest": "its steps are as long as x, however small the averages are"},
)
def lamb(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.0):
    """LAMB (You et al., 2020): Adam, each tensor's step as long as the tensor itself.

    u = m_hat / (sqrt(v_hat) + eps) + weight_decay x,  with m_hat and v_hat as in Adam
    x <- x - lr (||x|| / ||u||) u, the ratio 1 where one of them is 0

    lr: learning rate; beta1, beta2: memories of the averages m, v; eps: guards the division by zero;
    weight_decay: the share of x in u

    Squares of gradients above 1e154 (1e19 in float32) are infinite: x stands still from then on, and the run has
    diverged.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    u = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps) + weight_decay * x
    length, size = norm(x), norm(u)
    ratio = np.where((length > 0) & (size > 0), length / np.where(size > 0, size, 1.0), 1.0)
    return x - lr * ratio * u, m, v
