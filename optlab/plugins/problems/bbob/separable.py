import numpy as np

from optlab import problem
from optlab.plugins.problems.bbob.instances import INSTANCES, minimum_of, offset, spread_position, vector
from optlab.plugins.problems.bbob.transformations import asymmetric, exponents, oscillated, penalty

_BBOB = {"domain": (-5.0, 5.0), "ranges": {"instance": INSTANCES}}


def of_one_sign(function, dim, instance):
    """The minimum of f4: every other coordinate is positive."""
    position = spread_position(function, dim, instance)
    return np.where(np.arange(dim) % 2 == 0, np.abs(position), position)


def corner(function, dim, instance):
    """A random corner of [-5, 5]^dim."""
    return np.where(spread_position(function, dim, instance) > 0, 5.0, -5.0)


@problem(minimum=minimum_of(spread_position, 1), **_BBOB)
def bbob_f1(x, *, instance=1.0):
    """bbob f1, sphere.

    f(x) = |z|^2 + f_opt, z = x - x_opt. Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = x - vector(spread_position, 1, x, instance)
    return np.sum(z**2) + offset(1, instance)


@problem(minimum=minimum_of(spread_position, 2), **_BBOB)
def bbob_f2(x, *, instance=1.0):
    """bbob f2, separable ellipsoid: condition 1e6, with small waves.

    f(x) = sum_i 10^(6 i / (n - 1)) z_i^2 + f_opt, z = T_osz(x - x_opt). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = oscillated(x - vector(spread_position, 2, x, instance))
    return np.sum(1e6 ** exponents(x) * z**2) + offset(2, instance)


@problem(minimum=minimum_of(spread_position, 3), **_BBOB)
def bbob_f3(x, *, instance=1.0):
    """bbob f3, separable Rastrigin: about 10^n local minima, asymmetric.

    f(x) = 10 (n - sum_i cos(2 pi z_i)) + |z|^2 + f_opt, z = Lambda^10 T_asy^0.2(T_osz(x - x_opt)).
    Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = np.sqrt(10.0) ** exponents(x) * asymmetric(oscillated(x - vector(spread_position, 3, x, instance)), 0.2)
    return 10 * (x.size - np.sum(np.cos(2 * np.pi * z))) + np.sum(z**2) + offset(3, instance)


@problem(minimum=minimum_of(of_one_sign, 4), **_BBOB)
def bbob_f4(x, *, instance=1.0):
    """bbob f4, Bueche-Rastrigin: about 10^n local minima, with a larger scale on one side of the minimum.

    f(x) = 10 (n - sum_i cos(2 pi z_i)) + |z|^2 + 100 penalty(x) + f_opt, z_i = s_i T_osz(x - x_opt)_i, where
    s_i = 10^(i / 2 (n - 1)), ten times that for positive entries with an even index (from 0).
    Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    y = oscillated(x - vector(of_one_sign, 4, x, instance))
    is_stretched = (y > 0) & (np.arange(x.size) % 2 == 0)
    z = np.sqrt(10.0) ** exponents(x) * np.where(is_stretched, 10.0, 1.0) * y
    value = 10 * (x.size - np.sum(np.cos(2 * np.pi * z))) + np.sum(z**2)
    return value + 100 * penalty(x) + offset(4, instance)


@problem(minimum=minimum_of(corner, 5), **_BBOB)
def bbob_f5(x, *, instance=1.0):
    """bbob f5, linear slope to a corner of the domain; flat beyond it.

    f(x) = sum_i 5 |s_i| - s_i z_i + f_opt, s_i = sign(x_opt_i) 10^(i / (n - 1)), z_i = x_i where x_i x_opt_i < 25, else
    x_opt_i. Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    best = vector(corner, 5, x, instance)
    z = np.where(x * best < 25, x, best)
    slopes = best / 5 * 10 ** exponents(x)
    return np.sum(5 * np.abs(slopes) - slopes * z) + offset(5, instance)
