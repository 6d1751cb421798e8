from optlab import optimizer


@optimizer(
    ranges={"lr": "[0, inf)", "beta1": "[0, 1)", "beta2": "[0, 1)", "beta3": "[0, 1)"},
    invariant=("translation",),
)
def aggmo(x, g, a=0.0, b=0.0, c=0.0, *, lr=1e-3, beta1=0.0, beta2=0.9, beta3=0.99):
    """Aggregated momentum (Lucas et al., 2019): three velocities, each with a memory of its own.

    a <- beta1 a + g,  b <- beta2 b + g,  c <- beta3 c + g
    x <- x - lr (a + b + c) / 3

    lr: learning rate; beta1, beta2, beta3: how much of each velocity is kept per step
    """
    a, b, c = beta1 * a + g, beta2 * b + g, beta3 * c + g
    return x - lr * (a + b + c) / 3, a, b, c
