from optlab import optimizer
from optlab.plugins.scaling import norm


@optimizer(
    ranges={"lr": "[0, inf)", "beta": "[0, 1)", "rho": "[0, inf)", "eps": "(0, inf)"}, invariant=("translation",)
)
def sam(x, g, b=0.0, *, grad, lr=1e-3, beta=0.9, rho=0.05, eps=1e-12):
    """Sharpness-aware minimization, SAM (Foret et al., 2021), with momentum.

    p = x + rho g / (|g| + eps)
    b <- beta b + grad f(p)
    x <- x - lr b

    lr: learning rate; beta: the share of the velocity b that is kept in each step; rho: radius of the neighbourhood in
    which p approximates the point of the largest loss; eps: avoids a division by zero
    """
    b = beta * b + grad(x + rho * g / (norm(g) + eps))
    return x - lr * b, b
