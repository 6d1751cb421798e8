from optlab import problem


@problem(domain=(-10.0, 10.0), start=(-8.0, 8.0), minimum=(1.0, 3.0), dim=2)
def booth(x):
    """A tilted bowl, a little elongated (condition number 9).

    f(x, y) = (x + 2 y - 7)^2 + (2 x + y - 5)^2, on [-10, 10]^2. Minimum 0 at (1, 3).
    Source: Jamil & Yang (2013).
    """
    x0, x1 = x
    return (x0 + 2 * x1 - 7) ** 2 + (2 * x0 + x1 - 5) ** 2
