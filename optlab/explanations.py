"""What can be asked to be explained; and an explanation: a text and a picture, for terminals, files and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab import markup
from optlab.choices import FORMATS
from optlab.drawing import Drawing
from optlab.errors import UserError
from optlab.registry import Registry

if TYPE_CHECKING:
    from optlab.plots.figure import InlineFigure

WHOLES = ("backprop", "directional", "schedules")
"""What can be explained besides what has a name in the registry."""

ENDINGS = tuple(f".{format}" for format in FORMATS)
LONGEST = 4000
"""Characters of LaTeX that a notebook is asked to set."""
WIDEST = 16_000
"""Pixels of a drawing up to which it fits into a PNG."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """A text and a picture. Printed, it is the text; a notebook shows both, and equations as mathematics.

    `found` is what the text was written from: `Equations`, `Gates`, `Formula`, `Backprop`, `Directional` or `Factors`,
    with its numbers. `latex` are an optimizer's equations as LaTeX, empty for anything else.
    """

    text: str
    found: Any
    draw: Callable[[], Drawing | InlineFigure]
    """Makes the picture, which a notebook shows too."""
    latex: str = ""

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def save(self, path: str | Path, said: str = "") -> Path:
        """Save the picture as .svg, .png or .pdf.

        `said` stands before the path in messages.

        Raises:
            UserError: there is no such format or folder, or the picture is too wide for PNG.
        """
        path = Path(path)
        check_path(path, said)
        drawn = self.draw()
        if isinstance(drawn, Drawing):
            if path.suffix.lower() == ".png" and max(drawn.width, drawn.height) > WIDEST:
                wide = f"{drawn.width:,.0f} pixels are too wide for PNG; end it in .svg or .pdf"
                raise UserError(f"{said}{path}: {wide}")
            from optlab.plots.canvas import save_drawing

            return save_drawing(drawn, path)
        from optlab.plots.figure import save

        return save(drawn, path)

    @property
    def _is_typeset(self) -> bool:
        """Whether a notebook shows it as mathematics; a rule that unrolls a loop has more of it than it can set."""
        return 0 < len(self.latex) <= LONGEST

    def _repr_html_(self) -> str | None:
        return None if self._is_typeset else markup.never_raises(self._html, "the explanation")

    def _html(self) -> str:
        drawn = self.draw()
        if isinstance(drawn, Drawing):
            return f'<div style="overflow-x:auto">{drawn.svg()}</div>' + markup.block(self.text)
        return markup.image(drawn.png(), 80 * drawn.get_figwidth(), "a picture of it") + markup.block(self.text)

    def _repr_latex_(self) -> str | None:
        return f"$${_aligned(self.latex)}$$" if self._is_typeset else None

    def _repr_markdown_(self) -> str | None:
        """An optimizer's equations as mathematics, its heading above and all else below."""
        if not self._is_typeset:
            return None
        heading = markup.text(self.text.partition("\n")[0])
        return f"**{heading}**\n\n$${_aligned(self.latex)}$$\n\n```text\n{self.found.notes()}\n```\n"


def _aligned(latex: str) -> str:
    """A block of LaTeX as it stands between two dollars."""
    return latex.replace("{align*}", "{aligned}")


def check_path(path: Path, said: str = "") -> None:
    """Refuse a path that no picture can be written to. `said` stands before it in the message."""
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{said}{path}: a picture ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if not path.parent.is_dir():
        raise UserError(f"{said}{path}: there is no folder {path.parent}")


# ---- what is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """The thing to explain, by name or itself, and what belongs to it. Values may be texts, as from a command line.

    `dashes` stand before the names of options in messages.
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
        """What messages call the point."""
        return f"{self.dashes}at"

    def allow(self, kind: str, *names: str, alone: bool = True) -> None:
        """Refuse the options, and unless `alone` is false the further names, that this kind of thing has no use for."""
        given = {"at": self.at is not None, "direction": self.direction is not None, "latex": self.latex}
        for name, is_given in given.items():
            if is_given and name not in names:
                where = "optlab explain --help" if self.dashes else "help(optlab.explanation)"
                raise UserError(f"{self.dashes}{name} does not go with {kind}; {where} shows what does")
        if alone and self.around:
            raise UserError(f"{name_of(self.around[0])!r} is no NAME=VALUE, like x=-2")


def names_in(known: Registry) -> list[str]:
    """Everything that can be explained by its name."""
    tables = (known.problems, known.optimizers, known.transforms, known.schedules)
    return [*(name for table in tables for name in table), *WHOLES]


def name_of(thing: Any) -> str:
    """What messages call a thing."""
    return thing if isinstance(thing, str) else getattr(thing, "name", None) or repr(thing)
