"""Pictures that plugins add to each experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FigurePlugin:
    """A function that makes Matplotlib figures from the results of an experiment."""

    function: Callable[[Any], Any]

    @property
    def name(self) -> str:
        """The name of the plugin, which is the name of the function."""
        return self.function.__name__
