"""Pictures of plugins: of the hook `optlab_figures`, and of a kind of experiment from a plugin.

An exception of their code is reported with its place. Then only the pictures of that plugin are missing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from optlab.engine.containment import contained
from optlab.errors import PluginWarning, UserError
from optlab.experiments.cases import slugs
from optlab.figures import style
from optlab.figures.figure import inline, save
from optlab.plugins.code_location import complaint, is_built_in, location
from optlab.plugins.side_effects import undisturbed
from optlab.results.selection import Selection
from optlab.results.store import DraftPictures
from optlab.results.subject import NamedFigure, Subject

FORM = "a mapping, or pairs, of names and Matplotlib figures"


@dataclass(frozen=True)
class Extra:
    """A source of further pictures: `make` returns those of the plugin that `function` declares. `who` names it."""

    who: str
    function: Callable[..., Any]
    make: Callable[[], Any]

    def figures(self) -> list[tuple[str, Figure]]:
        """The figures by name.

        Raises:
            UserError: the code returns something else, or raises an exception; the message has the place.
        """
        try:
            with style.sheet(), undisturbed(lambda: self.who), contained():
                return list(_pairs(self.make()))
        except Exception as error:
            raise UserError(f"{self.who}: {complaint(error, [self.function], location(self.function))}") from error


def extras(results: Subject, selection: Selection) -> list[Extra]:
    """The sources of further pictures: the kind of experiment, if there is a plan, and the plugins."""
    found, plan = [], results.origin.plan
    if plan is not None and not is_built_in(plan.kind.function):
        kind, shown = plan.kind, selection.shown(plan.labels)
        found.append(Extra(f"pictures of '{kind.name}'", kind.function, lambda: kind.figures(results, plan, shown)))
    return found + [
        Extra(f"figure '{p.name}'", p.function, partial(p.function, results)) for p in results.origin.figures
    ]


def named(found: Iterable[Extra]) -> list[NamedFigure]:
    """The pictures of all sources. They are made already, since only their code has their names. Pictures that fail are
    left out with a warning."""
    figures: list[tuple[str, Figure]] = []
    for extra in found:
        try:
            figures += extra.figures()
        except UserError as error:
            warnings.warn(PluginWarning(f"left out: {error}"), stacklevel=4)
    files = slugs([name for name, _ in figures])
    return [
        NamedFigure("extra", name, file, partial(inline, figure))
        for (name, figure), file in zip(figures, files, strict=True)
    ]


def draw(found: Iterable[Extra], drawing: DraftPictures, progress: Callable[[int], None]) -> bool:
    """Draw the pictures of all sources. Pictures that fail are left out with a warning. Returns whether none failed."""
    names: list[str] = []
    are_all = True
    for extra in found:
        try:
            for name, figure in extra.figures():
                names.append(name)
                _save(extra, figure, f"extra_{slugs(names)[-1]}", drawing)
        except UserError as error:
            are_all = False
            warnings.warn(PluginWarning(f"left out: {error}"), stacklevel=2)
        progress(1)
    return are_all


def _save(extra: Extra, figure: Figure, name: str, drawing: DraftPictures) -> None:
    """Save a figure. Code of the plugin may run while it is drawn."""
    try:
        with undisturbed(lambda: extra.who), contained():
            path = save(figure, drawing.folder / f"{name}.{drawing.format}")
    except OSError:  # an error of the disk
        raise
    except Exception as error:
        raise UserError(f"{extra.who}: {complaint(error, [extra.function], location(extra.function))}") from error
    drawing.add(path)


def _pairs(given: Any) -> Iterator[tuple[str, Figure]]:
    """The figures by name. Raises UserError for any other value."""
    if isinstance(given, Mapping):
        given = given.items()
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise UserError(f"it returns {given!r:.80}, not {FORM}")
    for pair in given:
        is_pair = isinstance(pair, tuple) and len(pair) == 2
        if not is_pair or not isinstance(pair[0], str) or not isinstance(pair[1], Figure):
            raise UserError(f"it returns {pair!r:.80}, not {FORM}")
        yield pair
