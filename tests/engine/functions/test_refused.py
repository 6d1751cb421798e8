"""Wrong calls on traced values: a TraceError with the line, what is wrong, and what to write instead."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import optlab
from optlab.engine.trace import trace
from optlab.errors import TraceError

x3, m23, m33 = np.ones(3), np.ones((2, 3)), np.ones((3, 3))

# name: function, example argument, what the message must contain
REFUSED: dict[str, tuple[Any, Any, list[str]]] = {
    "split": (lambda x: np.split(x, 2), x3, ["np.split of 3 entries into 2", "np.array_split"]),
    "split into none": (lambda x: np.split(x, 0), x3, ["into 0 parts", "1 or more"]),
    "split at a float": (lambda x: np.split(x, 1.5), x3, ["np.split", "it takes ary, indices_or_sections"]),
    "split by a traced value": (lambda x: np.split(x, x[0]), x3, ["index or a length"]),
    "array_split": (lambda x: np.array_split(x, -1), x3, ["into -1 parts"]),
    "axis of split": (lambda x: np.split(x, 3, axis=1), x3, ["axis 1", "(3,)"]),
    "pad mode": (lambda x: np.pad(x, 1, "maximum"), x3, ["mode='maximum'", "symmetric or wrap"]),
    "pad by less than nothing": (lambda x: np.pad(x, -1), x3, ["np.pad", "negative"]),
    "pad by half": (lambda x: np.pad(x, 0.5), x3, ["np.pad", "integral"]),
    "pad widths": (lambda x: np.pad(x, ((1, 1), (1, 1))), x3, ["np.pad", "it takes array, pad_width"]),
    "pad of nothing": (lambda x: np.pad(x[:0], 1, "edge"), x3, ["np.pad", "empty axis"]),
    "pad with a traced value": (lambda x: np.pad(x, 1, constant_values=x[0]), x3, ["traced value"]),
    "pad reflect_type": (lambda x: np.pad(x, 1, "reflect", reflect_type="odd"), x3, ["np.pad", "'reflect_type'"]),
    "einsum ...": (lambda x: np.einsum("...i", x), x3, ["'...i'", "letters only"]),
    "einsum operands": (lambda x: np.einsum("i,i", x), x3, ["'i,i'", "(3,)", "one letter per axis"]),
    "einsum letters": (lambda x: np.einsum("ij", x), x3, ["'ij'", "one letter per axis"]),
    "einsum lengths": (lambda x: np.einsum("ii", x), m23, ["'i' have the lengths 2 and 3", "same length"]),
    "einsum result": (lambda x: np.einsum("i->j", x), x3, ["'i->j'", "after ->"]),
    "einsum result twice": (lambda x: np.einsum("i->ii", x), x3, ["'i->ii'", "only once after it"]),
    "einsum of lists": (lambda x: np.einsum(x, [0]), x3, ["string of subscripts", '"ij,jk->ik"']),
    "einsum dtype": (lambda x: np.einsum("i", x, dtype=float), x3, ["np.einsum", "'dtype'"]),
    "tensordot": (lambda x: np.tensordot(x, np.ones(4), 1), x3, ["(3,) and (4,)", "same length"]),
    "tensordot of too many": (lambda x: np.tensordot(x, x, 2), x3, ["over 2 axes", "number of axes"]),
    "tensordot axes": (lambda x: np.tensordot(x, x, (0, 1)), x3, ["axis 1", "(3,)"]),
    "tensordot of three": (lambda x: np.tensordot(x, x, (0, 0, 0)), x3, ["(0, 0, 0)"]),
    "tensordot unpaired": (lambda x: np.tensordot(x, x, ((0, 1), (0,))), m33, ["must have the same length"]),
    "tensordot twice": (lambda x: np.tensordot(x, x, ((0, 0), (0, 1))), m33, ["each axis only once"]),
    "inner": (lambda x: np.inner(x, np.ones(2)), x3, ["(3,) and (2,)"]),
    "vdot": (lambda x: np.vdot(x, np.ones(2)), x3, ["(3,) and (2,)"]),
    "vecdot": (lambda x: np.vecdot(x, np.ones(1)), x3, ["np.vecdot of shapes (3,) and (1,)"]),
    "matvec": (lambda x: np.matvec(x, x), x3, ["np.matvec of shapes (3,) and (3,)", "matrices and vectors"]),
    "solve": (lambda x: np.linalg.solve(x, np.ones(2)), m23, ["solve of shapes (2, 3)", "square matrix"]),
    "solve right-hand side": (lambda x: np.linalg.solve(x, np.ones(2)), m33, ["3 unknowns", "2"]),
    "solve for a number": (lambda x: np.linalg.solve(x, 1.0), m33, ["single number"]),
    "inv": (lambda x: np.linalg.inv(x), m23, ["(2, 3)", "square matrix"]),
    "inv of a vector": (lambda x: np.linalg.inv(x), x3, ["(3,)", "square matrix"]),
    "det": (lambda x: np.linalg.det(x), m23, ["(2, 3)", "square matrix"]),
    "det of a number": (lambda x: np.linalg.det(x), 1.0, ["square matrix"]),
    "cholesky": (lambda x: np.linalg.cholesky(x), m23, ["(2, 3)", "square matrix"]),
    "cholesky upper": (lambda x: np.linalg.cholesky(x, upper=True), m33, ["'upper'", "it takes a"]),
    "norm order": (lambda x: np.linalg.norm(x, "max"), x3, ["ord='max'"]),
    "norm of three axes": (lambda x: np.linalg.norm(x, axis=(0, 1, 2)), np.ones((2, 2, 2)), ["3 axes"]),
    "roll": (lambda x: np.roll(x, (1, 2, 3), axis=(0, 1)), m23, ["3 shifts along 2 axes", "one per axis"]),
    "roll by half": (lambda x: np.roll(x, 0.5), x3, ["np.roll", "it takes a, shift, axis=None"]),
    "roll by a traced value": (lambda x: np.roll(x, x[0]), x3, ["index or a length"]),
    "roll axis": (lambda x: np.roll(x, 1, axis=2), x3, ["axis 2", "(3,)"]),
    "moveaxis": (lambda x: np.moveaxis(x, 2, 0), m23, ["axis 2", "(2, 3)"]),
    "moveaxis twice": (lambda x: np.moveaxis(x, (0, 0), (0, 1)), m23, ["(0, 0)", "once"]),
    "moveaxis unpaired": (lambda x: np.moveaxis(x, (0, 1), 0), m23, ["2 axes to 1 places"]),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 1), x3, ["axis 1", "(3,)"]),
    "expand_dims": (lambda x: np.expand_dims(x, 3), x3, ["axis 3"]),
    "expand_dims twice": (lambda x: np.expand_dims(x, (0, 0)), x3, ["(0, 0)", "once"]),
    "matrix_transpose": (lambda x: np.matrix_transpose(x), x3, ["axis -2", "(3,)"]),
    "repeat": (lambda x: np.repeat(x, -1), x3, ["np.repeat", "negative"]),
    "repeat counts": (lambda x: np.repeat(x, [1, 2]), x3, ["np.repeat", "it takes a, repeats, axis=None"]),
    "repeat by a traced value": (lambda x: np.repeat(x, x), x3, ["np.repeat by a traced value"]),
    "tile": (lambda x: np.tile(x, -1), x3, ["broadcast_to", "(1, 3)"]),
    "tile by half": (lambda x: np.tile(x, 0.5), x3, ["np.tile", "it takes A, reps"]),
    "take_along_axis ranks": (
        lambda x: np.take_along_axis(x, np.array([0]), 1),
        m23,
        ["(2, 3)", "(1,)", "as many axes"],
    ),
    "take_along_axis of floats": (lambda x: np.take_along_axis(x, np.ones(3), 0), x3, ["float64", "integers"]),
    "take_along_axis shapes": (
        lambda x: np.take_along_axis(x, np.zeros((3, 1), int), 1),
        m23,
        ["np.take_along_axis", "it takes arr, indices"],
    ),
    "take_along_axis beyond": (lambda x: np.take_along_axis(x, np.array([3]), 0), x3, ["index 3", "length 3"]),
    "take beyond": (lambda x: np.take(x, [3]), x3, ["index 3", "(3,)"]),
    "take at floats": (lambda x: np.take(x, [0.5]), x3, ["np.take", "it takes a, indices"]),
    "take mode": (lambda x: np.take(x, [0], mode="wrap"), x3, ["'mode'", "it takes a, indices, axis=None"]),
    "compress": (lambda x: np.compress(x > 0, x), x3, ["traced condition", "np.where"]),
    "compress by a matrix": (lambda x: np.compress([[True]], x), x3, ["not a vector"]),
    "select of nothing": (lambda x: np.select([], [x]), x3, ["0 conditions and 1 choices", "at least one"]),
    "select unpaired": (lambda x: np.select([x > 0], [x, x]), x3, ["1 conditions and 2 choices"]),
    "select by numbers": (lambda x: np.select([x], [x]), x3, ["np.select by numbers", "comparisons"]),
    "reshape": (lambda x: np.reshape(x, (2, -1)), x3, ["(3,)", "(2, -1)"]),
    "reshape to a traced shape": (lambda x: np.reshape(x, (x[0], 1)), x3, ["index or a length"]),
    "reshape to half": (lambda x: np.reshape(x, 1.5), x3, ["np.reshape", "it takes a, shape"]),
    "reshape order": (lambda x: np.reshape(x, 3, order="F"), x3, ["'order'", "it takes a, shape"]),
    "reshape of nothing": (lambda x: np.reshape(x[:0], (0, -1)), x3, ["(0, -1)"]),
    "sort kind": (lambda x: np.sort(x, kind="stable"), x3, ["'kind'", "it takes a, axis=-1"]),
    "sort order": (lambda x: np.sort(x, order="f"), x3, ["'order'"]),
    "sort axis": (lambda x: np.sort(x, axis=1), x3, ["axis 1", "(3,)"]),
    "sort of a number": (lambda x: np.sort(x), 1.0, ["axis -1", "()"]),
    "argmax of nothing": (lambda x: np.argmax(x[:0]), x3, ["argmax of no entries", "(0,)"]),
    "argmin of nothing": (lambda x: x[:0].argmin(), x3, ["argmin of no entries"]),
    "argmax axes": (lambda x: np.argmax(x, axis=(0, 1)), m23, ["np.argmax", "it takes a, axis=None"]),
    "ptp of nothing": (lambda x: np.ptp(x[:0]), x3, ["no entries"]),
    "logsumexp of nothing": (lambda x: optlab.logsumexp(x[:0]), x3, ["no entries"]),
    "axes twice": (lambda x: np.sum(x, axis=(0, -2)), m23, ["(0, -2)", "once"]),
    "sum by position": (lambda x: np.sum(x, 0, float), x3, ["too many positional arguments", "*, keepdims=False"]),
    "where=": (lambda x: np.sum(x, where=[True, False, True]), x3, ["'where'"]),
    "mean dtype": (lambda x: np.mean(x, dtype=np.float32), x3, ["'dtype'"]),
    "average": (lambda x: np.average(x, weights=np.ones(2)), x3, ["(3,)", "(2,)", "one weight per entry"]),
    "average without axis": (lambda x: np.average(x, weights=np.ones(3)), m23, ["(2, 3)", "(3,)"]),
    "average returned": (lambda x: np.average(x, returned=True), x3, ["'returned'"]),
    "diff": (lambda x: np.diff(x, -1), x3, ["np.diff -1 times"]),
    "diff of a number": (lambda x: np.diff(x), 1.0, ["axis -1", "()"]),
    "cumsum axes": (lambda x: np.cumsum(x, axis=(0, 1)), m23, ["np.cumsum"]),
    "diag": (lambda x: np.diag(x), np.ones((2, 2, 2)), ["np.diag", "(2, 2, 2)", "vector or a matrix"]),
    "diag offset": (lambda x: np.diag(x, 0.5), x3, ["np.diag", "it takes v, k=0"]),
    "diagonal": (lambda x: np.diagonal(x), x3, ["axis 1", "(3,)"]),
    "diagonal of one axis": (lambda x: np.diagonal(x, 0, 1, 1), m23, ["(1, 1)", "once"]),
    "trace": (lambda x: np.trace(x), x3, ["axis 1", "(3,)"]),
    "tril": (lambda x: np.tril(x), 1.0, ["np.tril", "it takes m, k=0"]),
    "clip twice": (lambda x: np.clip(x, 0, min=1), x3, ["same bound twice"]),
    "round to half": (lambda x: np.round(x, "a"), x3, ["np.round", "it takes a, decimals=0"]),
    "astype": (lambda x: np.astype(x, complex), x3, ["complex128", "float, int or bool"]),
    "astype of a slip": (lambda x: x.astype("flot"), x3, ["astype()", "it takes dtype"]),
    "astype casting": (lambda x: x.astype(int, casting="safe"), x3, ["'casting'"]),
    "polyval": (lambda x: np.polyval(1.0, x), x3, ["np.polyval", "it takes p, x"]),
    "column_stack": (lambda x: np.column_stack([x, np.ones(2)]), x3, ["(3, 1)", "(2, 1)"]),
    "vstack": (lambda x: np.vstack([x, np.ones(2)]), x3, ["(1, 3)", "(1, 2)"]),
    "stack out": (lambda x: np.stack([x, x], out=np.ones((2, 3))), x3, ["out=", "existing array"]),
    "whole numbers to a negative power": (lambda x: x**-1, 3, ["negative power", "x * 1.0"]),
    "missing argument": (lambda x: x.repeat(), x3, ["repeat()", "missing", "it takes repeats"]),
    "unknown argument of a method": (lambda x: x.sum(axes=0), x3, ["sum()", "'axes'", "it takes axis=None"]),
    "accumulate": (lambda x: np.add.accumulate(x), x3, ["np.add.accumulate", "use np.cumsum"]),
    "outer keywords": (lambda x: np.add.outer(x, x, dtype=float), x3, ["np.add.outer with dtype="]),
    "reduce without a function": (lambda x: np.hypot.reduce(x), x3, ["np.hypot.reduce", "use np.hypot"]),
    "cross": (lambda x: np.cross(x, x), x3, ["np.cross", "np.stack"]),
    "percentile": (lambda x: np.percentile(x, 50), x3, ["np.percentile", "np.sort"]),
    "a namesake": (lambda x: np.linalg.outer(x, x), x3, ["np.linalg.outer", "did you mean 'np.outer'?"]),
    "no namesake": (lambda x: np.linalg.eigvals(x), m33, ["np.linalg.eigvals", "; docs/functions.md"]),
    "x.sort()": (lambda x: x.sort(), x3, ["written to (x.sort())", "use np.sort(x)"]),
    "x.fill(0)": (lambda x: x.fill(0), x3, ["written to (x.fill())", "np.full_like(x, value)"]),
    "x.put": (lambda x: x.put([0], 1.0), x3, ["written to (x.put())", "np.where"]),
    "x.resize": (lambda x: x.resize(2), x3, ["written to (x.resize())", "np.reshape"]),
    "x.itemset": (lambda x: x.itemset(0, 1.0), x3, ["written to (x.itemset())", "np.where"]),
    "x.partition": (lambda x: x.partition(1), x3, ["written to (x.partition())", "np.sort"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_call_reports_the_line_the_mistake_and_a_fix(name):
    f, example, parts = REFUSED[name]
    with pytest.raises(TraceError) as caught:
        trace(f, example)
    message = str(caught.value)
    lines, first = f.__code__.co_lines(), f.__code__.co_firstlineno
    places = [rf"{re.escape(__file__)}:{line}:\d+: " for line in {first, *(line for *_, line in lines)}]
    assert any(re.match(place, message) for place in places), message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize("f", [lambda x: x & 3, lambda x: (x > 0) & x, lambda x: ~x, lambda x: x | 1])
def test_bitwise_operations_on_numbers_are_errors(f):
    with pytest.raises(TraceError, match="of numbers"):
        trace(f, 5)
