from optlab import problem


@problem(
    domain=(-5.0, 5.0),
    start=(0.0, -0.5),
    minimum=(
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.2831859912861696),
        (3.5844283403304917, -1.8481265269644036),
    ),
    dim=2,
)
def himmelblau(x):
    """Four equal valleys around a hill.

    f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2, on [-5, 5]^2. Minimum 0 at (3, 2) and three more points.
    Source: Himmelblau (1972).
    """
    x0, x1 = x
    return (x0**2 + x1 - 11) ** 2 + (x0 + x1**2 - 7) ** 2
