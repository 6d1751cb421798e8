from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)"},
    invariant=("translation",),
    references={"torch:SGD": {"lr": "lr"}, "optax:sgd": {"learning_rate": "lr"}},
)
def gd(x, g, *, lr=1e-3):
    """Gradient descent (Cauchy, 1847).

    x <- x - lr g

    lr: learning rate
    """
    return x - lr * g
