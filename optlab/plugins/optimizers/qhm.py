from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta": "[0, 1)", "nu": "[0, 1]"},
    invariant=("translation",),
)
def qhm(x, g, m=0.0, *, lr=1e-3, beta=0.999, nu=0.7):
    """Quasi-hyperbolic momentum (Ma & Yarats, 2019): a weighted mean of gradient descent and momentum.

    m <- beta m + (1 - beta) g
    x <- x - lr ((1 - nu) g + nu m)

    lr: learning rate; beta: decay rate of the average m; nu: its weight in the step. nu = 0 is gradient
    descent, nu = beta is Nesterov's with the learning rate lr (1 - beta)
    """
    m = beta * m + (1 - beta) * g
    return x - lr * ((1 - nu) * g + nu * m), m
