"""Positions in a TOML text, which `tomllib` does not report.

`parse` reads a text of bounded size; `positions` scans a text that `parse` accepted. Both scan a copy in which strings
are replaced by underscores and comments by spaces. So every remaining bracket, dot and comma is part of the grammar.
Lines and columns are counted in characters, from 1.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from typing import Any

from optlab.errors import Mistake

KeyPath = tuple[str | int, ...]

MAX_SIZE = 1_000_000
"""The maximum number of characters in an experiment file."""
MAX_KEYS = 5_000
"""The maximum number of keys, tables and lists in a file."""
MAX_COMMAS = 100_000
"""The maximum number of commas in a file; most of them separate numbers in lists."""
MAX_DEPTH = 32
"""The maximum depth of nested brackets (tomllib recurses) and number of parts of a dotted key (tomllib takes quadratic
time)."""

# In invalid TOML an unclosed string ends at the end of its line or, if it has three quotes, at the end of the file.
_TEXT = r'"""(?:[^"\\]|\\.|"(?!""))*+"{0,5}' r"|'''(?:[^']|'(?!''))*+'{0,5}" r'|"(?:[^"\\\n]|\\.)*+"?' r"|'[^'\n]*+'?"
_OPAQUE = re.compile(rf"{_TEXT}|\#[^\n]*", re.DOTALL)
_MARK = re.compile(r"(?P<open>[\[{])|(?P<close>[\]}])|(?P<equals>=)|(?P<comma>,)|[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++)*+")
_SPACE, _WORD, _SCALAR = re.compile(r"\s*"), re.compile(r"[\w-]+"), re.compile(r"[^,\]}\n]*")
_HINTS = {  # by the first words of tomllib's message
    "cannot": "this key or table was given before",
    "invalid value": "invalid value (texts need quotes)",
    "unclosed array": "unclosed array (a comma or a ] is missing)",
    "unclosed inline table": "unclosed inline table (a comma or a } is missing)",
    "expected newline": "expected the end of the line after a value (write 0.1, not 0,1; lists need brackets)",
    "invalid statement": 'invalid statement (write key = value, [table] or [[table]]; other keys need quotes: "é" = 1)',
}
_CURLY = tuple("“”‘’＂")  # quotes of word processors and input methods


def parse(text: str) -> dict[str, Any] | Mistake:
    """The document, or the mistake because of which it cannot be read, with its place.

    >>> parse("steps = 10")
    {'steps': 10}
    >>> parse("steps = ten")
    Mistake(path=(), message='not valid TOML: invalid value (texts need quotes)', line=1, column=9)
    """
    try:
        return _too_much(text) or tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).rpartition(" (at ")
        what = what[:1].lower() + what[1:]
        what = next((hint for start, hint in _HINTS.items() if what.startswith(start)), what)
        found = re.fullmatch(r"line (\d+), column (\d+)\)", place)
        if found:
            line, column = int(found[1]), int(found[2])
            if text.split("\n")[line - 1][column - 1 : column] in _CURLY:
                what = 'invalid value (texts need straight quotes: "...", not “...”)'
            return Mistake((), f"not valid TOML: {what}", line, column)
        return _mistake(f"not valid TOML: {what}, at the end of the file", text, len(text.rstrip()))
    except ValueError:  # Python does not read decimal integers of more than 4,300 digits
        digits = re.search(r"[0-9_]{4300,}", text)
        return _mistake("a number has thousands of digits", text, digits.start() if digits else 0)


def positions(text: str) -> dict[KeyPath, int]:
    """The offset of every key, table and list entry of a valid TOML text, by its path in the document.

    The position of a table in an array of tables is the name in its header; the position of the document, `()`, is 0.

    >>> positions("steps = 10\\n[[optimizer]]\\n  lr = [0.1, 0.2]")[("optimizer", 0, "lr", 1)]
    38
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.offsets


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _mistake(message: str, text: str, offset: int) -> Mistake:
    return Mistake((), message, *line_and_column(text, offset))


def _bare(text: str) -> str:
    """The text with strings replaced by underscores and comments by spaces; all offsets stay the same."""
    return _OPAQUE.sub(lambda found: (" " if found[0][0] == "#" else "_") * len(found[0]), text)


def _too_much(text: str) -> Mistake | None:
    if len(text) > MAX_SIZE:
        return _mistake(f"the file has {len(text):,} characters, and {MAX_SIZE:,} is the most", text, 0)
    count = {"open": 0, "close": 0, "equals": 0, "comma": 0, None: 0}
    for mark in _MARK.finditer(_bare(text)):
        count[mark.lastgroup] += 1
        if count["open"] - count["close"] > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} deep"
        elif mark[0].count(".") >= MAX_DEPTH:
            message = f"a dotted key of more than {MAX_DEPTH} parts"
        elif count["open"] + count["equals"] > MAX_KEYS:
            message = f"more than {MAX_KEYS:,} keys, tables and lists"
        elif count["comma"] > MAX_COMMAS:
            message = f"more than {MAX_COMMAS:,} commas: the lists are too long"
        else:
            continue
        return _mistake(message, text, mark.start())
    return None


class _Scanner:
    """Scans a valid document and records the offset of the first occurrence of each path."""

    def __init__(self, text: str) -> None:
        self.text, self.bare, self.at = text, _bare(text), 0
        self.offsets: dict[KeyPath, int] = {(): 0}
        self.lengths: dict[KeyPath, int] = {}  # the current lengths of the arrays of tables

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.bare, self.at)
        assert found, f"no valid TOML at offset {self.at}"
        self.at = found.end()
        return self.text[found.start() : found.end()]

    def next(self) -> str:
        """The next character that is not white space, or "" at the end."""
        self.skip(_SPACE)
        return self.bare[self.at : self.at + 1]

    def take(self, mark: str) -> bool:
        """Move past a mark if it is the next character; return whether it is."""
        found = self.next() == mark
        self.at += found
        return found

    def document(self) -> None:
        table: KeyPath = ()
        while self.next():
            if self.next() == "[":
                table = self.header()
            else:
                self.value(self.key(table))

    def header(self) -> KeyPath:
        brackets = 2 if self.bare.startswith("[[", self.at) else 1
        self.at += brackets
        self.next()
        start, path = self.at, self.key(())
        if brackets == 2:
            index = self.lengths.get(path, 0)
            self.lengths[path] = index + 1
            path = (*path, index)
            self.offsets[path] = start
        self.at += brackets
        return path

    def key(self, path: KeyPath) -> KeyPath:
        """Read a plain or dotted key below `path`; a part that names an array of tables refers to its last table."""
        while True:
            self.next()
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
            offset, word = self.at, self.skip(_WORD)
            path = (*path, tomllib.loads(f"key = {word}")["key"] if word[0] in "\"'" else word)
            self.offsets.setdefault(path, offset)
            if not self.take("."):
                return path

    def value(self, path: KeyPath) -> None:
        self.take("=")
        if self.take("{"):
            while not self.take("}"):
                self.value(self.key(path))
                self.take(",")
        elif self.take("["):
            for index in itertools.count():
                if self.take("]"):
                    return
                self.offsets[(*path, index)] = self.at
                self.value((*path, index))
                self.take(",")
        else:
            self.skip(_SCALAR)
