import numpy as np

from optlab import optimizer


@optimizer(ranges={"lr": "[0, inf)", "beta": "[0, 1)", "base": "(1, inf)"}, invariant=("translation",))
def powersign(x, g, m=0.0, *, lr=1e-3, beta=0.9, base=np.e):
    """PowerSign, found by search (Bello et al., 2017): longer steps where the gradient keeps its sign.

    m <- beta m + (1 - beta) g
    x <- x - lr base^(sign(g) sign(m)) g

    lr: learning rate; beta: decay rate of the average m; base: the factor by which a step is longer or shorter
    """
    m = beta * m + (1 - beta) * g
    return x - lr * base ** (np.sign(g) * np.sign(m)) * g, m


def test_powersign_two_steps_by_hand():
    x, m = powersign(1.0, 2.0, 0.0, lr=0.1, base=2.0)
    np.testing.assert_allclose((x, m), (0.6, 0.2), rtol=1e-15)  # 1 - 0.1 * 2 * 2
    x, m = powersign(x, -1.0, m, lr=0.1, base=2.0)
    np.testing.assert_allclose((x, m), (0.65, 0.08), rtol=1e-15)  # m = 0.18 - 0.1, 0.6 + 0.1 / 2
