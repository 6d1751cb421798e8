"""The transformations of bbob functions, written so that gradients are finite everywhere.

A formula that is not smooth at 0 is evaluated away from 0 there, and `np.where` selects the value at 0. Then no
infinite slope is multiplied by 0.
"""

import numpy as np


def exponents(x):
    """i / (dim - 1) for i = 0, ..., dim - 1."""
    return np.arange(x.size) / (x.size - 1)


def oscillated(x):
    """T_osz: small irregular waves around the identity, relative to the logarithm of |x|.

    sign(x) exp(l + 0.049 (sin(c1 l) + sin(c2 l))) with l = log |x|; c1 = 10, c2 = 7.9 for x > 0, else 5.5 and 3.1.
    """
    is_zero = x == 0
    waves = np.log(np.where(is_zero, 1.0, np.abs(x))) / 0.1
    above = waves + 0.49 * (np.sin(waves) + np.sin(0.79 * waves))
    below = waves + 0.49 * (np.sin(0.55 * waves) + np.sin(0.31 * waves))
    return np.where(is_zero, x, np.where(x > 0, 1.0, -1.0) * np.exp(0.1 * np.where(x > 0, above, below)))


def asymmetric(x, beta):
    """T_asy: x_i^(1 + beta i / (dim - 1) sqrt(x_i)) for x_i > 0, else x_i."""
    positive = np.where(x > 0, x, 1.0)
    return np.where(x > 0, positive ** (1 + beta * exponents(x) * np.sqrt(positive)), x)


def penalty(x):
    """The squared distance to [-5, 5]^dim."""
    return np.sum(np.maximum(np.abs(x) - 5, 0.0) ** 2)


def power(x, exponent):
    """x^exponent for x >= 0, with slope 0 at 0."""
    return np.where(x > 0, np.where(x > 0, x, 1.0) ** exponent, 0.0)


def rounded(x):
    """The nearest integer; halves are rounded up."""
    return np.floor(x + 0.5)
