import numpy as np

from optlab import lookup, problem
from optlab.plugins.problems.bbob.instances import (
    INSTANCES,
    conditioned,
    gauss,
    matrix,
    minimum_of,
    offset,
    right_rotation,
    seed_of,
    size_of,
    spread_position,
    table_of,
    uniform,
    vector,
)
from optlab.plugins.problems.bbob.transformations import exponents, oscillated, penalty, rounded

_BBOB = {"domain": (-5.0, 5.0), "ranges": {"instance": INSTANCES}}

SCHWEFEL = 4.2096874637
LUNACEK = 2.5


def signs(function, dim, instance):
    """Random signs of the coordinates of f20."""
    return np.where(uniform(dim, seed_of(function, instance)) < 0.5, -1.0, 1.0)


def signed(function, dim, instance):
    """The minimum of f20."""
    return SCHWEFEL / 2 * signs(function, dim, instance)


def normal_signs(function, dim, instance):
    """The minimum of f24."""
    return np.where(gauss(dim, seed_of(function, instance)) < 0, -LUNACEK / 2, LUNACEK / 2)


# ---- f21 and f22: peaks ----------------------------------------------------------------------------------------------

PEAKS = {21: 101, 22: 21}
WIDTHS = {21: (10.0, 5.0), 22: (9.8, 4.9)}
FIRST_CONDITION = {21: np.sqrt(1000.0), 22: 1000.0}


def peak_positions(function, dim, instance):
    """The positions of the peaks, shape (peaks, dim); the first is the highest."""
    width, centre = WIDTHS[function]
    drawn = uniform(dim * PEAKS[function], seed_of(function, instance)).reshape(PEAKS[function], dim)
    positions = width * drawn - centre
    positions[0] *= 0.8
    return positions


def highest_peak(function, dim, instance):
    """The minimum of f21 and f22."""
    return peak_positions(function, dim, instance)[0]


def rotated_peaks(function, dim, instance):
    """The positions of the peaks after the rotation."""
    return peak_positions(function, dim, instance) @ right_rotation(function, dim, instance).T


def peak_scales(function, dim, instance):
    """The sensitivities of each peak along the rotated axes, shape (peaks, dim): random conditions and orders."""
    count, seed = PEAKS[function], seed_of(function, instance)
    order = np.argsort(uniform(count - 1, seed), kind="stable")
    conditions = np.concatenate([[FIRST_CONDITION[function]], 1000.0 ** (order / (count - 2))])
    orders = np.stack([np.argsort(uniform(dim, seed + 1000 * i), kind="stable") for i in range(count)])
    return conditions[:, None] ** (orders / (dim - 1) - 0.5)


def peaks(function, x, instance):
    """Gallagher's Gaussian peaks."""
    dim, count = size_of(x), PEAKS[function]
    places, scales = (
        lookup(table_of(data, function, dim), instance, shape=(count, dim)) for data in (rotated_peaks, peak_scales)
    )
    heights = np.concatenate([[10.0], 1.1 + 8.0 * np.arange(count - 1) / (count - 2)])
    z = matrix(right_rotation, function, x, instance) @ x
    highest = np.max(heights * np.exp(-np.sum(scales * (z - places) ** 2, axis=1) / (2 * dim)))
    return oscillated(10 - highest) ** 2 + penalty(x) + offset(function, instance)


@problem(minimum=minimum_of(signed, 20), **_BBOB)
def bbob_f20(x, *, instance=1.0):
    """bbob f20, Schwefel: the best of 2^n corners is unrelated to the others.

    f(x) = -1/(100 n) sum_i z_i sin(sqrt(abs(z_i))) + 4.189828872724339 + penalty(z / 100) 100 + f_opt, with
    y = 2 sign(x_opt) x, u_0 = y_0, u_{i+1} = y_{i+1} + 0.25 (y_i - 2 abs(x_opt_i)),
    z = 100 (Lambda^10 (u - 2 abs(x_opt)) + 2 abs(x_opt)). Minimum f_opt at x_opt, to 1e-8.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    y = 2 * vector(signs, 20, x, instance) * x
    u = np.concatenate([y[:1], y[1:] + 0.25 * (y[:-1] - SCHWEFEL)])
    z = 100 * (np.sqrt(10.0) ** exponents(x) * (u - SCHWEFEL) + SCHWEFEL)
    outside = np.sum(np.maximum(np.abs(z) - 500, 0.0) ** 2)
    roots = np.where(z == 0, 0.0, np.sqrt(np.where(z == 0, 1.0, np.abs(z))))
    return 0.01 * (outside + 418.9828872724339 - np.sum(z * np.sin(roots)) / x.size) + offset(20, instance)


@problem(minimum=minimum_of(highest_peak, 21), **_BBOB)
def bbob_f21(x, *, instance=1.0):
    """bbob f21, Gallagher's 101 peaks: Gaussian peaks of random place, height and shape.

    f(x) = T_osz(10 - max_i w_i exp(-1/(2 n) (x - y_i)^T R^T C_i R (x - y_i)))^2 + penalty(x) + f_opt.
    Minimum f_opt at the highest peak.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    return peaks(21, x, instance)


@problem(minimum=minimum_of(highest_peak, 22), **_BBOB)
def bbob_f22(x, *, instance=1.0):
    """bbob f22, Gallagher's 21 peaks: as f21, with fewer peaks and a narrower highest one.

    f(x) = T_osz(10 - max_i w_i exp(-1/(2 n) (x - y_i)^T R^T C_i R (x - y_i)))^2 + penalty(x) + f_opt.
    Minimum f_opt at the highest peak.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    return peaks(22, x, instance)


@problem(minimum=minimum_of(spread_position, 23), **_BBOB)
def bbob_f23(x, *, instance=1.0):
    """bbob f23, Katsuura: rugged at all scales; the slope exists almost nowhere and says nothing.

    f(x) = 10/n^2 prod_i (1 + (i + 1) sum_j abs(2^j z_i - round(2^j z_i)) / 2^j)^(10 / n^1.2) - 10/n^2 + penalty(x)
    + f_opt, i = 0, ..., n - 1, j = 1, ..., 32, z = R Lambda^100 Q (x - x_opt). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    n = x.size
    best = vector(spread_position, 23, x, instance)
    z = matrix(conditioned, 23, x, instance, condition=100.0) @ (x - best)
    scales = 2.0 ** np.arange(1, 33)
    scaled = z[:, None] * scales
    rugged = np.sum(np.abs(scaled - rounded(scaled)) / scales, axis=1)
    product = np.prod(1 + np.arange(1, n + 1) * rugged)
    return 10 / n**2 * (product ** (10 / n**1.2) - 1) + penalty(x) + offset(23, instance)


@problem(minimum=minimum_of(normal_signs, 24), **_BBOB)
def bbob_f24(x, *, instance=1.0):
    """bbob f24, Lunacek bi-Rastrigin: two funnels, the wider one leads to a worse minimum.

    f(x) = min(sum_i (y_i - 2.5)^2, n + s sum_i (y_i - m)^2) + 10 (n - sum_i cos(2 pi z_i)) + 1e4 penalty(x) + f_opt,
    y = 2 sign(x_opt) x, z = R Lambda^100 Q (y - 2.5), s = 1 - 1 / (2 sqrt(n + 20) - 8.2), m = -sqrt((2.5^2 - 1) / s).
    Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    n = x.size
    y = 2 / (LUNACEK / 2) * vector(normal_signs, 24, x, instance) * x
    z = matrix(conditioned, 24, x, instance, condition=100.0) @ (y - LUNACEK)
    s = 1 - 0.5 / (np.sqrt(n + 20) - 4.1)
    other = -np.sqrt((LUNACEK**2 - 1) / s)
    funnels = np.minimum(np.sum((y - LUNACEK) ** 2), n + s * np.sum((y - other) ** 2))
    return funnels + 10 * (n - np.sum(np.cos(2 * np.pi * z))) + 1e4 * penalty(x) + offset(24, instance)
