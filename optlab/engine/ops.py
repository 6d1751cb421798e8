"""The primitives: one row each. Name, NumPy implementation, shape rule, and one derivative rule per input.

A derivative rule gets the cotangent `g` of the output, the output `y` and the inputs, all as traced values. It returns
the cotangent of its input and is written in NumPy, so a gradient is again a graph. Rules ignore broadcasting, because
`vjp.py` undoes it for all rules. Rules longer than a line are in `vjp_rules.py`. Implementations and shape rules that
NumPy does not have are in `numpy_kernels.py`. The kinds of rows are in `op_kinds.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from optlab.engine import numpy_kernels, vjp_rules
from optlab.engine.nodes import Op
from optlab.engine.op_kinds import batched, elementwise, reduction, view, without_slope
from optlab.engine.vjp_rules import emit

_LN2, _LN10 = float(np.log(2.0)), float(np.log(10.0))

_ROWS = (
    # arithmetic
    elementwise("add", np.add, lambda g, y, a, b: g, lambda g, y, a, b: g),
    elementwise("subtract", np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g),
    elementwise("multiply", np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    elementwise("divide", np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * (y / b)),
    elementwise("remainder", np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b)),
    elementwise("fmod", np.fmod, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.rint((a - y) / b)),
    elementwise("negative", np.negative, lambda g, y, x: -g),
    elementwise("square", np.square, lambda g, y, x: (2.0 * g) * x),
    elementwise("reciprocal", np.reciprocal, lambda g, y, x: -g * np.square(y)),
    elementwise("sqrt", np.sqrt, lambda g, y, x: (0.5 * g) / emit("positive_zero", y)),
    elementwise("cbrt", np.cbrt, lambda g, y, x: g / (3.0 * np.square(y))),
    elementwise("power", numpy_kernels.power, vjp_rules.power_base, vjp_rules.power_exponent),
    elementwise("absolute", np.absolute, lambda g, y, x: g * emit("nan_slope", np.sign(x), x, x == 0)),
    elementwise(
        "hypot", np.hypot, lambda g, y, a, b: vjp_rules.cosine(g, a, y), lambda g, y, a, b: vjp_rules.cosine(g, b, y)
    ),
    # exponentials
    elementwise("exp", np.exp, lambda g, y, x: g * y),
    elementwise("exp2", np.exp2, lambda g, y, x: g * (_LN2 * y)),
    elementwise("expm1", np.expm1, lambda g, y, x: g * np.exp(x)),
    elementwise("log", np.log, lambda g, y, x: g / emit("positive_zero", x)),
    elementwise("log2", np.log2, lambda g, y, x: g / (_LN2 * emit("positive_zero", x))),
    elementwise("log10", np.log10, lambda g, y, x: g / (_LN10 * emit("positive_zero", x))),
    elementwise("log1p", np.log1p, lambda g, y, x: g / (1.0 + x)),
    elementwise(
        "logaddexp",
        np.logaddexp,
        lambda g, y, a, b: vjp_rules.softmax_of_two(g, a, b),
        lambda g, y, a, b: vjp_rules.softmax_of_two(g, b, a),
    ),
    elementwise("sigmoid", numpy_kernels.sigmoid, lambda g, y, x: g * emit("slope_of_sigmoid", y, x)),
    # trigonometry and hyperbolic functions
    elementwise("sin", np.sin, lambda g, y, x: g * np.cos(x)),
    elementwise("cos", np.cos, lambda g, y, x: g * -np.sin(x)),
    elementwise("sinc", numpy_kernels.sinc, vjp_rules.sinc),
    elementwise("tan", np.tan, lambda g, y, x: g * (1.0 + np.square(y))),
    elementwise("arcsin", np.arcsin, lambda g, y, x: g / np.sqrt(emit("one_minus_square", x))),
    elementwise("arccos", np.arccos, lambda g, y, x: -g / np.sqrt(emit("one_minus_square", x))),
    elementwise("arctan", np.arctan, lambda g, y, x: g / (1.0 + np.square(x))),
    elementwise(
        "arctan2",
        np.arctan2,
        lambda g, y, a, b: vjp_rules.turning(g, b, a, b),
        lambda g, y, a, b: vjp_rules.turning(-g, a, a, b),
    ),
    elementwise("sinh", np.sinh, lambda g, y, x: g * np.cosh(x)),
    elementwise("cosh", np.cosh, lambda g, y, x: g * np.sinh(x)),
    elementwise("tanh", np.tanh, lambda g, y, x: emit("over_cosh_square", g, np.cosh(x), x)),
    elementwise("arcsinh", np.arcsinh, lambda g, y, x: g / np.hypot(x, 1.0)),
    elementwise("arccosh", np.arccosh, lambda g, y, x: g / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))),
    elementwise("arctanh", np.arctanh, lambda g, y, x: g / emit("one_minus_square", x)),
    # slopes of the above as primitives: composed of other operations, their own slopes would lose digits near 0, or be
    # NaN at large numbers
    elementwise(
        "slope_of_sigmoid", numpy_kernels.slope_of_sigmoid, None, lambda g, y, of, x: -g * (y * np.tanh(0.5 * x))
    ),
    elementwise("one_minus_square", numpy_kernels.one_minus_square, lambda g, y, x: (-2.0 * g) * x),
    elementwise(
        "over_cosh_square",
        numpy_kernels.over_cosh_square,
        lambda g, y, a, c, x: emit("over_cosh_square", g, c, x),
        None,
        lambda g, y, a, c, x: g * (-2.0 * y * np.tanh(x)),
    ),
    # choices; their kinks are listed in docs/engine.md
    elementwise(
        "relu",
        numpy_kernels.relu,
        lambda g, y, x: np.where(vjp_rules.on(x), g, 0.0),
        taken=(lambda y, x: vjp_rules.on(x),),
    ),
    elementwise(
        "maximum",
        np.maximum,
        lambda g, y, a, b: vjp_rules.share_of_tie(g, a, b),
        lambda g, y, a, b: vjp_rules.share_of_tie(g, b, a),
        taken=(lambda y, a, b: a >= b, lambda y, a, b: b >= a),
    ),
    elementwise(
        "minimum",
        np.minimum,
        lambda g, y, a, b: vjp_rules.share_of_tie(g, b, a),
        lambda g, y, a, b: vjp_rules.share_of_tie(g, a, b),
        taken=(lambda y, a, b: a <= b, lambda y, a, b: b <= a),
    ),
    elementwise(
        "clip",
        numpy_kernels.clip,
        lambda g, y, x, low, high: np.where(vjp_rules.inside(y, x, low, high), g, 0.0),
        lambda g, y, x, low, high: np.where(vjp_rules.below(y, x, low, high), g, 0.0),
        lambda g, y, x, low, high: np.where(vjp_rules.above(y, x, low, high), g, 0.0),
        taken=(vjp_rules.inside, vjp_rules.below, vjp_rules.above),
    ),
    elementwise(
        "where",
        numpy_kernels.where,
        None,
        lambda g, y, c, a, b: np.where(c, g, 0.0),
        lambda g, y, c, a, b: np.where(c, 0.0, g),
        taken=(None, lambda y, c, a, b: c, lambda y, c, a, b: np.logical_not(c)),
    ),
    # used by derivatives only; when no derivative is taken any more, passes.settle drops all except the first two
    elementwise("gap", numpy_kernels.gap, lambda g, y, a, b: g, lambda g, y, a, b: -g),  # a - b; 0 for equal infinities
    elementwise("positive_zero", numpy_kernels.positive_zero, lambda g, y, x: g),  # x; 0 where it is -0
    elementwise("detach", np.positive, None),  # a value that is held fixed
    # x, marked for a comparison with y in a derivative rule. ties.py decides ties of x and y; if it cannot decide, the
    # third operand does
    elementwise("tie_mark", numpy_kernels.first, None, None, None),
    # c, whose derivative with respect to x is NaN where `at` is true, and 0 elsewhere
    elementwise(
        "nan_slope", numpy_kernels.first, lambda g, y, c, x, at: g, lambda g, y, c, x, at: vjp_rules.kink(g, at), None
    ),
    # x, whose derivative is 0 where the mask is false, for all slopes of earlier operations
    elementwise(
        "masked_gradient",
        numpy_kernels.first,
        lambda g, y, x, m: np.where(m, g, 0.0),
        None,
        taken=(lambda y, x, m: m, None),
    ),
    # "undefined_curvature" is 0 with the slope 0 in x; its second derivative is NaN where x is 0. "zero_slope" is this
    # slope times c
    elementwise("undefined_curvature", numpy_kernels.zeros, lambda g, y, x: emit("zero_slope", g, x)),
    elementwise("zero_slope", numpy_kernels.zeros, vjp_rules.zero_slope, lambda g, y, c, x: vjp_rules.kink(g, x == 0)),
    *without_slope(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.floor_divide, np.heaviside),
    *without_slope(np.isfinite, np.isinf, np.isnan, np.signbit),
    *without_slope(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *without_slope(np.logical_and, np.logical_or, np.logical_not, np.logical_xor),
    Op(
        "astype",
        "elementwise",
        numpy_kernels.astype,
        lambda x, *, dtype: (x.shape, np.dtype(dtype)),
        (lambda g, y, x, *, dtype: g.astype(x.dtype),),
    ),
    # reductions
    reduction("sum", np.add, lambda g, y, x, **how: vjp_rules.spread_over(g, x, **how), numpy_kernels.summed_type),
    reduction("max", np.maximum, vjp_rules.extremum),
    reduction("min", np.minimum, vjp_rules.extremum),
    # views
    view(
        "reshape",
        lambda a, shape, tail=(): a.reshape(shape + tail),
        numpy_kernels.reshaped_type,
        lambda g, y, x, *, shape: g.reshape(x.shape),
    ),
    view(
        "transpose",
        lambda a, axes, tail=(): a.transpose((*axes, *range(len(axes), a.ndim))),
        lambda a, *, axes: (tuple(a.shape[i] for i in axes), a.dtype),
        lambda g, y, x, *, axes: np.transpose(g, tuple(np.argsort(axes).tolist())),
    ),
    view(
        "broadcast_to",
        numpy_kernels.stretched,
        numpy_kernels.stretched_type,
        lambda g, y, x, *, shape: g,  # vjp.py sums over broadcast axes
    ),
    view(
        "getitem",
        lambda a, index, tail=(): a[index],
        numpy_kernels.indexed_type,
        lambda g, y, x, *, index: emit("place", g, shape=x.shape, indices=(index,)),
    ),
    # zeros of a shape with pieces added at basic indices: concatenation, padding, and the transpose of slicing
    Op(
        "place",
        "place",
        numpy_kernels.place,
        lambda *pieces, shape, indices: (shape, np.result_type(*(p.dtype for p in pieces))),
        (vjp_rules.place,),
        linear=True,
        variadic=True,
    ),
    # rows of an array by integer index, and the transpose of this selection
    Op(
        "take",
        "take",
        lambda a, index: a[index],
        lambda a, index: ((*index.shape, *a.shape[1:]), a.dtype),
        (lambda g, y, a, index: emit("add_at", g, index, shape=a.shape), None),
        linear=True,
    ),
    Op(
        "add_at",
        "add_at",
        numpy_kernels.add_at,
        lambda g, index, *, shape: (shape, g.dtype),
        (lambda g, y, x, index, *, shape: emit("take", g, index), None),
        linear=True,
    ),
    # along the last axis: the sorting order, selection by one index array per row, and the transpose of this selection
    batched("argsort", numpy_kernels.argsort, lambda a: (a.shape, np.dtype(np.intp)), None),
    batched(
        "take_along",
        numpy_kernels.take_along,
        numpy_kernels.along_type,
        lambda g, y, a, index: emit("add_along", g, vjp_rules.in_order(index), length=a.shape[-1]),
        None,
        linear=True,
    ),
    batched(
        "add_along",
        numpy_kernels.add_along,
        lambda g, index, *, length: ((*g.shape[:-1], length), g.dtype),
        lambda g, y, x, index, *, length: emit("take_along", g, index),
        None,
        linear=True,
    ),
    # small matrices; both operands of a product have the same rank, at least two
    Op(
        "matmul",
        "matmul",
        np.matmul,
        numpy_kernels.product_type,
        (
            lambda g, y, a, b: emit("matmul", g, vjp_rules.swap(b)),
            lambda g, y, a, b: emit("matmul", vjp_rules.swap(a), g),
        ),
    ),
    batched(
        "solve",
        numpy_kernels.of_each_matrix(np.linalg.solve),
        numpy_kernels.solution_type,
        vjp_rules.solve_matrix,
        lambda g, y, a, b: emit("solve", vjp_rules.swap(a), g),
    ),
    batched(
        "det",
        np.linalg.det,
        numpy_kernels.determinant_type,
        lambda g, y, a: g[..., None, None] * emit("cofactors", a),
    ),
    batched(
        "cofactors",
        numpy_kernels.of_each_matrix(numpy_kernels.cofactors),
        numpy_kernels.matrix_type,
        vjp_rules.cofactors,
    ),
    batched(
        "cholesky", numpy_kernels.of_each_matrix(np.linalg.cholesky), numpy_kernels.matrix_type, vjp_rules.cholesky
    ),
)

OPS: Mapping[str, Op] = MappingProxyType({op.name: op for op in _ROWS})
"""Every primitive by its name."""
