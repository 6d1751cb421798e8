"""The selection of the optimizers in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.errors import UnknownName, UserError, did_you_mean


@dataclass(frozen=True)
class Selection:
    """The labels of the optimizers that pictures show, and how many of them in colour.

    only: labels; all optimizers if empty. top: the number of optimizers in colour, the best by rank; the others are
    thin and grey. None means the number of colours.
    """

    only: tuple[str, ...] = ()
    top: int | None = None

    def __bool__(self) -> bool:
        """Whether anything was selected."""
        return bool(self.only) or self.top is not None

    def check(self, labels: Sequence[str], is_ranked: bool) -> None:
        """Check that the selection can be drawn.

        Raises:
            UnknownName: no optimizer has a given label.
            UserError: `top` is less than 1, or there are no ranks.

        >>> Selection(only=("adma",)).check(["gd", "adam"], is_ranked=True)
        Traceback (most recent call last):
        ...
        optlab.errors.UnknownName: only: no optimizer has the label 'adma' (did you mean 'adam'?); there are: gd, adam
        """
        for label in self.only:
            if label not in labels:
                guess = did_you_mean(label, labels)
                raise UnknownName(f"only: no optimizer has the label {label!r}{guess}; there are: {', '.join(labels)}")
        if self.top is not None and self.top < 1:
            raise UserError(f"top: must be at least 1, not {self.top}")
        if self.top is not None and not is_ranked:
            raise UserError("top: optimizers have no ranks in a map; use only=[...] or --only LABEL")

    def shown(self, labels: Sequence[str]) -> list[str]:
        """The labels that are shown, in their order."""
        return [label for label in labels if not self.only or label in self.only]


ALL = Selection()
