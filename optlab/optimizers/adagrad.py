import numpy as np

from optlab import optimizer


@optimizer
def adagrad(x, g, s=0.0, *, t, lr=1e-2, lr_decay=0.0, eps=1e-10):
    """AdaGrad (Duchi, Hazan & Singer, 2011).

    s <- s + g^2
    x <- x - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)

    lr: learning rate; lr_decay: how fast it falls with the step t; eps: guards the division by zero
    """
    s = s + g**2
    return x - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s) + eps), s
