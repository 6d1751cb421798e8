import numpy as np

from optlab import problem, stop_gradient
from optlab.errors import UserError, did_you_mean

DECAY = np.log(1000.0)

SHAPES = {
    "line": lambda z: z,
    "abs": np.abs,
    "bend": lambda z: np.minimum(z, 0.5),
    "relu": lambda z: np.maximum(z, 0.0),
    "cliff": lambda z: np.where(z > 0, z, -10 * z),
    "ridge": lambda z: np.where(z > 0.5, z, 10 * z - 4.5),
    "exponential": lambda z: np.exp(DECAY * (z - 1)) / DECAY,
    "quadratic": lambda z: z**2 / 2,
    "gauss": lambda z: np.e / 2 * (1 - np.exp(-(z**2))),
    "laplace": lambda z: np.e * (1 - np.exp(-np.abs(z))),
}
WITH_MINIMUM = ("abs", "relu", "cliff", "quadratic", "gauss", "laplace")


def rotation(dim):
    """An orthogonal matrix for each dimension, drawn from the rotations once and for all."""
    q, r = np.linalg.qr(np.random.Generator(np.random.Philox(dim)).standard_normal((dim, dim)))
    return q * np.sign(np.diag(r))


def minimum(dim, shapes, rotated, **others):
    """The point with z = 0, if each of the shapes has its minimum there."""
    if any(shape not in WITH_MINIMUM for shape in shapes[:dim]):
        return None
    return 1 - rotation(dim).sum(axis=0) if rotated else np.zeros(dim)


@problem(domain=(-2.0, 2.0), start=(1.0,), minimum=minimum, ranges={"slope": "(0, inf)"})
def unit(x, *, slope=1.0, curl=0.0, shapes=("quadratic",), rotated=False):
    """One-dimensional prototypes of difficulties, one along each coordinate.

    f(x) = slope * sum_i F_i(z_i) for any n, with z = x, or if rotated z = Q (x - 1) + 1 with an orthogonal matrix Q.
    The shapes F_i are those of `shapes`, repeated cyclically. All start at z = 1 with the slope 1, except bend, which
    is flat above 0.5. abs, relu, cliff, quadratic, gauss and laplace have the minimum 0 at z = 0. line, bend, ridge
    and exponential have none.
    With `curl`, the gradient has the additional term curl * R x, where R turns each pair of coordinates by a quarter.
    This term is not the gradient of any function, and Hessian products do not have it.
    Source: Schaul, Antonoglou & Silver (2014), Unit tests for stochastic optimization.
    """
    for shape in shapes:
        if shape not in SHAPES:
            raise UserError(f"unit has no shape {shape!r}{did_you_mean(shape, SHAPES)}; there are {', '.join(SHAPES)}")
    z = rotation(x.size) @ (x - 1) + 1 if rotated else x
    used = shapes[: x.size]
    total = sum(np.sum(SHAPES[shape](z[first :: len(used)])) for first, shape in enumerate(used))
    pairs = x.size // 2 * 2
    if not pairs:
        return slope * total
    even, odd = x[0:pairs:2], x[1:pairs:2]
    turned = np.sum(
        (odd - stop_gradient(odd)) * stop_gradient(even) - (even - stop_gradient(even)) * stop_gradient(odd)
    )
    return slope * total + curl * turned
