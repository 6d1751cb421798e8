import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)"},
    invariant=("scale", "translation"),
    references={"optax:sign_sgd": {"learning_rate": "lr"}},
)
def signsgd(x, g, *, lr=1e-3):
    """SignSGD (Bernstein et al., 2018): gradient descent with the signs of the gradient only.

    x <- x - lr sign(g)

    lr: learning rate, the length of every step
    """
    return x - lr * np.sign(g)
