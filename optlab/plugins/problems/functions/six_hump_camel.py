from optlab import problem


@problem(
    domain=((-3.0, 3.0), (-2.0, 2.0)),
    start=(-2.5, 1.5),
    minimum=((0.08984201310031806, -0.7126564030207396), (-0.08984201310031806, 0.7126564030207396)),
    dim=2,
)
def six_hump_camel(x):
    """Six basins, two of them deepest.

    f(x, y) = (4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (4 y^2 - 4) y^2, on [-3, 3] x [-2, 2].
    Minimum -1.031628453489877 at (0.0898, -0.7127) and (-0.0898, 0.7127).
    Source: Branin (1972); Dixon & Szegö (1978).
    """
    x0, x1 = x
    return (4 - 2.1 * x0**2 + x0**4 / 3) * x0**2 + x0 * x1 + (4 * x1**2 - 4) * x1**2
