import numpy as np

from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "weight_decay": "[0, inf)"},
    invariant=("scale", "translation"),
    references={
        "optax:lion": {"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "weight_decay": "weight_decay"},
    },
    exempt={"comes_to_rest": "its steps are the sign of the momentum, even if the momentum is small"},
)
def lion(x, g, m=0.0, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Lion, sign momentum found by program search (Chen et al., 2023).

    x <- x - lr (sign(beta1 m + (1 - beta1) g) + weight_decay x)
    m <- beta2 m + (1 - beta2) g

    lr: learning rate, the length of every step; beta1: weight of the momentum m in the step;
    beta2: decay rate of m; weight_decay: decoupled weight decay
    """
    direction = np.sign(beta1 * m + (1 - beta1) * g)
    return x - lr * (direction + weight_decay * x), beta2 * m + (1 - beta2) * g
