"""The interface of the two forms of a program: where x and the state are kept, and how a step is computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from optlab.engine.native.llvm_builder import Body

if TYPE_CHECKING:
    from optlab.engine.native.hoisting import StepProgram, Values


class Form(ABC):
    """The part of the function `run` that depends on the form. It writes to `body`.

    In the text, `%lane` is the first run of the current block. `unrolled.py` has one variable and one expression per
    entry; `looped.py` has arrays and loops.
    """

    def __init__(self, program: StepProgram, body: Body) -> None:
        self.program, self.body = program, body
        self.layout, self.expressions = program.layout, program.expressions
        self.copies = program.layout.copies

    def lane(self, copy: int, row: int | str = 0) -> str:
        """The index of the first run of the block's vector number `copy`, in the given row of an array."""
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
        """Load x and the state from memory, or save them to memory."""

    @abstractmethod
    def present(self, values: Values) -> None:
        """Add x and the state to the available values."""

    @abstractmethod
    def compute(self, values: Values, level: int, among: Sequence[int] | None = None) -> None:
        """Write the missing expressions of a level: all of them, or those in `among`."""

    @abstractmethod
    def advance(self, values: Values) -> None:
        """Replace x and the state by their computed next values."""

    @abstractmethod
    def record(self, finite: Sequence[str], place: str) -> None:
        """Write x into a row of `%trail`, and NaN for runs that have diverged."""

    @abstractmethod
    def is_finite(self, copy: int) -> str:
        """Whether x is finite."""
