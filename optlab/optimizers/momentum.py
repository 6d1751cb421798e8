from optlab import optimizer


@optimizer
def momentum(x, g, b=0.0, *, lr=1e-3, beta=0.9):
    """Momentum, the heavy ball (Polyak, 1964).

    b <- beta b + g
    x <- x - lr b

    lr: learning rate; beta: how much of its velocity b the ball keeps per step
    """
    b = beta * b + g
    return x - lr * b, b
