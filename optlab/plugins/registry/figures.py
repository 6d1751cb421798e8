"""Pictures that plugins add to every experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FigurePlugin:
    """A function that makes Matplotlib figures of the results of an experiment, by the name of the function."""

    function: Callable[[Any], Any]

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__
