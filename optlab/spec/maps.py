"""The tables of maps: `[basins]`, in which every pixel is a start, and `[stability]`, in which it is a setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, Strict

from optlab.spec import values

COLORS = ("final_loss", "steps")
BASINS, STABILITY = 512, 256
"""Pixels along each side, where nothing else is asked for."""
MAX_RESOLUTION = 4096
MIN_RANGE, MAX_RANGE, MIN_SHARE = 1e-280, 1e300, 1e-12
"""Of the range of a map: Matplotlib draws no axis that is shorter, longer, or so short beside its ends."""


def _color(value: Any) -> Any:
    if value not in COLORS:
        raise ValueError(f'must be "final_loss" or "steps", not {values.shown(value)}')
    return value


def _range(value: Any) -> tuple[float, float]:
    lo, hi = values.bounds(value)
    least = max(MIN_RANGE, MIN_SHARE * max(abs(lo), abs(hi)))
    if not least <= hi - lo <= MAX_RANGE:
        bound = f"at least {least:g}" if hi - lo < least else f"at most {MAX_RANGE:g}"
        raise ValueError(f"must be [lo, hi] with a distance of {bound}, not [{lo}, {hi}]")
    return lo, hi


def _doc(text: str) -> Any:
    return Field(description=text)


_Resolution = Annotated[int, Strict(), Field(ge=2, le=MAX_RESOLUTION)]
_Bounds = Annotated[tuple[float, float] | None, PlainValidator(_range, json_schema_input_type=tuple[float, float])]
_Word = Annotated[str, Strict(), Field(min_length=1)]
_Color = Annotated[Literal["final_loss", "steps"], BeforeValidator(_color)]
_Number = Annotated[float | None, PlainValidator(values.number, json_schema_input_type=float)]


@dataclass(frozen=True)
class BasinsSpec:
    """A map of starts: every pixel of a rectangle is one, and the minimum that is reached from it is what is shown."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    resolution: Annotated[_Resolution, _doc("pixels along each side")] = BASINS
    x: Annotated[_Bounds, _doc("the range of the first parameter; by default that of the domain")] = None
    y: Annotated[_Bounds, _doc("the range of the second parameter")] = None


@dataclass(frozen=True)
class StabilitySpec:
    """A map of settings: two hyperparameters along the sides, and what becomes of the loss is what is shown."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    x: Annotated[_Word, _doc("the hyperparameter from left to right")]
    y: Annotated[_Word, _doc("the hyperparameter from below to above")]
    resolution: Annotated[_Resolution, _doc("values of each of them, where its grid has no num")] = STABILITY
    color: Annotated[_Color, _doc("final_loss, or steps: those needed to come to the target")] = "final_loss"
    target: Annotated[_Number, _doc("the loss to come to; by default a millionth of the start's height")] = None


def filled(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of a map with what it leaves to defaults: no history, and as many values on an axis as pixels."""
    if not any(isinstance(document.get(kind), dict) for kind in ("basins", "stability")):
        return document
    record = document.get("record", {})
    if isinstance(record, dict):
        document = {**document, "record": {"points": 0, **record}}
    stability, optimizers = document.get("stability"), document.get("optimizer")
    if isinstance(stability, dict) and isinstance(optimizers, list):
        resolution = stability.get("resolution", STABILITY)
        if type(resolution) is not int or not 2 <= resolution <= MAX_RESOLUTION:  # told once, of the resolution
            resolution = STABILITY
        sides = [stability.get("x"), stability.get("y")]
        document = {**document, "optimizer": [_numbered(table, sides, resolution) for table in optimizers]}
    return document


def _numbered(table: Any, sides: list[Any], num: Any) -> Any:
    if not isinstance(table, dict):
        return table
    amiss = not all(isinstance(name, str) and name in table for name in sides)  # which is mistake enough
    grids = {name: grid for name, grid in table.items() if isinstance(grid, dict) and (amiss or name in sides)}
    grids.pop("schedule", None)
    return {**table, **{name: {**grid, "num": num} for name, grid in grids.items() if "num" not in grid}}
