"""Choices that several layers offer, each written once. Nothing is loaded here: `optlab --help` shows them."""

from __future__ import annotations

from typing import Literal, get_args

Backend = Literal["auto", "native", "replay"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
"""What may be asked for to execute the steps."""

Precision = Literal["float64", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""The types of numbers that runs are computed in."""

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""What pictures are saved as."""

Color = Literal["final_loss", "steps"]
COLORS: tuple[Color, ...] = get_args(Color)
"""What the colours of a map of stability stand for."""

STEPS = 500
"""Steps per run where a map or a race is asked for in one line."""
SEEDS = 5
"""Repeats of what is random in a race."""
BASINS, STABILITY = 512, 256
"""Pixels along each side of a map of basins, and of one of stability."""
