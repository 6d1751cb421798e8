"""The data of an instance of a bbob function: its minimum, its rotations and its offset, computed from their numbers.

All data come from one pseudo random generator, with a seed made of the function and the instance, as in COCO. So the
functions have the same values as in COCO, to rounding.
"""

import math
from functools import cache, lru_cache, partial

import numpy as np

from optlab import lookup
from optlab.errors import UserError

LARGEST_DIM = 40
INSTANCES = "{1, ..., 1000}"


def uniform(count, seed):
    """Numbers in (0, 1] of the minimal standard generator (Park & Miller, 1988) with a shuffle of 32 numbers."""
    state = max(abs(seed), 1)
    shuffled = [0] * 32
    for i in range(39, -1, -1):
        state = 16807 * state % 2147483647
        if i < 32:
            shuffled[i] = state
    last = shuffled[0]
    numbers = np.empty(count)
    for i in range(count):
        state = 16807 * state % 2147483647
        at = last // 67108865
        last, shuffled[at] = shuffled[at], state
        numbers[i] = last / 2.147483647e9
    return np.where(numbers == 0, 1e-99, numbers)


def gauss(count, seed):
    """Standard normal numbers (Box & Muller, 1958), with the functions of the C library.

    NumPy's may differ in the last digit, which a rotation enlarges where two of its columns are almost parallel.
    """
    drawn = uniform(2 * count, seed).tolist()
    pairs = zip(drawn[:count], drawn[count:], strict=True)
    numbers = np.array([math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v) for u, v in pairs])
    return np.where(numbers == 0, 1e-99, numbers)


def in_order(terms):
    """The sum along the first axis in the order of the terms, so that its last digit is that of a simple loop."""
    return np.cumsum(terms, axis=0)[-1]


@cache
def rotation(dim, seed):
    """A random orthogonal matrix: normal numbers, made orthogonal column by column (Gram & Schmidt)."""
    columns = gauss(dim * dim, seed).reshape(dim, dim)  # a row of this array is a column of the matrix
    for i in range(dim):
        for j in range(i):
            columns[i] -= in_order(columns[i] * columns[j]) * columns[j]
        columns[i] /= np.sqrt(in_order(columns[i] * columns[i]))
    return columns.T.copy()


def seed_of(function, instance):
    """The seed of a function and an instance. f4 has that of f3, and f18 that of f17."""
    return (function - 1 if function in (4, 18) else function) + 10000 * int(instance)


def spread_position(function, dim, instance, more=0):
    """Uniform in [-4, 4]^dim, on a grid of 1e-4: the minimum of most functions."""
    position = 8 * np.floor(1e4 * uniform(dim, seed_of(function, instance) + more)) / 1e4 - 4
    return np.where(position == 0, -1e-5, position)


def offset_of(function, instance):
    """f_opt, the value at the minimum: Cauchy distributed, rounded to two digits, at most 1000 in size."""
    seed = seed_of(function, instance)
    drawn = np.floor(100 * 100 * gauss(1, seed)[0] / gauss(1, seed + 1)[0] + 0.5) / 100
    return min(1000.0, max(-1000.0, drawn))


def left_rotation(function, dim, instance):
    """The matrix R of the report."""
    return rotation(dim, seed_of(function, instance) + 1000000)


def right_rotation(function, dim, instance):
    """The matrix Q of the report."""
    return rotation(dim, seed_of(function, instance))


def conditioned(function, dim, instance, condition):
    """The matrix R diag(condition^(i / 2 (dim - 1))) Q."""
    scale = np.sqrt(condition) ** (np.arange(dim) / (dim - 1))
    left, right = left_rotation(function, dim, instance) * scale, right_rotation(function, dim, instance)
    return in_order(left.T[:, :, None] * right[:, None, :])


# ---- for objectives: x and instance may be traced --------------------------------------------------------------------


def size_of(x):
    """The dimension of x, if bbob has functions of this dimension."""
    if not 2 <= x.size <= LARGEST_DIM:
        raise UserError(f"the functions of bbob have 2 to {LARGEST_DIM} parameters, not {x.size}")
    return x.size


def vector(data, function, x, instance, **settings):
    """A vector of the size of x that depends on the instance."""
    dim = size_of(x)
    return lookup(table_of(data, function, dim, **settings), instance, shape=(dim,))


def matrix(data, function, x, instance, **settings):
    """A square matrix of the size of x that depends on the instance."""
    dim = size_of(x)
    return lookup(table_of(data, function, dim, **settings), instance, shape=(dim, dim))


def offset(function, instance):
    """f_opt of the instance."""
    return lookup(table_of(offset_of, function), instance)


@cache  # so that two traces get the same function
def table_of(data, function, *args, **settings):
    """The data of a function by its instance. They are kept, because several graphs use them."""
    return lru_cache(maxsize=100)(partial(data, function, *args, **settings))


def minimum_of(position, function):
    """The minimum of a function as its `minimum`: `position(function, dim, instance)`, where bbob has the dimension."""

    def minimum(dim, *, instance):
        return position(function, dim, instance) if 2 <= dim <= LARGEST_DIM else None

    return minimum
