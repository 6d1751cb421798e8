import numpy as np

from optlab import optimizer


@optimizer
def nesterov(x, g, b=0.0, *, lr=1e-3, beta=0.9):
    """Nesterov's accelerated gradient (1983), in the form of Sutskever et al. (2013) that torch uses.

    b <- beta b + g
    x <- x - lr (g + beta b)

    lr: learning rate; beta: how much of its velocity b the ball keeps per step
    """
    b = beta * b + g
    return x - lr * (g + beta * b), b


def test_nesterov_two_steps_by_hand():
    x, b = nesterov(1.0, 2.0, 0.0, lr=0.1, beta=0.9)
    np.testing.assert_allclose((x, b), (0.62, 2.0), rtol=1e-15)  # 1 - 0.1 (2 + 0.9 * 2)
    x, b = nesterov(x, -1.0, b, lr=0.1, beta=0.9)
    np.testing.assert_allclose((x, b), (0.648, 0.8), rtol=1e-15)  # b = 0.9 * 2 - 1, 0.62 - 0.1 (-1 + 0.9 * 0.8)
