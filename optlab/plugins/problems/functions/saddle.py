from optlab import problem


@problem(domain=(-2.0, 2.0), start=(-1.8, 0.001), minimum=((0.0, 1.0), (0.0, -1.0)), dim=2)
def saddle(x):
    """A saddle point between two minima; the start leads straight to it.

    f(x, y) = x^2 / 2 + (y^2 - 1)^2 / 4, on [-2, 2]^2. Saddle point at the origin, minimum 0 at (0, 1) and (0, -1). In
    contrast to x^2 - y^2, f is bounded below by its quartic term, so that final losses can be compared. The distance of
    the start from the axis y = 0 is 0.001. On this axis, gradient descent converges to the saddle point.
    Source: Nesterov (2004), example 1.2.2, plus 1/4 so that the minimum is 0.
    """
    x0, x1 = x
    return x0**2 / 2 + (x1**2 - 1) ** 2 / 4
