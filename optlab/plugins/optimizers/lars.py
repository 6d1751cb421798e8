import numpy as np

from optlab import optimizer
from optlab.plugins.scaling import norm


@optimizer(
    per="tensor",
    ranges={
        "lr": "[0, inf)",
        "beta": "[0, 1)",
        "trust": "(0, inf)",
        "eps": "[0, inf)",
        "weight_decay": "[0, inf)",
    },
)
def lars(x, g, b=0.0, *, lr=1.0, beta=0.9, trust=0.001, eps=0.0, weight_decay=0.0, nesterov=False):
    """LARS (You, Gitman & Ginsburg, 2017): momentum, with steps proportional to each tensor's norm.

    u = g + weight_decay x
    b <- beta b + lr trust (||x|| / (||u|| + eps)) u, where the factor is only lr if one of the norms is 0
    x <- x - b, with nesterov x <- x - (beta b + the last summand)

    lr: learning rate; beta: decay rate of the steps; trust: the length of a step as a share of ||x||; eps: avoids a
    division by zero; weight_decay: the share of x in u
    """
    u = g + weight_decay * x
    length, size = norm(x), norm(u)
    both = (length > 0) & (size > 0)
    ratio = np.where(both, trust * length / np.where(both, size + eps, 1.0), 1.0)
    step = lr * ratio * u
    b = beta * b + step
    return x - (beta * b + step if nesterov else b), b
