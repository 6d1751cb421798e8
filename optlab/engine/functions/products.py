"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from optlab.engine.functions.base import apply, array, axis_of
from optlab.engine.functions.indexing import diagonal
from optlab.engine.functions.shapes import ravel, reshape, transpose
from optlab.engine.mistakes import cannot


def matmul(a: Any, b: Any) -> Any:
    """The matrix product, with NumPy's rules for vectors and stacks of matrices."""
    a, b = array(a), array(b)
    if not a.ndim or not b.ndim:
        raise cannot("matmul of a single number", "use * to multiply by a number")
    rows = a if a.ndim > 1 else a.reshape((1, *a.shape))
    columns = b if b.ndim > 1 else b.reshape((*b.shape, 1))
    rank = max(rows.ndim, columns.ndim)
    rows, columns = (v.reshape((1,) * (rank - v.ndim) + v.shape) for v in (rows, columns))
    if rows.shape[-1] != columns.shape[-2]:
        raise cannot(f"the matrix product of shapes {a.shape} and {b.shape}", "columns and rows must be as many")
    product = apply("matmul", rows, columns)
    shape = product.shape[: rank - 2] + product.shape[-2:][a.ndim == 1 : 1 if b.ndim == 1 else 2]
    return product.reshape(shape)


def dot(a: Any, b: Any) -> Any:
    if np.ndim(b) > 2:
        raise cannot(f"np.dot of shapes {np.shape(a)} and {np.shape(b)}", "use @ (np.matmul)")
    return a * b if 0 in (np.ndim(a), np.ndim(b)) else matmul(a, b)


def vdot(a: Any, b: Any) -> Any:
    return matmul(ravel(a), ravel(b))


def vecdot(x1: Any, x2: Any) -> Any:
    return np.sum(array(x1) * x2, axis=-1)


def matvec(x1: Any, x2: Any) -> Any:
    return matmul(x1, array(x2)[..., None])[..., 0]


def outer(a: Any, b: Any) -> Any:
    return ravel(a)[:, None] * ravel(b)


def inner(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    return a * b if 0 in (a.ndim, b.ndim) else tensordot(a, b, ((-1,), (-1,)))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum over pairs of axes, as one matrix product."""
    a, b = array(a), array(b)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    left, right = (
        [axis_of(i, v.shape) for i in (s if np.ndim(s) else (s,))] for s, v in zip(axes, (a, b), strict=True)
    )
    summed = [a.shape[i] for i in left]
    if summed != [b.shape[i] for i in right]:
        raise cannot(f"np.tensordot of shapes {a.shape} and {b.shape} over axes {axes}", "they must be as long")
    kept = [[i for i in range(v.ndim) if i not in drop] for v, drop in ((a, left), (b, right))]
    rows = reshape(transpose(a, kept[0] + left), (-1, math.prod(summed)) if a.size else (0, math.prod(summed)))
    columns = reshape(transpose(b, right + kept[1]), (math.prod(summed), -1) if b.size else (math.prod(summed), 0))
    shape = tuple(a.shape[i] for i in kept[0]) + tuple(b.shape[i] for i in kept[1])
    return reshape(matmul(rows, columns), shape)


# ---- einsum ---------------------------------------------------------------------------------------------------------


def einsum(subscripts: Any, *operands: Any) -> Any:
    """The sum of products that the subscripts name, one matrix product for every two operands."""
    values = [array(v) for v in operands]
    names, result = _read(subscripts, values)
    terms = [_without_repeats(value, letters) for value, letters in zip(values, names, strict=True)]
    while len(terms) > 1:
        first, second, *rest = terms
        needed = set(result).union(*(letters for _, letters in rest))
        terms = [_pair(first, second, needed), *rest]
    value, letters = _summed(*terms[0], needed=set(result))
    return transpose(value, [letters.index(letter) for letter in result])


def _read(subscripts: Any, values: list[Any]) -> tuple[list[str], str]:
    """The letters of every operand, and of the result."""
    if not isinstance(subscripts, str):
        raise cannot("np.einsum without a text of subscripts", 'write it as np.einsum("ij,jk->ik", a, b)')
    text = subscripts.replace(" ", "")
    given, arrow, result = text.partition("->")
    names = given.split(",")
    if "." in text or not all(name.isalpha() or not name for name in (*names, result)):
        raise cannot(f"np.einsum({subscripts!r})", "use letters only, one for every axis")
    if len(names) != len(values) or any(len(n) != v.ndim for n, v in zip(names, values, strict=False)):
        shapes = ", ".join(str(v.shape) for v in values)
        raise cannot(f"np.einsum({subscripts!r}) of shapes {shapes}", "one letter for every axis of every operand")
    lengths: dict[str, int] = {}
    for letter, n in itertools.chain.from_iterable(
        zip(name, v.shape, strict=True) for name, v in zip(names, values, strict=True)
    ):
        if lengths.setdefault(letter, n) != n:
            raise cannot(
                f"np.einsum({subscripts!r}): '{letter}' is {lengths[letter]} and {n}", "a letter has one length"
            )
    letters = "".join(names)
    if not arrow:
        result = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    if len(set(result)) < len(result) or not set(result) <= set(letters):
        raise cannot(f"np.einsum({subscripts!r})", "the letters after -> are among those before it, each once")
    return names, result


def _without_repeats(value: Any, letters: str) -> tuple[Any, str]:
    """The diagonal of axes that share a letter."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            i = letters.index(letter)
            j = letters.index(letter, i + 1)
            value = diagonal(value, 0, i, j)
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + letter
    return value, letters


def _summed(value: Any, letters: str, needed: set[str]) -> tuple[Any, str]:
    """Without the axes that nothing needs any more."""
    drop = tuple(i for i, letter in enumerate(letters) if letter not in needed)
    return (np.sum(value, axis=drop) if drop else value), "".join(x for x in letters if x in needed)


def _pair(first: tuple[Any, str], second: tuple[Any, str], needed: set[str]) -> tuple[Any, str]:
    """Two operands as one: a stack of matrix products over the letters that they share."""
    (a, left), (b, right) = (_summed(*x, needed=needed | set(y[1])) for x, y in ((first, second), (second, first)))
    shared = [x for x in left if x in right]
    stack, inner = [x for x in shared if x in needed], [x for x in shared if x not in needed]
    rows, columns = [x for x in left if x not in shared], [x for x in right if x not in shared]
    sizes = dict(zip(left + right, a.shape + b.shape, strict=True))

    def as_matrices(value: Any, letters: str, *groups: list[str]) -> Any:
        ordered = transpose(value, [letters.index(x) for group in groups for x in group])
        return reshape(ordered, tuple(math.prod(sizes[x] for x in group) for group in groups))

    product = matmul(as_matrices(a, left, stack, rows, inner), as_matrices(b, right, stack, inner, columns))
    letters = "".join((*stack, *rows, *columns))
    return reshape(product, tuple(sizes[x] for x in letters)), letters
