from optlab import problem


@problem(domain=(-10.0, 10.0), start=(-9.0, -4.0), minimum=(0.0, 0.0), dim=2)
def matyas(x):
    """A shallow diagonal valley (condition number 25).

    f(x, y) = 0.26 (x^2 + y^2) - 0.48 x y, on [-10, 10]^2. Minimum 0 at the origin.
    Source: Matyas (1965).
    """
    x0, x1 = x
    return 0.26 * (x0**2 + x1**2) - 0.48 * x0 * x1
