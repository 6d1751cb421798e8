"""The results that pictures are made from, and pictures before they are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.results.replanning import Origin
from optlab.results.store import Results


class Subject(Results, ABC):
    """Finished results with their plan."""

    @property
    @abstractmethod
    def origin(self) -> Origin:
        """The plan, if there is one, and the plugins that have changed since the runs."""

    @property
    @abstractmethod
    def panels(self) -> Sequence[Any]:
        """The panels of a map, in the order of the plan."""


ALL_CASES = "all cases"
"""The title of pictures that are about all cases."""


@dataclass(frozen=True)
class NamedFigure:
    """A picture of an experiment. `make` draws it and returns an `InlineFigure`, a figure of Matplotlib.

    kind: the kind of picture, such as "contour". case: the title of its case, or `ALL_CASES`. file: the last part of
    its name.
    """

    kind: str
    case: str
    file: str
    make: Callable[[], Any]

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return f"{self.kind}_{self.file}"
