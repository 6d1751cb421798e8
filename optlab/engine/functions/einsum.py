"""np.einsum: sums of products, given by a string of subscripts."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from optlab.engine.functions.base import array
from optlab.engine.functions.indexing import diagonal
from optlab.engine.functions.products import matmul
from optlab.engine.functions.shapes import reshape, transpose
from optlab.engine.trace_errors import cannot


def einsum(subscripts: Any, /, *operands: Any, optimize: Any = False) -> Any:
    """The sum of products given by the subscripts.

    Operands are combined from left to right, each pair by one matrix product. `optimize` is ignored.
    """
    values = [array(v) for v in operands]
    names, result = _read(subscripts, values)
    terms = [_without_repeats(value, letters) for value, letters in zip(values, names, strict=True)]
    while len(terms) > 1:
        first, second, *rest = terms
        needed = set(result).union(*(letters for _, letters in rest))
        terms = [_pair(first, second, needed), *rest]
    value, letters = _summed(*terms[0], needed=set(result))
    ordered = transpose(value, [letters.index(letter) for letter in result])
    return ordered.astype(np.result_type(*(v.dtype for v in values)))


def _read(subscripts: Any, values: list[Any]) -> tuple[list[str], str]:
    """The letters of each operand, and of the result."""
    if not isinstance(subscripts, str):
        raise cannot("np.einsum without a string of subscripts", 'write it as np.einsum("ij,jk->ik", a, b)')
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    names = given.split(",")
    if not all(name.isalpha() or not name for name in (*names, result)):
        raise cannot(f"np.einsum({subscripts!r})", "use letters only, one per axis")
    if [len(name) for name in names] != [v.ndim for v in values]:
        shapes = ", ".join(str(v.shape) for v in values)
        raise cannot(f"np.einsum({subscripts!r}) of shapes {shapes}", "write one letter per axis of each operand")
    _check_lengths(subscripts, names, values)
    letters = "".join(names)
    if not arrow:
        result = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    if len(set(result)) < len(result) or not set(result) <= set(letters):
        raise cannot(f"np.einsum({subscripts!r})", "each letter after -> must occur before it, and only once after it")
    return names, result


def _check_lengths(subscripts: str, names: list[str], values: list[Any]) -> None:
    lengths: dict[str, int] = {}
    for letter, n in zip("".join(names), itertools.chain(*(v.shape for v in values)), strict=True):
        if lengths.setdefault(letter, n) != n:
            what = f"np.einsum({subscripts!r}): axes '{letter}' have the lengths {lengths[letter]} and {n}"
            raise cannot(what, "all axes with the same letter must have the same length")


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
    """The sum over the axes that neither the result nor another operand has."""
    drop = tuple(i for i, letter in enumerate(letters) if letter not in needed)
    return (np.sum(value, axis=drop) if drop else value), "".join(x for x in letters if x in needed)


def _pair(first: tuple[Any, str], second: tuple[Any, str], needed: set[str]) -> tuple[Any, str]:
    """Combine two operands to one by a stack of matrix products over their shared letters."""
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
