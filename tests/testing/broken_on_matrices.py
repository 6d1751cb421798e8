"""Rules for tensors that are right on a vector, and broken on a matrix.

`BROKEN` has for each rule the check that rejects it, and a part of the message.
"""

import numpy as np

from optlab import optimizer


@optimizer(per="tensor")
def ascends(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Uphill."""
    m = beta * m + g
    return x + lr * m if x.ndim == 2 else x - lr * m, m


@optimizer(per="tensor")
def divides_by_norms_of_rows(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Each row by its norm, without an eps."""
    m = beta * m + g
    return x - lr * (m / np.sqrt(np.sum(m * m, axis=1, keepdims=True)) if x.ndim == 2 else m), m


@optimizer(per="tensor")
def divides_by_columns(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """The norms of the rows, laid along the columns."""
    m = beta * m + g
    return x - lr * (m / (1e-8 + np.sqrt(np.sum(m * m, axis=1))) if x.ndim == 2 else m), m


@optimizer(per="tensor")
def writes_in_place(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """m *= ..."""
    if x.ndim == 2:
        m *= beta
        m += g
    else:
        m = beta * m + g
    return x - lr * m, m


@optimizer(per="tensor")
def becomes_float64(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """A constant in float64."""
    m = beta * m + g
    return x - lr * (m * np.ones(x.shape) if x.ndim == 2 else m), m


@optimizer(per="tensor")
def cannot_be_traced(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Python decides by a number."""
    m = beta * m + g
    return x - lr * (m if x.ndim == 1 or np.sum(m * m) > 1 else 0.5 * m), m


@optimizer(per="tensor")
def freezes_what_python_looks_at(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Another step where x is an array of NumPy's own."""
    m = beta * m + g
    return x - lr * (2 * m if x.ndim == 2 and isinstance(x, np.ndarray) else m), m


@optimizer(per="tensor", invariant=("scale",))
def is_not_invariant(x, g, *, lr=0.01):
    """Signs of a vector, the gradient itself of a matrix."""
    return x - lr * (np.sign(g) if x.ndim == 1 else g)


@optimizer(per="tensor", ranges={"beta": "[0, 1]"})
def allows_a_beta_of_one(x, g, *, t, lr=0.01, beta=0.5):
    """A correction that divides by zero."""
    return x - lr * (g / (1 - beta**t) if x.ndim == 2 else g * beta)


@optimizer(per="tensor")
def forgets_beta(x, g, *, lr=0.01, beta=0.9):
    """beta has a part neither in vectors nor in matrices."""
    return x - lr * (2 * g if x.ndim == 2 else g)


BROKEN = [
    (ascends, "first_step_goes_downhill", "the product is 1."),
    (ascends, "converges[quadratic]", "for a matrix x of shape (2, 3)"),
    (divides_by_norms_of_rows, "finite_on_zero_gradient", "x = [[nan nan nan]"),
    (divides_by_norms_of_rows, "stands_still_without_slope", "[nan nan nan]"),
    (divides_by_columns, "returns_x_and_state", "shapes (2,3) (2,)"),
    (writes_in_place, "keeps_inputs", "argument m in place"),
    (becomes_float64, "keeps_dtype[float32]", "returns x as float64"),
    (cannot_be_traced, "can_be_traced", "broken_on_matrices.py:"),
    (freezes_what_python_looks_at, "traced_equals_numpy", "the same numbers both ways"),
    (is_not_invariant, "invariant[scale]", "when the loss is multiplied by 1024"),
    (allows_a_beta_of_one, "holds_its_ranges", "leave the end out"),
    (forgets_beta, "every_hyperparameter_matters", "whatever beta is"),
]
