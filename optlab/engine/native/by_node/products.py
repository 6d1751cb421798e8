"""Matrix products: the entries of a block of rows and columns are summed together, in registers.

An entry of each factor is loaded once per block, not once per product. Each sum adds its products in order, from the
first to the last, whatever the block. So the bits do not depend on the size of the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from optlab.engine.native.by_node.loops import Loops
from optlab.engine.native.by_node.places import Place, Stored
from optlab.engine.native.llvm_rules import ZERO

_BLOCKS = {8: (4, 4), 4: (2, 4)}
"""Rows and columns of a block by the lanes of a vector: AVX-512 has 32 registers, AVX2 has 16."""
_SMALL_BLOCK = (2, 2)


def multiply(loops: Loops, a: Place, b: Place, target: Place) -> None:
    """Write the product of two matrices, or stacks of them. Both have the same rank, at least two."""
    *stack, rows, columns = target.array.shape
    if 0 in target.array.shape:
        return
    a, b = (_in_cache(loops, factor) for factor in (a, b))
    a, b = (factor.broadcast((*stack, *factor.array.shape[-2:])) for factor in (a, b))
    most = _BLOCKS.get(loops.body.width, _SMALL_BLOCK)
    for across, along in product(_split(rows, most[0]), _split(columns, most[1])):
        _Blocks(
            loops,
            _cut(a, across, axis=-2),
            _cut(b, along, axis=-1),
            _cut(_cut(target, along, axis=-1), across, axis=-3),
        ).write()


def _in_cache(loops: Loops, factor: Place) -> Place:
    """A factor is read many times. The numbers of a row are far apart in memory, so they are copied first."""
    if factor.kind is not Stored.ROW:
        return factor
    copied = loops.arena.place(factor.array.shape)
    loops.copy(factor, copied)
    return copied


def _split(size: int, most: int) -> Iterator[tuple[int, int, int]]:
    """Pieces of an axis as (begin, number, length of each): of the full length, and one with the rest."""
    if size >= most:
        yield 0, size // most, most
    if size % most:
        yield size - size % most, 1, size % most


def _cut(place: Place, pieces: tuple[int, int, int], axis: int) -> Place:
    """A place with one axis cut into two: the pieces, and the entries of each. `axis` is negative."""
    begin, number, length = pieces
    shape = place.array.shape
    part = np.moveaxis(np.moveaxis(place.array, axis, 0)[begin : begin + number * length], 0, axis)
    at = len(shape) + axis
    return replace(place, array=part.reshape(*shape[:at], number, length, *shape[at + 1 :]))


class _Blocks:
    """All blocks of one size: a (stack, blocks, rows, common), b (stack, common, blocks, columns), and the target
    (stack, blocks, rows, blocks, columns)."""

    def __init__(self, loops: Loops, a: Place, b: Place, target: Place) -> None:
        self.loops, self.a, self.b, self.target = loops, a, b, target
        self.rows, self.columns = a.array.shape[-2], b.array.shape[-1]

    def write(self) -> None:
        loops, body = self.loops, self.loops.body
        *stack, down, _, right, _ = self.target.array.shape
        sums = {entry: loops.variable() for entry in np.ndindex(self.rows, self.columns)}
        with loops.loops((*stack, down, right)) as (*before, at_row, at_column):
            for variable in sums.values():
                body.store(ZERO, variable, align=body.bytes)
            if self.a.array.shape[-1]:
                with loops.loops((self.a.array.shape[-1],)) as (k,):
                    self._add_products([*before, at_row, k], [*before, k, at_column], sums)
            for (row, column), variable in sums.items():
                value = body.load(variable, align=body.bytes)
                there = replace(self.target, array=self.target.array[..., row, :, column])
                loops.store(value, there, there.array.shape, [*before, at_row, at_column])

    def _add_products(self, of_a: list[str], of_b: list[str], sums: dict[tuple[int, ...], str]) -> None:
        loops, body = self.loops, self.loops.body
        rows = [replace(self.a, array=self.a.array[..., n, :]) for n in range(self.rows)]
        columns = [replace(self.b, array=self.b.array[..., n]) for n in range(self.columns)]
        right = [loops.load(place, place.array.shape, of_b) for place in columns]
        for n, place in enumerate(rows):
            left = loops.load(place, place.array.shape, of_a)
            for column, entry in enumerate(right):
                variable = sums[n, column]
                so_far = body.load(variable, align=body.bytes)
                body.store(body.intrinsic("fma", left, entry, so_far), variable, align=body.bytes)
