"""Where things stand in a TOML text. `tomllib` says what a document means, but not where each key is written.

`parse` reads a text of bounded size; `positions` scans a text that `parse` accepted. Both look at a copy in which
texts are underscores and comments are spaces, so that every bracket, dot and comma left is one of the grammar.
Lines and columns count from 1, in characters.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from typing import Any

from optlab.errors import Mistake

Path = tuple[str | int, ...]

MAX_SIZE = 1_000_000
"""Characters in an experiment file."""
MAX_KEYS = 5_000
"""Keys, tables and lists in it."""
MAX_COMMAS = 100_000
"""Commas in it: numbers in lists, nearly all."""
MAX_DEPTH = 32
"""Brackets within brackets (tomllib recurses) and parts of a dotted key (its time is quadratic in them)."""

# In a broken text, what is never closed counts as a text up to the end of its line or, with three quotes, of the file.
_TEXT = r'"""(?:[^"\\]|\\.|"(?!""))*+"{0,5}' r"|'''(?:[^']|'(?!''))*+'{0,5}" r'|"(?:[^"\\\n]|\\.)*+"?' r"|'[^'\n]*+'?"
_OPAQUE = re.compile(rf"{_TEXT}|\#[^\n]*", re.DOTALL)
_MARK = re.compile(r"(?P<open>[\[{])|(?P<close>[\]}])|(?P<equals>=)|(?P<comma>,)|[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++)*+")
_SPACE, _WORD, _SCALAR = re.compile(r"\s*"), re.compile(r"[\w-]+"), re.compile(r"[^,\]}\n]*")
_HINTS = {  # for messages of tomllib that begin so
    "cannot": "this key or table was given before",
    "invalid value": "invalid value (texts need quotes)",
    "unclosed array": "unclosed array (a comma or a ] is missing)",
    "unclosed inline table": "unclosed inline table (a comma or a } is missing)",
    "expected newline": "expected the end of the line after a value (write 0.1, not 0,1; lists need brackets)",
    "invalid statement": 'invalid statement (write key = value, [table] or [[table]]; other keys need quotes: "é" = 1)',
}
_CURLY = tuple("“”‘’＂")  # as word processors and input methods write quotes


def parse(text: str) -> dict[str, Any] | Mistake:
    """The document, or the one mistake that keeps it from being read, with its place.

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
    except ValueError:  # Python refuses to read decimal integers of more than 4,300 digits
        digits = re.search(r"[0-9_]{4300,}", text)
        return _mistake("a number has thousands of digits", text, digits.start() if digits else 0)


def positions(text: str) -> dict[Path, int]:
    """The offset of every key, table and list entry of a valid TOML text, by its path in the document.

    An entry of an array of tables stands where its header names it; `()`, the document, at the first character.

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
    """The text with each of its texts as underscores and each comment as spaces; every offset stays."""
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
    """Walks over a valid document and notes the offset of each path's first mention."""

    def __init__(self, text: str) -> None:
        self.text, self.bare, self.at = text, _bare(text), 0
        self.offsets: dict[Path, int] = {(): 0}
        self.lengths: dict[Path, int] = {}  # of the arrays of tables, so far

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.bare, self.at)
        assert found, f"no valid TOML at offset {self.at}"
        self.at = found.end()
        return self.text[found.start() : found.end()]

    def next(self) -> str:
        """The next character that is no space, or nothing at the end."""
        self.skip(_SPACE)
        return self.bare[self.at : self.at + 1]

    def take(self, mark: str) -> bool:
        """Move past a mark, if it is what comes next."""
        found = self.next() == mark
        self.at += found
        return found

    def document(self) -> None:
        table: Path = ()
        while self.next():
            if self.next() == "[":
                table = self.header()
            else:
                self.value(self.key(table))

    def header(self) -> Path:
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

    def key(self, path: Path) -> Path:
        """Read a key, dotted or not, below `path`; a part that names an array of tables means its last table."""
        while True:
            self.next()
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
            offset, word = self.at, self.skip(_WORD)
            path = (*path, tomllib.loads(f"key = {word}")["key"] if word[0] in "\"'" else word)
            self.offsets.setdefault(path, offset)
            if not self.take("."):
                return path

    def value(self, path: Path) -> None:
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
