from optlab import problem


@problem(domain=(-5.0, 5.0), start=(-2.0, 4.0), minimum=(0.0, 0.0), dim=2)
def three_hump_camel(x):
    """A deep basin between two shallower ones.

    f(x, y) = 2 x^2 - 1.05 x^4 + x^6 / 6 + x y + y^2, on [-5, 5]^2. Minimum 0 at the origin;
    local minima 0.2986 at (1.7476, -0.8738) and (-1.7476, 0.8738).
    Source: Branin (1972).
    """
    x0, x1 = x
    return 2 * x0**2 - 1.05 * x0**4 + x0**6 / 6 + x0 * x1 + x1**2
