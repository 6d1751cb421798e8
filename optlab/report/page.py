"""The page as text: the skeleton with style, data and script in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from optlab.report.document import document
from optlab.report.modules import joined
from optlab.results.analysis.judged import Judged
from optlab.results.profiles.of_results import Profiled


def report(results: Profiled, judged: Judged | None, all_landscapes: bool = False) -> str:
    """The report on finished results, as the text of one HTML file.

    It loads nothing: its Content-Security-Policy forbids every request. `judged` has the verdicts; None for a map.
    `all_landscapes`: see `networks.add`.
    """
    return page(document(results, judged, all_landscapes))


def page(data: Mapping[str, Any]) -> str:
    """The page that shows `data`, see `document`."""
    style, skeleton, script = _parts()
    parts = {"title": escape(str(data["name"])), "style": style, "data": as_json(data), "script": script}
    pieces = re.split(r"\{\{(\w+)\}\}", skeleton)  # texts that are put in are not searched for places again
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def as_json(data: Any) -> str:
    """JSON for a script element: no text in it can end the element or open a comment."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _parts() -> tuple[str, str, str]:
    """The style, the skeleton and the script of the page."""
    web = files("optlab.report") / "web"
    style, skeleton = ((web / name).read_text(encoding="utf-8") for name in ("page.css", "page.html"))
    return style, skeleton, joined(scripts(web), "main.js")


def scripts(folder: Traversable, path: str = "") -> dict[str, str]:
    """The text of each JavaScript module in a folder and those below it, by its path from there."""
    found: dict[str, str] = {}
    for one in folder.iterdir():
        if one.is_dir():
            found |= scripts(one, f"{path}{one.name}/")
        elif one.name.endswith(".js"):
            found[path + one.name] = one.read_text(encoding="utf-8")
    return found
