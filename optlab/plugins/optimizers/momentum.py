from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta": "[0, 1)"},
    invariant=("translation",),
    references={
        "torch:SGD": {"lr": "lr", "momentum": "beta"},
        "optax:sgd": {"learning_rate": "lr", "momentum": "beta"},
    },
)
def momentum(x, g, b=0.0, *, lr=1e-3, beta=0.9, lr_inside=False):
    """Momentum, the heavy ball (Polyak, 1964).

    b <- beta b + g
    x <- x - lr b

    lr: learning rate; beta: the share of the velocity b that is kept in each step; lr_inside: b <- beta b + lr g and
    x <- x - b as in Keras, a different path only if lr changes during the run
    """
    if lr_inside:
        b = beta * b + lr * g
        return x - b, b
    b = beta * b + g
    return x - lr * b, b
