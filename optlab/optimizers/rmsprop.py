import numpy as np

from optlab import optimizer


@optimizer
def rmsprop(x, g, v=0.0, *, lr=1e-2, alpha=0.99, eps=1e-8):
    """RMSProp (Tieleman & Hinton, 2012).

    v <- alpha v + (1 - alpha) g^2
    x <- x - lr g / (sqrt(v) + eps)

    lr: learning rate; alpha: memory of the average v of squared gradients; eps: guards the division by zero
    """
    v = alpha * v + (1 - alpha) * g**2
    return x - lr * g / (np.sqrt(v) + eps), v
