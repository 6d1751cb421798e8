"""Fonts for texts of users: DejaVu Sans, which Matplotlib contains, and installed fonts for other characters."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

BASE = "DejaVu Sans"
_FIRST = ("Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi", "Noto Emoji", "Noto Sans",
          "Symbola", "Segoe UI", "Arial Unicode MS", "Apple Symbols")  # fmt: skip
"""Name prefixes of the preferred fonts, which have many characters and a suitable style."""
_NEVER = ("Last Resort", "cm")
"""Name prefixes of Matplotlib's fonts that have a box for every character, or wrong character tables."""


def families(text: str) -> list[str]:
    """The font families for a text. Matplotlib takes each character from the first family that contains it.

    >>> families("Adam, β = 0.9 ✓")
    ['DejaVu Sans']
    """
    return [BASE, *_found(_lacking(text))[0]]


def missing(texts: Iterable[str]) -> str:
    """The characters that no installed font contains, each once; they are drawn as boxes.

    >>> missing(["Adam, β = 0.9", "\\n"])
    ''
    """
    return "".join(sorted(_found(_lacking("".join(texts)))[1]))


def give(figure: Figure) -> None:
    """Set the fonts of every text of a figure to the families that its characters need."""
    for text in figure.findobj(Text):
        if isinstance(text, Text) and _lacking(text.get_text()):
            text.set_fontfamily(families(text.get_text()))


def _lacking(text: str) -> frozenset[str]:
    return frozenset(letter for letter in text if letter.isprintable() and ord(letter) not in _base())


@functools.cache
def _base() -> frozenset[int]:
    return frozenset(_letters(font_manager.findfont(BASE)))


@functools.lru_cache(maxsize=256)
def _found(lacking: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The families that contain some of these characters, and the characters that no font contains."""
    chosen: list[str] = []
    for name, letters in _installed() if lacking else ():
        if shown := {letter for letter in lacking if ord(letter) in letters}:
            chosen.append(name)
            lacking -= shown
        if not lacking:
            break
    return tuple(chosen), lacking


def _installed() -> Iterator[tuple[str, frozenset[int]]]:
    """The installed fonts with their characters, in order: preferred fonts first. Fonts are opened lazily."""
    _look_for_new_ones()
    listed = font_manager.fontManager.ttflist
    fonts = {font.name: font.fname for font in listed if font.style == "normal" and not font.name.startswith(_NEVER)}
    yield from ((name, _letters(fonts[name])) for name in sorted(fonts, key=lambda name: (_place(name), name)))


def _place(name: str) -> int:
    return next((i for i, first in enumerate(_FIRST) if name.startswith(first)), len(_FIRST))


@functools.cache
def _look_for_new_ones() -> None:
    """Add fonts that were installed after Matplotlib cached its list of fonts."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError):  # a damaged or unsupported font
                continue


@functools.cache
def _letters(path: str) -> frozenset[int]:
    """The characters of a scalable font; none for bitmap fonts, such as coloured emoji."""
    try:
        font = FT2Font(path)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
