from optlab import optimizer


@optimizer
def gd(x, g, *, lr=1e-3):
    """Gradient descent (Cauchy, 1847).

    x <- x - lr g

    lr: learning rate
    """
    return x - lr * g
