from optlab import problem


@problem(domain=(-2.0, 2.0), start=(-1.5, 0.5), minimum=(0.0, -1.0), dim=2)
def goldstein_price(x):
    """Crossing valleys, with values over six decades.

    f(x, y) = [1 + (x + y + 1)^2 (19 - 14 x + 3 x^2 - 14 y + 6 x y + 3 y^2)]
            * [30 + (2 x - 3 y)^2 (18 - 32 x + 12 x^2 + 48 y - 36 x y + 27 y^2)], on [-2, 2]^2.
    Minimum 3 at (0, -1); local minima 30 at (-0.6, -0.4), 84 at (1.8, 0.2) and 840 at (1.2, 0.8).
    Source: Goldstein & Price (1971).
    """
    x0, x1 = x
    p = 19 - 14 * x0 + 3 * x0**2 - 14 * x1 + 6 * x0 * x1 + 3 * x1**2
    q = 18 - 32 * x0 + 12 * x0**2 + 48 * x1 - 36 * x0 * x1 + 27 * x1**2
    return (1 + (x0 + x1 + 1) ** 2 * p) * (30 + (2 * x0 - 3 * x1) ** 2 * q)
