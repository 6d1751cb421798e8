import numpy as np

from optlab import optimizer


@optimizer(exempt={"comes_to_rest": "it takes the sign of the momentum, however small that has become"})
def lion(x, g, m=0.0, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Lion, evolved sign momentum (Chen et al., 2023).

    x <- x - lr (sign(beta1 m + (1 - beta1) g) + weight_decay x)
    m <- beta2 m + (1 - beta2) g

    lr: learning rate, the length of every step; beta1: weight of the momentum m in the step;
    beta2: memory of m; weight_decay: decoupled weight decay
    """
    direction = np.sign(beta1 * m + (1 - beta1) * g)
    return x - lr * (direction + weight_decay * x), beta2 * m + (1 - beta2) * g


def test_lion_two_steps_by_hand():
    x, m = lion(1.0, 2.0, 0.0, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose((x, m), (0.85, 0.02), rtol=1e-15)  # 1 - 0.1 (sign(0.2) + 0.5)
    x, m = lion(x, -0.19, m, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose((x, m), (0.9075, 0.0179), rtol=1e-15)  # 0.85 - 0.1 (sign(0.018 - 0.019) + 0.425)
