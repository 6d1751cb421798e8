"""Small pieces of HTML for notebooks.

All text is escaped, and no external resource is loaded. Text has the colour of the page, so that it is also readable on
a dark page.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from optlab.errors import UserError

_CELL = "padding:2px 10px 2px 0;border:none;background:none;vertical-align:top;text-align:{}"


def text(value: Any) -> str:
    """Escape a text for HTML.

    >>> text("a < b & c")
    'a &lt; b &amp; c'
    """
    return html.escape(str(value).encode("utf-8", "replace").decode("utf-8"))  # a lone surrogate cannot be encoded


def line(value: Any, *, bold: bool = False, faint: bool = False) -> str:
    """A text on a line of its own."""
    style = "margin:2px 0" + ";font-weight:bold" * bold + ";opacity:0.7" * faint
    return f'<div style="{style}">{text(value)}</div>'


def block(value: Any, most: int = 24) -> str:
    """A preformatted text; collapsed if it has more than `most` lines."""
    style = "color:inherit;background:none;margin:4px 0;font-family:monospace;white-space:pre;line-height:1.3"
    whole = f'<pre style="{style}">{text(value)}</pre>'
    lines = str(value).count("\n") + 1
    return f"<details><summary>{lines} lines of text</summary>{whole}</details>" if lines > most else whole


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table. Columns whose name ends with a > are aligned to the right, as numbers are.

    >>> "<td" in table(["a>"], [[1]]), "&lt;b&gt;" in table(["a"], [["<b>"]])
    (True, True)
    """
    sides = ["right" if name.endswith(">") else "left" for name in columns]
    head = _row("th", sides, [name.removesuffix(">") for name in columns])
    body = "".join(_row("td", sides, row) for row in rows)
    style = "border-collapse:collapse;border:none;margin:4px 0;font-size:90%;color:inherit"
    return f'<table style="{style}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _row(tag: str, sides: Sequence[str], cells: Sequence[Any]) -> str:
    inner = "".join(
        f'<{tag} style="{_CELL.format(side)}">{text(cell)}</{tag}>' for side, cell in zip(sides, cells, strict=True)
    )
    return f'<tr style="background:none">{inner}</tr>'


def image(png: bytes, width: float, description: str) -> str:
    """A picture embedded in the page. `width` is in pixels; a narrower page shrinks it."""
    data = base64.b64encode(png).decode("ascii")
    style = f"width:{width:.0f}px;max-width:100%"
    return f'<img style="{style}" alt="{text(description)}" src="data:image/png;base64,{data}">'


def never_raises(make: Callable[[], str], what: str) -> str:
    """The HTML from `make`, or a line with the error, for example if the folder of results was removed. Otherwise a
    notebook would show a traceback.

    >>> never_raises(lambda: 1 / 0, "results")
    '<div style="margin:2px 0">results cannot be shown: ZeroDivisionError: division by zero</div>'
    """
    try:
        return make()
    except UserError as error:
        return line(f"{what} cannot be shown: {error}")
    except Exception as error:
        return line(f"{what} cannot be shown: {type(error).__name__}: {error}")
