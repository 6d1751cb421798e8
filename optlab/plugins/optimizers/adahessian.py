import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "eps": "(0, inf)", "power": "(0, 1]"},
    invariant=("translation",),
)
def adahessian(x, g, m=0.0, v=0.0, *, t, hvp, rng, lr=0.15, beta1=0.9, beta2=0.999, eps=1e-4, power=1.0):
    """AdaHessian (Yao et al., 2021): Adam with the diagonal of the Hessian in place of the gradient's square.

    z = random entries +1 or -1,  h = z * H z
    m <- beta1 m + (1 - beta1) g,    m_hat = m / (1 - beta1^t)
    v <- beta2 v + (1 - beta2) h^2,  v_hat = v / (1 - beta2^t)
    x <- x - lr m_hat / (v_hat^(power / 2) + eps)

    The mean of h over all z is the diagonal of the Hessian H (Hutchinson, 1989). For convolutional networks, the paper
    also averages h over the entries of a filter. This average is not included.

    lr: learning rate; beta1, beta2: decay rates of the averages m, v; eps: avoids a division by zero; power: exponent
    of the curvature, 1 for its full effect

    Squares of curvatures above 1e154 (1e19 in float32) overflow to infinity. From then on, x does not change, and the
    run counts as diverged.
    """
    z = np.where(rng.random(x.shape) < 0.5, -1.0, 1.0).astype(x.dtype)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (z * hvp(z)) ** 2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * m_hat / (np.sqrt(v_hat) ** power + eps), m, v
