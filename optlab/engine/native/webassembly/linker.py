"""The linker: from a relocatable object file of LLVM to a module that a browser can load.

It copies types, functions and code, defines the memory and the stack pointer, which the object imports, moves the data
behind the stack, and exports the memory and the functions by name.

    0 ........ STACK ............ Linked.heap ........
      stack      constant data      free for the caller

Source: WebAssembly Core Specification 2.0, chapter 5; WebAssembly/tool-conventions, Linking.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.engine.native.webassembly.objects import Object, Patch, parsed
from optlab.engine.native.webassembly.reader import (
    HEADER,
    Reader,
    named,
    padded,
    section,
    signed,
    unsigned,
    vector,
)

STACK = PAGE = 65536
"""Bytes of the stack, and of a page of memory."""


@dataclass(frozen=True)
class Linked:
    """A module, the functions that it imports from "env", and the first free byte of its memory."""

    code: bytes
    imports: tuple[str, ...]
    heap: int


def linked(data: bytes, exports: Sequence[str]) -> Linked:
    """The module of an object file. It exports the memory as "memory", and these functions.

    Raises:
        ValueError: the file is damaged, or has something that this linker does not support. The message has the offset.
    """
    found = parsed(data)
    defined = {symbol.name: symbol.index for symbol in found.symbols if symbol.is_defined_function}
    if missing := [name for name in exports if name not in defined]:
        raise ValueError(f"WebAssembly object: it has no function '{missing[0]}'")
    heap = STACK + max((segment.address + len(segment.contents) for segment in found.segments), default=0)
    heap = -(-heap // 64) * 64
    parts = [
        section(1, found.types),
        section(2, vector(found.imports)),
        section(3, found.functions),
        section(5, vector([b"\0" + unsigned(-(-heap // PAGE))])),
    ]
    if found.has_stack:  # a mutable i32
        parts.append(section(6, vector([b"\x7f\x01\x41" + signed(STACK) + b"\x0b"])))
    names = [named("memory") + b"\x02\0", *(named(name) + b"\0" + unsigned(defined[name]) for name in exports)]
    parts.append(section(7, vector(names)))
    if found.counts_data:
        parts.append(section(12, unsigned(len(found.segments))))
    parts.append(section(10, _patched(found, data, found.code, found.code_patches)))
    if found.segments:
        parts.append(section(11, _data(found, data)))
    return Linked(HEADER + b"".join(parts), found.imported, heap)


def _data(found: Object, data: bytes) -> bytes:
    """The data section, with moved segments."""
    whole = _patched(found, data, found.data, found.data_patches)
    contents = [whole[segment.begin - found.data[0] :][: len(segment.contents)] for segment in found.segments]
    return vector(
        [
            b"\0\x41" + signed(segment.address + STACK) + b"\x0b" + unsigned(len(part)) + part
            for segment, part in zip(found.segments, contents, strict=True)
        ]
    )


def _patched(found: Object, data: bytes, place: tuple[int, int], patches: Sequence[Patch]) -> bytes:
    """The contents of a section, with relocated addresses. Indices of functions and types are final in the object."""
    begin, end = place
    contents = bytearray(data[begin:end])
    for patch in patches:
        value = _value(found, data, patch)
        bits = value.to_bytes(4, "little") if patch.is_plain else padded(value)
        if not 0 <= patch.offset <= len(contents) - len(bits):
            raise Reader(data).wrong("a relocation outside its section", patch.at)
        contents[patch.offset : patch.offset + len(bits)] = bits
    return bytes(contents)


def _value(found: Object, data: bytes, patch: Patch) -> int:
    if patch.is_type:
        return patch.index
    if patch.index >= len(found.symbols):
        raise Reader(data).wrong(f"a relocation by symbol {patch.index} of {len(found.symbols)}", patch.at)
    symbol = found.symbols[patch.index]
    if patch.wants != symbol.kind:
        raise Reader(data).wrong(f"a relocation that does not fit symbol '{symbol.name}'", patch.at)
    if not patch.is_address:
        return symbol.index
    if not symbol.is_defined:
        raise Reader(data).wrong(f"data '{symbol.name}' are not defined", patch.at)
    value = STACK + found.segments[symbol.index].address + symbol.offset + patch.addend
    if not 0 <= value < 2**31:
        raise Reader(data).wrong("an address outside the memory", patch.at)
    return value
