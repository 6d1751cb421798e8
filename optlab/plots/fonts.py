"""Fonts for what users write: DejaVu Sans, which Matplotlib brings, and installed ones for letters that it lacks."""

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
"""Beginnings of the names of fonts that are asked before all others, as they have many letters and fit in style."""
_NEVER = ("Last Resort", "cm")
"""Fonts of Matplotlib's own that have a box for every letter, or other letters than their tables say."""


def families(text: str) -> list[str]:
    """The families of fonts that a text needs: Matplotlib takes each letter from the first one that has it.

    >>> families("Adam, β = 0.9 ✓")
    ['DejaVu Sans']
    """
    return [BASE, *_found(_lacking(text))[0]]


def missing(texts: Iterable[str]) -> str:
    """The letters that no installed font has, each once; boxes stand in their place.

    >>> missing(["Adam, β = 0.9", "\\n"])
    ''
    """
    return "".join(sorted(_found(_lacking("".join(texts)))[1]))


def give(figure: Figure) -> None:
    """Give every text of a figure the fonts that its letters need."""
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
    """The families that have some of these letters, and the letters that none has."""
    chosen: list[str] = []
    for name, letters in _installed() if lacking else ():
        if shown := {letter for letter in lacking if ord(letter) in letters}:
            chosen.append(name)
            lacking -= shown
        if not lacking:
            break
    return tuple(chosen), lacking


def _installed() -> Iterator[tuple[str, frozenset[int]]]:
    """The installed fonts with their letters, by name: the preferred ones first. Each is opened when it is its turn."""
    _look_for_new_ones()
    listed = font_manager.fontManager.ttflist
    fonts = {font.name: font.fname for font in listed if font.style == "normal" and not font.name.startswith(_NEVER)}
    yield from ((name, _letters(fonts[name])) for name in sorted(fonts, key=lambda name: (_place(name), name)))


def _place(name: str) -> int:
    return next((i for i, first in enumerate(_FIRST) if name.startswith(first)), len(_FIRST))


@functools.cache
def _look_for_new_ones() -> None:
    """Matplotlib keeps a list of fonts from its first start: those that were installed since are not in it."""
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError):  # it is damaged, or of a kind that Matplotlib cannot use
                continue


@functools.cache
def _letters(path: str) -> frozenset[int]:
    """The letters of a font that can be drawn at any size. (Those of coloured emoji are pixels of one size.)"""
    try:
        font = FT2Font(path)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
