"""Loops over the entries of a shape, and loading and storing entries in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from optlab.engine.native.by_node.places import Arena, Place, Stored
from optlab.engine.native.llvm_builder import Body
from optlab.engine.nodes import Shape


class Loops:
    """A builder of loops in one function.

    `variables` are lines for the begin of the function. In the text, `%pitch` is the length of a row, and `%lane` the
    first run of it that the code computes.
    """

    def __init__(self, body: Body, arena: Arena) -> None:
        self.body, self.arena = body, arena
        self.variables: list[str] = []

    def copy(self, source: Place, target: Place) -> None:
        shape = target.array.shape
        if 0 in shape:
            return
        with self.loops(shape) as indices:
            self.store(self.load(source, shape, indices), target, shape, indices)

    def load(self, place: Place, shape: Shape, indices: Sequence[str]) -> str:
        """The entry at some indices of a place that is broadcast to a shape, for all lanes."""
        there = self.at(place, shape, indices)
        if place.kind is Stored.ONE:
            return self.body.spread_from(there)
        return self.body.load(there, align=self.body.bytes)

    def store(self, value: str, place: Place, shape: Shape, indices: Sequence[str]) -> None:
        self.body.store(value, self.at(place, shape, indices), align=self.body.bytes)

    def at(self, place: Place, shape: Shape, indices: Sequence[str]) -> str:
        """The address of an entry. Axes along which the place is broadcast have the stride 0."""
        body, seen = self.body, place.broadcast(shape)
        offset: str = str(seen.offset)
        for index, stride in zip(indices, seen.strides, strict=True):
            if stride and index != "0":
                step = index if stride == 1 else body.times(index, stride)
                offset = step if offset == "0" else body.add(step, offset)
        if place.kind is Stored.ROW:
            return body.at(place.base, body.add(body.times(offset, "%pitch"), "%lane"))
        return body.at(place.base, offset, body.numbers if place.kind is Stored.OWN else "double")

    def variable(self) -> str:
        """A new variable for a vector of numbers."""
        self.body.count += 1
        name = f"%variable{self.body.count}"
        self.variables.append(f"{name} = alloca {self.body.numbers}, align {self.body.bytes}")
        return name

    @contextmanager
    def loops(self, shape: Shape) -> Iterator[list[str]]:
        """Loops over the entries of a shape around the lines written in the context. Yields an index per axis."""
        indices = []
        names: list[tuple[str, int]] = []
        for count in shape:
            if count == 1:
                indices.append("0")
                continue
            self.body.count += 1
            names.append((f"nest{self.body.count}", count))
            indices.append(self._begin(names[-1][0]))
        yield indices
        for name, count in reversed(names):
            self._end(name, count)

    def _begin(self, name: str) -> str:
        body = self.body
        body.put(f"br label %{name}.begin")
        body.label(f"{name}.begin")
        body.put(f"br label %{name}")
        body.label(name)
        body.put(f"%{name}.i = phi i64 [ 0, %{name}.begin ], [ %{name}.next, %{name}.last ]")
        return f"%{name}.i"

    def _end(self, name: str, count: int) -> None:
        body = self.body
        body.put(f"br label %{name}.last")
        body.label(f"{name}.last")
        body.put(f"%{name}.next = add i64 %{name}.i, 1")
        body.put(f"%{name}.more = icmp slt i64 %{name}.next, {count}")
        body.put(f"br i1 %{name}.more, label %{name}, label %{name}.end")
        body.label(f"{name}.end")
