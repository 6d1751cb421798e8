"""Choices that several layers offer. This module imports nothing heavy, because `optlab --help` shows the choices."""

from __future__ import annotations

from typing import Literal, get_args

Backend = Literal["auto", "native", "replay"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
"""The back ends that a user may request."""

EXECUTORS = ("threads", "processes", "dask")
"""The executors of optlab. Installed packages may add others."""

Precision = Literal["float64", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""The dtypes of the computation."""

Search = Literal["grid", "random", "sobol"]
"""How the settings to try are found."""

Budget = Literal["steps", "gradients", "seconds"]
"""What is equal for all optimizers."""

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""The file formats of pictures."""

PICTURES = ("contour", "surface", "loss", "lr", "ranks", "profile", "data_profile", "ecdf", "ert", "best_of_k",
            "strategies", "units", "basins", "stability", "extra")  # fmt: skip
"""The kinds of pictures; `extra` are those of plugins."""

CASES_SHOWN = 12
"""The largest number of cases that have tables and pictures of their own by default."""

AXES = ("steps", "gradients", "seconds")
"""What the horizontal axis of curves can count."""

Color = Literal["final_loss", "steps"]
COLORS: tuple[Color, ...] = get_args(Color)
"""The quantities that the colours of a map of stability can show."""

STEPS = 500
"""The default number of steps per run of the commands for maps and races."""
GENTLE_RATES = "1e-4:1:9"
"""The default learning rates of `optlab play`: two in each power of ten. Larger ones make balls jump."""
SEEDS = 5
"""The default number of seeds of a race with random parts."""
BASINS, STABILITY = 512, 256
"""The default number of pixels along each side of a map of basins, and of a map of stability."""

View = Literal["map", "surface"]
VIEWS: tuple[View, ...] = get_args(View)
"""What the balls of an animation roll on: a map from above, or a surface in three dimensions."""

FRAMES, FPS, WIDTH = 100, 20, 800
"""The default numbers of frames, of frames per second and of pixels across of an animation."""
