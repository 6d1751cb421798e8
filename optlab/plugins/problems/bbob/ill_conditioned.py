import numpy as np

from optlab import problem
from optlab.plugins.problems.bbob.instances import (
    INSTANCES,
    conditioned,
    left_rotation,
    matrix,
    minimum_of,
    offset,
    spread_position,
    vector,
)
from optlab.plugins.problems.bbob.transformations import asymmetric, exponents, oscillated, power

_BBOB = {"domain": (-5.0, 5.0), "ranges": {"instance": INSTANCES}}


def position_of_f12(function, dim, instance):
    """The minimum of f12, from another seed than the others."""
    return spread_position(function, dim, instance, more=1000000)


@problem(minimum=minimum_of(spread_position, 10), **_BBOB)
def bbob_f10(x, *, instance=1.0):
    """bbob f10, rotated ellipsoid: condition 1e6, with small waves.

    f(x) = sum_i 10^(6 i / (n - 1)) z_i^2 + f_opt, z = T_osz(R (x - x_opt)). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = oscillated(matrix(left_rotation, 10, x, instance) @ (x - vector(spread_position, 10, x, instance)))
    return np.sum(1e6 ** exponents(x) * z**2) + offset(10, instance)


@problem(minimum=minimum_of(spread_position, 11), **_BBOB)
def bbob_f11(x, *, instance=1.0):
    """bbob f11, discus: one direction is 1000 times as sensitive as all others.

    f(x) = 1e6 z_0^2 + sum_{i > 0} z_i^2 + f_opt, z = T_osz(R (x - x_opt)). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = oscillated(matrix(left_rotation, 11, x, instance) @ (x - vector(spread_position, 11, x, instance)))
    return 1e6 * z[0] ** 2 + np.sum(z[1:] ** 2) + offset(11, instance)


@problem(minimum=minimum_of(position_of_f12, 12), **_BBOB)
def bbob_f12(x, *, instance=1.0):
    """bbob f12, bent cigar: a narrow bent ridge.

    f(x) = z_0^2 + 1e6 sum_{i > 0} z_i^2 + f_opt, z = R T_asy^0.5(R (x - x_opt)). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    rotated = matrix(left_rotation, 12, x, instance)
    z = rotated @ asymmetric(rotated @ (x - vector(position_of_f12, 12, x, instance)), 0.5)
    return z[0] ** 2 + 1e6 * np.sum(z[1:] ** 2) + offset(12, instance)


@problem(minimum=minimum_of(spread_position, 13), **_BBOB)
def bbob_f13(x, *, instance=1.0):
    """bbob f13, sharp ridge: a ridge that is not smooth, with a gentle slope along it.

    f(x) = z_0^2 + 100 sqrt(sum_{i > 0} z_i^2) + f_opt, z = R Lambda^10 Q (x - x_opt). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    best = vector(spread_position, 13, x, instance)
    z = matrix(conditioned, 13, x, instance, condition=10.0) @ (x - best)
    return z[0] ** 2 + 100 * power(np.sum(z[1:] ** 2), 0.5) + offset(13, instance)


@problem(minimum=minimum_of(spread_position, 14), **_BBOB)
def bbob_f14(x, *, instance=1.0):
    """bbob f14, sum of different powers: the sensitivities differ more and more towards the minimum.

    f(x) = sqrt(sum_i |z_i|^(2 + 4 i / (n - 1))) + f_opt, z = R (x - x_opt). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = matrix(left_rotation, 14, x, instance) @ (x - vector(spread_position, 14, x, instance))
    return power(np.sum(np.abs(z) ** (2 + 4 * exponents(x))), 0.5) + offset(14, instance)
