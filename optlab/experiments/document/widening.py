"""Widen the ranges and grids in the text of an experiment file. Comments and all other text stay as they are.

On a logarithmic scale, a range is widened by a factor of ten on one side; on a linear scale and for integers, by its
own width. A grid gets more values, at about the same distances. No range leaves the numbers that its option allows. If
the limit itself is not allowed, as in [0, 1), the new bound is ten times nearer to the limit than the old one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.errors import short
from optlab.experiments.document import source_map
from optlab.experiments.document.source_map import KeyPath
from optlab.plugins.interval import AllowedRange

FACTOR = 10
"""The factor by which a range is widened on a logarithmic scale."""
_LOGARITHMIC, _LINEAR = ("log_uniform", "log"), ("uniform", "linear", "integers")
_TOKEN = re.compile(r"[^\s,\]}#]+")


@dataclass(frozen=True)
class Edge:
    """An axis whose best value is at an end of its range.

    path: its place in the document. name: its name in messages. label: the optimizer. low, high: at which ends.
    allowed: the numbers that the option allows, if they are limited.
    """

    path: KeyPath
    name: str
    label: str
    low: bool
    high: bool
    allowed: AllowedRange | None = None


@dataclass(frozen=True)
class Widened:
    """The new text, a sentence for each change, and the reason for each axis that could not be widened."""

    text: str
    changes: Sequence[str]
    left: Sequence[str]


def widened(text: str, document: Mapping[str, Any], edges: Sequence[Edge]) -> Widened:
    """The text of an experiment file with wider ranges.

    Args:
        text: the file.
        document: its content.
        edges: the axes to widen; those of several optimizers may be in one file.
    """
    offsets = source_map.positions(text)
    replaced: dict[KeyPath, str] = {}
    changes, left = [], []
    for edge in edges:
        axis = _at(document, edge.path)
        if axis is None:
            left.append(f"{edge.label}: {edge.name} is written in the rows of trials; write further rows or a range")
            continue
        form = next((name for name in (*_LOGARITHMIC, *_LINEAR) if isinstance(axis, dict) and name in axis), None)
        if form is None:
            left.append(f"{edge.label}: {edge.name} is written as a list; write further values or a range")
            continue
        old = axis[form]
        new = [_moved(old, form, edge.allowed, high=False) if edge.low else old[0],
               _moved(old, form, edge.allowed, high=True) if edge.high else old[1]]  # fmt: skip
        if new == old:
            left.append(f"{edge.label}: {edge.name} is at the limit of what it allows, {edge.allowed}")
            continue
        replaced |= {(*edge.path, form, n): _written(new[n], old[n]) for n in range(2) if new[n] != old[n]}
        more = ""
        if "num" in axis:
            num = _number(old, new, axis["num"], form)
            replaced[(*edge.path, "num")] = str(num)
            more = f", num {axis['num']} -> {num}"
        changes.append(f"{edge.label}: {edge.name} {form} {_shown(old)} -> {_shown(new)}{more}")
    for path, token in sorted(replaced.items(), key=lambda pair: -_value_at(text, offsets, pair[0])):
        begin = _value_at(text, offsets, path)
        found = _TOKEN.match(text, begin)
        assert found is not None
        text = text[:begin] + token + text[found.end() :]
    return Widened(text, changes, left)


def _at(document: Any, path: KeyPath) -> Any:
    """The value at a path; None if a key is missing, because the values are written elsewhere."""
    for part in path:
        if isinstance(document, dict) and part not in document:
            return None
        document = document[part]
    return document


def _value_at(text: str, offsets: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The offset of the value at a path. For a key, this is after its equals sign."""
    begin = offsets[path] if isinstance(path[-1], int) else text.index("=", offsets[path]) + 1
    while text[begin].isspace():
        begin += 1
    return begin


def _moved(bounds: Sequence[float], form: str, allowed: AllowedRange | None, high: bool) -> float:
    """The new bound at one end."""
    old = bounds[high]
    if form in _LOGARITHMIC:
        new = float(f"{old * FACTOR if high else old / FACTOR:.12g}")
    else:
        width = bounds[1] - bounds[0]
        new = old + width if high else old - width
        new = int(new) if form == "integers" else float(f"{new:.12g}")
    if allowed is None or new in allowed:
        return new
    limit = allowed.high if high else allowed.low
    if limit in allowed:
        return int(limit) if form == "integers" else limit
    near = old + (limit - old) * (1 - 1 / FACTOR)
    if form == "integers":  # the last integer before the limit
        return math.ceil(limit) - 1 if high else math.floor(limit) + 1
    return float(f"{near:.12g}")


def _number(old: Sequence[float], new: Sequence[float], num: int, form: str) -> int:
    """The number of values of a wider grid with about the same distances between them."""
    scale = math.log if form == "log" else float
    was, now = (scale(bounds[1]) - scale(bounds[0]) for bounds in (old, new))
    return max(num + 1, round((num - 1) * now / was) + 1)


def _written(new: float, old: float) -> str:
    """A number in TOML. It stays an integer if it was written as one."""
    return str(int(new)) if isinstance(old, int) and float(new).is_integer() else repr(float(new))


def _shown(bounds: Sequence[float]) -> str:
    return f"[{', '.join(short(float(bound)) for bound in bounds)}]"
