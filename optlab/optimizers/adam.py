import numpy as np

from optlab import optimizer


@optimizer
def adam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam (Kingma & Ba, 2015).

    m <- beta1 m + (1 - beta1) g,    m_hat = m / (1 - beta1^t)
    v <- beta2 v + (1 - beta2) g^2,  v_hat = v / (1 - beta2^t)
    x <- x - lr m_hat / (sqrt(v_hat) + eps)

    lr: learning rate; beta1, beta2: memories of the averages m, v of gradients and of their squares;
    eps: guards the division by zero
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
