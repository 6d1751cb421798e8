"""Where things stand in a TOML text. `tomllib` says what a document means, but not where each key is written.

`parse` reads a text, bounded in size and depth; `positions` scans a text that `parse` accepted for its keys. Lines and
columns count from 1, in characters.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import Any

from optlab.errors import Mistake

Path = tuple[str | int, ...]

MAX_SIZE = 1_000_000
"""Characters in an experiment file. tomllib reads about a million per second."""
MAX_DEPTH = 32
"""Brackets within brackets, and parts of a dotted key: tomllib recurses over the former (RecursionError), and takes
time that is quadratic in the latter."""
MAX_KEYS = 5_000
"""Keys, tables and lists in an experiment file."""

_BASIC, _LITERAL = r'"(?:[^"\\\n]|\\.)*+"', r"'[^'\n]*+'"
_MULTILINE = r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}' + r"|'''(?:[^']|'(?!''))*+'{3,5}"
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_KEY = re.compile(rf"[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL}")
_SCALAR = re.compile(rf"{_MULTILINE}|{_BASIC}|{_LITERAL}|[^,\]}}#\n]*", re.DOTALL)
# The text may still be broken here, so a string that is never closed counts as one to the end of its line, or of the
# text for a multi-line one: every character is looked at once.
_TOKEN = re.compile(
    r'(?P<part>"""(?:[^"\\]|\\.|"(?!""))*+"{0,5}' + r"|'''(?:[^']|'(?!''))*+'{0,5}"
    r'|"(?:[^"\\\n]|\\.)*+"?' + r"|'[^'\n]*+'?|[\w-]+|[ \t]+)"
    r"|(?P<comment>\#[^\n]*)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<equals>=)|(?P<dot>\.)|(?P<other>[^\s\w\"'\#\[\]{}=.-]+|\s)",
    re.DOTALL,
)
_HINTS = {
    "cannot overwrite a value": "this key or table was given before",
    "invalid value": "invalid value (texts need quotes)",
    "invalid statement": 'invalid statement (write key = value, [table] or [[table]]; other keys need quotes: "é" = 1)',
}


def parse(text: str) -> dict[str, Any] | Mistake:
    """The document, or the one mistake that keeps it from being read, with its place.

    >>> parse("steps = 10")
    {'steps': 10}
    >>> parse("steps = ten")
    Mistake(path=(), message='not valid TOML: invalid value (texts need quotes)', line=1, column=9)
    """
    too_much = _too_much(text)
    if too_much:
        return too_much
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _broken(text, error)
    except ValueError:  # Python refuses to read decimal integers of more than 4,300 digits
        digits = re.search(r"[0-9_]{4300,}", text)
        return _mistake("a number has thousands of digits", text, digits.start() if digits else 0)


def _mistake(message: str, text: str, offset: int) -> Mistake:
    line_start = text.rfind("\n", 0, offset) + 1
    return Mistake((), message, text.count("\n", 0, offset) + 1, offset - line_start + 1)


def _too_much(text: str) -> Mistake | None:
    if len(text) > MAX_SIZE:
        return _mistake(f"the file has {len(text):,} characters, and {MAX_SIZE:,} is the most", text, 0)
    depth = dots = keys = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        keys += kind in ("open", "equals")
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        dots = dots + (kind == "dot") if kind in ("dot", "part") else 0
        if depth > MAX_DEPTH:
            return _mistake(f"nested more than {MAX_DEPTH} deep", text, token.start())
        if dots >= MAX_DEPTH:
            return _mistake(f"a dotted key of more than {MAX_DEPTH} parts", text, token.start())
        if keys > MAX_KEYS:
            return _mistake(f"more than {MAX_KEYS:,} keys, tables and lists", text, token.start())
    return None


def _broken(text: str, error: tomllib.TOMLDecodeError) -> Mistake:
    """What tomllib found. (From Python 3.14 on the place is in attributes too, but the message still ends with it.)"""
    what, _, place = str(error).rpartition(" (at ")
    what = what[:1].lower() + what[1:]
    what = f"not valid TOML: {_HINTS.get(what, what)}"
    found = re.fullmatch(r"line (\d+), column (\d+)\)", place)
    if found:
        return Mistake((), what, int(found[1]), int(found[2]))
    return _mistake(f"{what}, at the end of the file", text, len(text.rstrip()))


def positions(text: str) -> dict[Path, tuple[int, int]]:
    """The (line, column) of every key, table and list entry of a valid TOML text, by its path in the document.

    An entry of an array of tables stands where its header names it; `()`, the document, at the first character.

    >>> positions("steps = 10\\n[[optimizer]]\\n  lr = [0.1, 0.2]")[("optimizer", 0, "lr", 1)]
    (3, 14)
    """
    scanner = _Scanner(text)
    scanner.document()
    starts = [0, *(newline.end() for newline in re.finditer("\n", text))]

    def place(offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return {path: place(offset) for path, offset in scanner.offsets.items()}


class _Scanner:
    """Walks over a valid document and notes the offset of each path's first mention."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.offsets: dict[Path, int] = {(): 0}
        self.lengths: dict[Path, int] = {}  # of the arrays of tables, so far

    def document(self) -> None:
        table: Path = ()
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip()

    def skip(self, pattern: re.Pattern[str] = _GAP) -> str:
        """Move past what matches, and return it. By default whitespace, newlines and comments."""
        found = pattern.match(self.text, self.at)
        assert found, f"no valid TOML at offset {self.at}"
        self.at = found.end()
        return found[0]

    def header(self) -> Path:
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        path = self.key(())
        if brackets == 2:
            key_offset = self.key_offset
            index = self.lengths.get(path, 0)
            self.lengths[path] = index + 1
            path = (*path, index)
            self.offsets[path] = key_offset
        self.at += brackets
        return path

    def key(self, path: Path) -> Path:
        """Read a key, dotted or not, below `path`; a part that names an array of tables means its last table."""
        while True:
            self.skip()
            self.key_offset = self.at
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
            path = (*path, _unquoted(self.skip(_KEY)))
            self.offsets.setdefault(path, self.key_offset)
            self.skip()
            if self.text[self.at] != ".":
                return path
            self.at += 1

    def pair(self, table: Path) -> None:
        path = self.key(table)
        self.at += len("=")
        self.skip()
        self.value(path)

    def value(self, path: Path) -> None:
        if self.text[self.at] not in "[{":
            self.skip(_SCALAR)
            return
        is_list = self.text[self.at] == "["
        self.at += 1
        index = 0
        self.skip()
        while self.text[self.at] not in "]}":
            if is_list:
                self.offsets[(*path, index)] = self.at
                self.value((*path, index))
            else:
                self.pair(path)
            index += 1
            self.skip()
            self.at += self.text[self.at] == ","
            self.skip()
        self.at += 1


def _unquoted(key: str) -> str:
    return key if key[0] not in "\"'" else tomllib.loads(f"key = {key}")["key"]
