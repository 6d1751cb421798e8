"""What differs between the two forms of a program: where x and the state are kept, and how a step is computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from optlab.engine.native.body import Body

if TYPE_CHECKING:
    from optlab.engine.native.program import Program, Values


class Form(ABC):
    """A part of the function `run`: it writes to `body`, where `%lane` is the first run of the block at hand.

    `straight.py` has a variable and an expression for each entry, `loops.py` has arrays and loops.
    """

    def __init__(self, program: Program, body: Body) -> None:
        self.program, self.body = program, body
        self.layout, self.expressions = program.layout, program.expressions
        self.copies = program.layout.copies

    def lane(self, copy: int, row: int | str = 0) -> str:
        """The index of a block's runs in a row of an array of runs."""
        lane = self.body.add("%lane", copy * self.body.width)
        return lane if row == 0 else self.body.add(self.body.times("%stride", row), lane)

    @abstractmethod
    def begin(self) -> None:
        """Allocate memory for x and the state."""

    @abstractmethod
    def end(self) -> None:
        """Free that memory."""

    @abstractmethod
    def move(self, save: bool) -> None:
        """Bring x and the state from memory, or back."""

    @abstractmethod
    def present(self, values: Values) -> None:
        """Add what is carried to the values at hand."""

    @abstractmethod
    def compute(self, values: Values, level: int, among: Sequence[int] | None = None) -> None:
        """Write down the expressions of a level, all or some, that are not there yet."""

    @abstractmethod
    def advance(self, values: Values) -> None:
        """Put the next x and state, which are computed, in the place of the present ones."""

    @abstractmethod
    def record(self, living: Sequence[str], place: str) -> None:
        """Write x into a row of `%trail`, NaN for runs that have diverged."""

    @abstractmethod
    def is_finite(self, copy: int) -> str:
        """Whether x is finite."""
