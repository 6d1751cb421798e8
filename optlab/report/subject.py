"""What pictures are made from, and what they are before they are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optlab.replanning import Origin
from optlab.store import Results

if TYPE_CHECKING:
    from optlab.plots.figure import InlineFigure


class Subject(Results, ABC):
    """Finished results that know the plan that they come from."""

    @property
    @abstractmethod
    def origin(self) -> Origin:
        """The plan, as far as there is one, and which plugins have changed since."""

    @property
    @abstractmethod
    def panels(self) -> Sequence[Any]:
        """The panels of a map, in the order of the plan."""


@dataclass(frozen=True)
class NamedFigure:
    """A picture of an experiment, which is drawn when it is asked for.

    kind: what it shows, as "contour". case: the title of the case it shows. file: what its name ends with.
    """

    kind: str
    case: str
    file: str
    make: Callable[[], InlineFigure]

    @property
    def name(self) -> str:
        """The name of its file, without the ending."""
        return f"{self.kind}_{self.file}"
