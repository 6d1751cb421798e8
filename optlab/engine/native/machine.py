"""The properties of a target that the text of a module depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """The target of the code: the `width` of a vector in float64 lanes, whether it has fused multiply-add (`fma`), and
    the functions with a vector version, as name -> symbol."""

    width: int
    fma: bool
    vectors: Mapping[str, str]
