"""Requests for explanations, and explanations: a text and a picture, for terminals, files and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.errors import UserError, check_output
from optlab.experiments.choices import FORMATS
from optlab.markup import html
from optlab.markup.svg import Drawing
from optlab.plugins.registry import Registry

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

WHOLES = ("backprop", "directional", "schedules")
"""What can be explained in addition to the names in the registry."""

ENDINGS = tuple(f".{format}" for format in FORMATS)
LONGEST = 4000
"""The largest number of characters of LaTeX that a notebook typesets."""
WIDEST = 16_000
"""The largest width and height of a PNG, in pixels."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """A text and a picture. `print` shows the text; a notebook shows both, and typesets equations.

    `found` has the numbers of the text: an instance of `Equations`, `Gates`, `Formula`, `Backprop`, `Directional` or
    `Factors`. `latex` has the equations of an optimizer as LaTeX; it is empty for anything else.
    """

    text: str
    found: Any
    draw: Callable[[], Drawing | InlineFigure]
    """Returns the picture, for files and notebooks."""
    latex: str = ""

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def save(self, path: str | Path, option: str = "") -> Path:
        """Save the picture as .svg, .png or .pdf.

        `option` is the text before the path in messages.

        Raises:
            UserError: there is no such format or folder, or the picture is too wide for PNG.
        """
        path = Path(path)
        check_path(path, option)
        drawn = self.draw()
        if isinstance(drawn, Drawing):
            if path.suffix.lower() == ".png" and max(drawn.width, drawn.height) > WIDEST:
                wide = f"{drawn.width:,.0f} pixels are too wide for PNG; use .svg or .pdf"
                raise UserError(f"{option}{path}: {wide}")
            from optlab.figures.canvas import save_drawing

            return save_drawing(drawn, path)
        from optlab.figures.figure import save

        return save(drawn, path)

    def animate(self, path: str | Path, option: str = "") -> Path:
        """Save the drawing of a network or of gates as an animation: values appear forward, then gradients backward,
        one after the other. The file is .gif, .webp, .png (animated), .mp4 or .svg.

        `option` is the text before the path in messages.

        Raises:
            UserError: there is no such format or folder, or nothing is computed forward and backward.
            MissingPackage: there is no ffmpeg for .mp4.
        """
        from optlab.figures.animation import film
        from optlab.markup.film import Film

        drawn = self.draw()
        if not isinstance(drawn, Drawing) or not Film(drawn).numbers:
            raise UserError(f"{option}{path}: there are no values and gradients to animate; there are for backprop, "
                            "expressions and problems")  # fmt: skip
        return film.save(Film(drawn), Path(path), option)

    @property
    def _is_typeset(self) -> bool:
        """Whether a notebook typesets the equations. The equations of an unrolled loop are too long for this."""
        return 0 < len(self.latex) <= LONGEST

    def _repr_html_(self) -> str | None:
        return None if self._is_typeset else html.never_raises(self._html, "the explanation")

    def _html(self) -> str:
        drawn = self.draw()
        if isinstance(drawn, Drawing):
            return f'<div style="overflow-x:auto">{drawn.svg()}</div>' + html.block(self.text)
        return html.image(drawn.png(), 80 * drawn.get_figwidth(), "a picture of it") + html.block(self.text)

    def _repr_latex_(self) -> str | None:
        return f"$${_aligned(self.latex)}$$" if self._is_typeset else None

    def _repr_markdown_(self) -> str | None:
        """The typeset equations of an optimizer, after the heading and before the notes."""
        if not self._is_typeset:
            return None
        heading = html.text(self.text.partition("\n")[0])
        return f"**{heading}**\n\n$${_aligned(self.latex)}$$\n\n```text\n{self.found.notes()}\n```\n"


def _aligned(latex: str) -> str:
    """A block of LaTeX in the form for math mode."""
    return latex.replace("{align*}", "{aligned}")


def check_path(path: Path, option: str = "") -> None:
    """Raise UserError if no picture can be written to a path. `option` is the text before the path in the message."""
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{option}{path}: a picture ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    check_output(path, option)


# ---- requests --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExplainRequest:
    """A request: the thing to explain, or its name, with its values. Values may be texts, as on a command line.

    `dashes` is the text before the names of options in messages: "--" on the command line.
    """

    what: Any
    around: Sequence[Any] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    at: Any = None
    direction: Any = None
    latex: bool = False
    dashes: str = ""

    @property
    def point(self) -> str:
        """The name of the point in messages."""
        return f"{self.dashes}at"

    def allow(self, kind: str, *names: str, alone: bool = True) -> None:
        """Raise UserError for options that this kind of thing does not take; if `alone`, also for further names."""
        given = {"at": self.at is not None, "direction": self.direction is not None, "latex": self.latex}
        for name, is_given in given.items():
            if is_given and name not in names:
                where = "optlab explain --help" if self.dashes else "help(optlab.explanation)"
                raise UserError(f"{self.dashes}{name} does not apply to {kind}; see {where}")
        if alone and self.around:
            raise UserError(f"{name_of(self.around[0])!r} is not NAME=VALUE, like x=-2")


def names_in(known: Registry) -> list[str]:
    """All names that can be explained."""
    tables = (known.problems, known.optimizers, known.transforms, known.schedules)
    return [*(name for table in tables for name in table), *WHOLES]


def name_of(thing: Any) -> str:
    """The name of a thing in messages."""
    return thing if isinstance(thing, str) else getattr(thing, "name", None) or repr(thing)
