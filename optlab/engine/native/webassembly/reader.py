"""Reads and writes WebAssembly's binary format: bytes, LEB128 integers, names and sections.

Source: WebAssembly Core Specification 2.0, chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADER = b"\0asm\x01\0\0\0"


class Reader:
    """Reads a part of a file from its beginning. All errors are `ValueError` with the offset in the file."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data, self.at, self.end = data, at, len(data) if end is None else end

    def wrong(self, what: str, at: int | None = None) -> ValueError:
        """The error that something at an offset (or here) is not as it must be."""
        return ValueError(f"WebAssembly object, byte {self.at if at is None else at}: {what}")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count > self.end - self.at:
            raise self.wrong(f"{count} bytes expected, {self.end - self.at} are left")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def unsigned(self) -> int:
        """An unsigned LEB128 integer below 2^32: seven bits per byte, the lowest first."""
        begin, value = self.at, 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value < 2**32:
                    return value
                break
        raise self.wrong("an integer of more than 32 bits", begin)

    def signed(self) -> int:
        """A signed LEB128 integer of at most 32 bits."""
        begin, value = self.at, 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                value -= (byte & 0x40) << (shift + 1)
                if -(2**31) <= value < 2**31:
                    return value
                break
        raise self.wrong("an integer of more than 32 bits", begin)

    def name(self) -> str:
        begin = self.at
        try:
            return self.take(self.unsigned()).decode()
        except UnicodeDecodeError:
            raise self.wrong("a name that is not UTF-8", begin) from None

    def part(self) -> Reader:
        """A reader of the next part, which begins with its size."""
        size = self.unsigned()
        self.take(size)
        return Reader(self.data, self.at - size, self.at)

    def finish(self) -> None:
        """Check that nothing is left."""
        if self.at != self.end:
            raise self.wrong(f"{self.end - self.at} bytes too many")


@dataclass(frozen=True)
class Section:
    """A section: its number, its name if it is a custom section (number 0), and the place of its contents."""

    number: int
    name: str
    begin: int
    end: int


def sections(data: bytes) -> list[Section]:
    """The sections of a file, in order. Raises ValueError."""
    reader, found = Reader(data), []
    if reader.take(len(HEADER)) != HEADER:
        raise reader.wrong("not a WebAssembly file of version 1", 0)
    while reader.at < reader.end:
        at, number = reader.at, reader.byte()
        part = reader.part()
        name = part.name() if number == 0 else ""
        if any((other.number, other.name) == (number, name) for other in found):
            raise reader.wrong(f"a second section {name or number}", at)
        found.append(Section(number, name, part.at, part.end))
    return found


def unsigned(value: int) -> bytes:
    """An integer as unsigned LEB128.

    >>> unsigned(624485).hex()
    'e58e26'
    """
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def signed(value: int) -> bytes:
    """An integer as signed LEB128.

    >>> signed(-123456).hex()
    'c0bb78'
    """
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value & 0x7F])


def padded(value: int) -> bytes:
    """An integer from 0 to 2^32 - 1 as LEB128 of five bytes, the size that objects reserve for relocated integers."""
    parts = [value >> shift & 0x7F for shift in range(0, 35, 7)]
    return bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])


def vector(items: list[bytes]) -> bytes:
    """A list: its length and its items."""
    return unsigned(len(items)) + b"".join(items)


def named(text: str) -> bytes:
    encoded = text.encode()
    return unsigned(len(encoded)) + encoded


def section(number: int, contents: bytes) -> bytes:
    return bytes([number]) + unsigned(len(contents)) + contents
