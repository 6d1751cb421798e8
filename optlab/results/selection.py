"""The selection of the pictures, and of the optimizers in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.errors import UnknownName, UserError, did_you_mean, named
from optlab.experiments.choices import AXES, CASES_SHOWN, PICTURES


@dataclass(frozen=True)
class Selection:
    """Which pictures are drawn, and what they show.

    only: the labels of the optimizers that are shown; all if empty. top: the number of optimizers in colour, the best
    by rank; the others are thin and grey. None means the number of colours. without: labels that are left out of the
    comparison. Unlike `only`, which hides optimizers, this changes what depends on the set of optimizers: ranks,
    profiles, and the colours of the best. kinds: the kinds of pictures; the usual ones if empty. x: what the horizontal
    axes of curves count, one of `AXES`; None means the usual. by: the metric of ranks and trials; None means the final
    loss, and for trials the metric that settings were chosen by. cases: the titles, or names of problems, of the cases
    whose pictures are drawn. If empty, they are pictures of all cases together, and of each if there are at most
    `CASES_SHOWN`.
    """

    only: tuple[str, ...] = ()
    top: int | None = None
    without: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    x: str | None = None
    by: str | None = None
    cases: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was selected."""
        return self != ALL

    def check(self, labels: Sequence[str], is_ranked: bool) -> None:
        """Check that the selection can be drawn.

        Raises:
            UnknownName: no optimizer has a given label, or there is no such kind of picture or axis.
            UserError: `top` is less than 1, or there are no ranks, or no optimizer is left.

        >>> Selection(only=("adma",)).check(["gd", "adam"], is_ranked=True)
        Traceback (most recent call last):
        ...
        optlab.errors.UnknownName: only: no optimizer has the label 'adma' (did you mean 'adam'?); there are: gd, adam
        """
        for option, chosen in (("only", self.only), ("without", self.without)):
            for label in chosen:
                if label not in labels:
                    raise UnknownName(f"{option}: no optimizer has the label {_unknown(label, labels)}")
        for kind in self.kinds:
            if kind not in PICTURES:
                raise UnknownName(f"kind: there is no picture {_unknown(kind, PICTURES)}")
        if self.x is not None and self.x not in AXES:
            raise UnknownName(f"x: there is no axis {_unknown(self.x, AXES)}")
        if labels and not self.shown(labels):
            raise UserError("without: no optimizer is left; name fewer")
        if self.top is not None and self.top < 1:
            raise UserError(f"top: must be at least 1, not {self.top}")
        if self.top is not None and not is_ranked:
            raise UserError("top: optimizers have no ranks in a map; use only=[...] or --only LABEL")

    def compared(self, labels: Sequence[str]) -> list[str]:
        """The labels that are compared, in their order: all that are not left out."""
        return [label for label in labels if label not in self.without]

    def shown(self, labels: Sequence[str]) -> list[str]:
        """The labels that are shown, in their order."""
        return [label for label in self.compared(labels) if not self.only or label in self.only]

    def wants(self, kind: str, usual: bool = True) -> bool:
        """Whether pictures of a kind are drawn. `usual`: whether they are if no kinds were selected."""
        return kind in self.kinds if self.kinds else usual

    def wants_each(self, kind: str, count: int, usual: bool = True) -> bool:
        """Whether pictures of a kind are drawn for each of `count` cases, or for each selected one.

        >>> ALL.wants_each("loss", 13), Selection(kinds=("loss",)).wants_each("loss", 13)
        (False, True)
        """
        return self.wants(kind, usual and (bool(self.cases) or count <= CASES_SHOWN))

    def chosen(self, titles: Sequence[str]) -> list[str]:
        """The titles of the selected cases; all if no cases were selected.

        Raises:
            UnknownName: there is no such case.
        """
        selected = {title for case in self.cases for title in titles_of(case, titles)}
        return [title for title in titles if title in selected or not self.cases]


def titles_of(case: str, titles: Sequence[str]) -> list[str]:
    """The titles that `case` means: this title, or those of all cases of a problem with this name.

    Raises:
        UnknownName: there is none.

    >>> titles_of("sphere", ["sphere (dim=2)", "sphere (dim=5)", "beale"])
    ['sphere (dim=2)', 'sphere (dim=5)']
    """
    problems = {title: title.partition(" (")[0] for title in titles}
    found = [title for title in titles if title == case] or [title for title in titles if problems[title] == case]
    if not found:
        guess = did_you_mean(str(case), [*titles, *problems.values()])
        more = f" and {len(titles) - CASES_SHOWN} more" if len(titles) > CASES_SHOWN else ""
        raise UnknownName(f"there is no case {case!r}{guess}; there are: {', '.join(titles[:CASES_SHOWN])}{more}")
    return found


def _unknown(name: str, names: Sequence[str]) -> str:
    return f"{name!r}{did_you_mean(str(name), names)}; there are: {', '.join(map(named, names))}"


ALL = Selection()
