"""The list of mistakes found so far, each with its place in the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from optlab.errors import Mistake, UserError

KeyPath = tuple[str | int, ...]
T = TypeVar("T")


@dataclass
class Diagnostics:
    """The mistakes found so far. `before`: the paths of mistakes of an earlier pass, which count as wrong too."""

    mistakes: list[Mistake] = field(default_factory=list)
    before: frozenset[KeyPath] = frozenset()
    _noted: set[Mistake] = field(default_factory=set, repr=False)
    _wrong: set[KeyPath] = field(default_factory=set, repr=False)

    def is_wrong(self, path: KeyPath) -> bool:
        """Whether a mistake at this path was already noted."""
        return path in self.before or path in self._wrong

    def note(self, path: KeyPath, message: str) -> None:
        mistake = Mistake(path, message)
        if mistake not in self._noted:
            self.mistakes.append(mistake)
            self._noted.add(mistake)
            self._wrong.add(path)

    def found(self, find: Callable[[str], T], name: str, path: KeyPath) -> T | None:
        """The object with a name. If there is none, note the mistake and return None."""
        try:
            return find(name)
        except UserError as error:
            self.note(path, str(error))
            return None
