"""Parses the parts of a relocatable object file that the linker needs.

Source: WebAssembly/tool-conventions, Linking.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from optlab.engine.native.webassembly.reader import Reader, Section, named, sections, unsigned

FUNCTION, DATA, GLOBAL = range(3)
"""The supported kinds of symbols."""

_UNDEFINED, _EXPLICIT_NAME = 0x10, 0x40
_SYMBOL_TABLE = 8

_RELOCATIONS = {0: FUNCTION, 3: DATA, 4: DATA, 5: DATA, 6: None, 7: GLOBAL}
"""The supported types of relocation, with the kind of their symbol: indices of functions, addresses of data (LEB128
unsigned, signed, plain), indices of types (without a symbol) and of globals."""


@dataclass(frozen=True)
class Symbol:
    """A name. `index` is that of the function, global or data segment, `offset` the place in that segment."""

    kind: int
    name: str
    is_defined: bool
    index: int
    offset: int = 0

    @property
    def is_defined_function(self) -> bool:
        return self.kind == FUNCTION and self.is_defined


@dataclass(frozen=True)
class Patch:
    """A relocation: the place in a section where a final index or address is to be written. `at`: its own place."""

    at: int
    type: int
    offset: int
    index: int
    addend: int

    @property
    def wants(self) -> int | None:
        return _RELOCATIONS[self.type]

    @property
    def is_type(self) -> bool:
        return self.wants is None

    @property
    def is_address(self) -> bool:
        return self.wants == DATA

    @property
    def is_plain(self) -> bool:
        """Four bytes, not LEB128."""
        return self.type == 5


@dataclass(frozen=True)
class Segment:
    """Data with their address in the object, and the place in the file where they begin."""

    address: int
    begin: int
    contents: bytes


@dataclass
class Object:
    """A parsed object file. `code` and `data` are places in it; `imports` are the imported functions, as text."""

    types: bytes = b"\0"
    functions: bytes = b"\0"
    code: tuple[int, int] = (0, 0)
    data: tuple[int, int] = (0, 0)
    counts_data: bool = False
    has_stack: bool = False
    imports: list[bytes] = field(default_factory=list)
    imported: tuple[str, ...] = ()
    segments: list[Segment] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    code_patches: list[Patch] = field(default_factory=list)
    data_patches: list[Patch] = field(default_factory=list)


def parsed(data: bytes) -> Object:
    """The parts of an object file. Raises ValueError with the offset of the mistake."""
    found, object_ = sections(data), Object()
    by_key = {one.name or one.number: n for n, one in enumerate(found)}
    for key in (1, 3, 10, "linking"):
        if key not in by_key:
            raise ValueError(f"WebAssembly object: it has no section {key}")
    for one in found:
        reader = Reader(data, one.begin, one.end)
        match one.number, one.name:
            case 1, _:
                object_.types = data[one.begin : one.end]
            case 2, _:
                _read_imports(reader, object_)
            case 3, _:
                object_.functions = data[one.begin : one.end]
            case 10, _:
                object_.code = one.begin, one.end
            case 11, _:
                object_.data = one.begin, one.end
                _read_segments(reader, object_)
            case 12, _:
                object_.counts_data = True
            case 0, "linking":
                _read_linking(reader, object_)
            case 0, "reloc.CODE":
                object_.code_patches = _patches(reader, found, 10)
            case 0, "reloc.DATA":
                object_.data_patches = _patches(reader, found, 11)
            case 0, _:  # names, features and producers
                pass
            case number, _:
                raise reader.wrong(f"section {number} is not supported")
    _check_indices(data, object_)
    return object_


def _read_imports(reader: Reader, object_: Object) -> None:
    """Functions are kept. The memory and the stack pointer are defined by the linker."""
    names = []
    for _ in range(reader.unsigned()):
        at = reader.at
        module, name, kind = reader.name(), reader.name(), reader.byte()
        if module != "env":
            raise reader.wrong(f"an import from '{module}'", at)
        if kind == 0:
            names.append(name)
            object_.imports.append(named(module) + named(name) + b"\0" + unsigned(reader.unsigned()))
        elif kind == 2 and name == "__linear_memory":
            if reader.byte() > 1:
                raise reader.wrong("an unknown kind of memory", at)
            reader.unsigned()
        elif kind == 3 and name == "__stack_pointer":
            if reader.take(2) != b"\x7f\x01":
                raise reader.wrong("a stack pointer that is not a mutable i32", at)
            object_.has_stack = True
        else:
            raise reader.wrong(f"import '{name}' is not supported", at)
    reader.finish()
    object_.imported = tuple(names)


def _read_segments(reader: Reader, object_: Object) -> None:
    for _ in range(reader.unsigned()):
        at = reader.at
        if reader.unsigned() or reader.byte() != 0x41:  # active, and at a constant i32
            raise reader.wrong("a data segment of an unsupported kind", at)
        address = reader.signed()
        if address < 0 or reader.byte() != 0x0B:
            raise reader.wrong("a data segment without a constant address", at)
        part = reader.part()
        object_.segments.append(Segment(address, part.at, part.take(part.end - part.at)))
    reader.finish()


def _read_linking(reader: Reader, object_: Object) -> None:
    if (version := reader.unsigned()) != 2:
        raise reader.wrong(f"linking data of version {version}, not 2")
    while reader.at < reader.end:
        kind, part = reader.byte(), reader.part()
        if kind == _SYMBOL_TABLE:
            object_.symbols.extend(_symbol(part) for _ in range(part.unsigned()))
            part.finish()


def _symbol(reader: Reader) -> Symbol:
    at, kind, flags = reader.at, reader.byte(), reader.unsigned()
    is_defined = not flags & _UNDEFINED
    if kind in (FUNCTION, GLOBAL):
        index = reader.unsigned()
        name = reader.name() if is_defined or flags & _EXPLICIT_NAME else ""
        return Symbol(kind, name, is_defined, index)
    if kind == DATA:
        name = reader.name()
        index, offset = (reader.unsigned(), reader.unsigned()) if is_defined else (0, 0)
        if is_defined:
            reader.unsigned()  # the size
        return Symbol(kind, name, is_defined, index, offset)
    raise reader.wrong(f"a symbol of the unsupported kind {kind}", at)


def _patches(reader: Reader, found: list[Section], number: int) -> list[Patch]:
    at, of = reader.at, reader.unsigned()
    if of >= len(found) or found[of].number != number:
        raise reader.wrong(f"relocations of section {of}", at)
    patches = []
    for _ in range(reader.unsigned()):
        at, type_ = reader.at, reader.byte()
        if type_ not in _RELOCATIONS:
            raise reader.wrong(f"a relocation of the unsupported type {type_}", at)
        offset, index = reader.unsigned(), reader.unsigned()
        addend = reader.signed() if _RELOCATIONS[type_] == DATA else 0
        patches.append(Patch(at, type_, offset, index, addend))
    reader.finish()
    return patches


def _check_indices(data: bytes, object_: Object) -> None:
    """Check the symbols' indices of functions and segments."""
    functions = len(object_.imports) + Reader(object_.functions).unsigned()
    limits = {FUNCTION: functions, GLOBAL: int(object_.has_stack), DATA: len(object_.segments)}
    for symbol in object_.symbols:
        if (symbol.is_defined or symbol.kind != DATA) and symbol.index >= limits[symbol.kind]:
            raise ValueError(f"WebAssembly object: symbol '{symbol.name}' has the unknown index {symbol.index}")
