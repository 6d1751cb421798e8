from optlab import problem


@problem(domain=(-4.5, 4.5), start=(1.0, 1.5), minimum=(3.0, 0.5), dim=2)
def beale(x):
    """A flat valley between steep corners.

    f(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2, on [-4.5, 4.5]^2.
    Minimum 0 at (3, 0.5).
    Source: Beale (1958).
    """
    x0, x1 = x
    return (1.5 - x0 + x0 * x1) ** 2 + (2.25 - x0 + x0 * x1**2) ** 2 + (2.625 - x0 + x0 * x1**3) ** 2
