"""A drawing whose numbers appear one after the other: values from left to right, then gradients from right to left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from optlab.markup.svg import GRADIENT, VALUE, Box, Circle, Drawing, Shape, Text, width_of

REDUCED = ".still{display:none}@media (prefers-reduced-motion:reduce){.still{display:inline}.moving{display:none}}"
"""The style of an SVG with a group `moving` and a group `still`, which those see who want no motion."""
_PAGE = '<rect width="100%" height="100%" fill="#FFFFFF"/>\n'
NEW = "#FFE9A8"
"""The colour behind the newest number."""


@dataclass(frozen=True)
class Film:
    """The frames of a drawing: the first without numbers, each later one with one more.

    A layer of a network and a gate have their inputs on their left. So the order from left to right is one in which
    values can be computed, and that from right to left is one for gradients. A box without an edge right before a
    number in the drawing is the ground of the number, and appears with it.

    >>> page = Drawing(90.0, 40.0, (Circle((30.0, 20.0), 15.0), Text((30.0, 16.0), "3", colour=VALUE),
    ...                             Text((30.0, 26.0), "1", colour=GRADIENT), Text((9.0, 16.0), "2", colour=VALUE)))
    >>> [text.text for text in Film(page).numbers]
    ['2', '3', '1']
    """

    drawing: Drawing

    @cached_property
    def numbers(self) -> list[Text]:
        """The values and the gradients in their order."""
        rims = [shape.centre[1] + shape.radius for shape in self.drawing.shapes if isinstance(shape, Circle)]
        lowest = max(rims, default=self.drawing.height)  # what is below is a legend
        texts = [shape for shape in self.drawing.shapes if isinstance(shape, Text) and shape.at[1] <= lowest]
        values, gradients = ([text for text in texts if text.colour == colour] for colour in (VALUE, GRADIENT))
        forward = sorted(values, key=lambda text: text.at)
        return forward + sorted(gradients, key=lambda text: (-text.at[0], text.at[1]))

    @cached_property
    def count(self) -> int:
        """The number of frames."""
        return len(self.numbers) + 1

    def frame(self, number: int) -> Drawing:
        """The drawing with the first `number` numbers."""
        hidden = {id(shape) for text in self.numbers[number:] for shape in self._with_ground(text)}
        newest = self.numbers[number - 1] if number else None
        shapes: list[Shape] = []
        for shape in self.drawing.shapes:
            if id(shape) not in hidden:
                shapes += [_behind(newest), shape] if newest is not None and shape is newest else [shape]
        return Drawing(self.drawing.width, self.drawing.height, shapes, self.drawing.title)

    def _with_ground(self, text: Text) -> list[Shape]:
        """A number, after the box that is its ground if it has one."""
        return [*self._grounds.get(id(text), ()), text]

    @cached_property
    def _grounds(self) -> dict[int, list[Shape]]:
        found = {}
        for box, text in pairwise(self.drawing.shapes):
            if isinstance(box, Box) and isinstance(text, Text) and box.edge == box.fill:
                found[id(text)] = [box]
        return found

    def svg(self, fps: float, held: int) -> str:
        """The film as SVG without a script; the last frame is shown `held` times."""
        total = self.count - 1 + held
        moving = [self._appearing(number, total, total / fps) for number in range(self.count)]
        head, page, _ = self.drawing.svg().partition(_PAGE)
        still = f'<g class="still">\n{_inner(self.drawing)}</g>'
        parts = [f'{head}<style>{REDUCED}</style>{page}<g class="moving">', *moving, f"</g>{still}</svg>"]
        return "\n".join(parts) + "\n"

    def _appearing(self, number: int, total: int, seconds: float) -> str:
        """What is new in a frame, which appears with it; what was behind the newest number disappears with the next."""
        if not number:
            return _inner(self.frame(0))
        text = self.numbers[number - 1]
        shown = ";".join("1" if number <= at else "0" for at in range(total))
        newest = ";".join("1" if number == min(at, self.count - 1) else "0" for at in range(total))
        *ground, shape = self._with_ground(text)
        parts: list[tuple[list[Shape], str]] = [(ground, shown), ([_behind(text)], newest), ([shape], shown)]
        return "".join(_fading(shapes, values, seconds) for shapes, values in parts if shapes)


def _fading(shapes: list[Shape], values: str, seconds: float) -> str:
    timing = f'dur="{seconds:g}s" calcMode="discrete" repeatCount="indefinite"'
    moved = f'<animate attributeName="opacity" values="{values}" {timing}/>'
    return f'<g opacity="0">{_inner(Drawing(0.0, 0.0, shapes))}{moved}</g>'


def _inner(drawing: Drawing) -> str:
    """The shapes as SVG, without the page."""
    return drawing.svg().partition(_PAGE)[2].removesuffix("</svg>\n")


def _behind(text: Text) -> Box:
    """A coloured box behind a text."""
    wide, high = width_of(text.text, text.size) + 6.0, text.size + 3.0
    left = text.at[0] - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * (wide - 6.0) - 3.0
    return Box((left, text.at[1] - high / 2), wide, high, NEW, NEW, 3.0)
