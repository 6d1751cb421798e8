"""The conditions for all HTML for notebooks."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"img", "br", "hr"}
ALLOWED = {"div", "pre", "table", "thead", "tbody", "tr", "td", "th", "img", "details", "summary"}
DRAWN = {"svg", "title", "rect", "text", "polyline", "polygon", "circle", "line", "path", "g", "tspan"}


class _Checked(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.images = [], 0

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED | DRAWN, f"<{tag}> was not escaped"
        for name, value in attributes:
            assert not name.startswith("on"), name
            if name in ("src", "href"):
                assert value.startswith("data:image/png;base64,"), value[:80]
            if name == "style" and tag not in DRAWN:  # letters have the colour of the page, dark or light
                assert not re.search(r"(?<!-)color:(?!inherit)|background:(?!none)", value), value
        self.images += tag in ("img", "svg")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def assert_safe(html, images=None):
    """Well formed, without external files or scripts, and readable on a light and a dark page."""
    page = _Checked()
    page.feed(html)
    page.close()
    assert page.open == []
    assert images is None or page.images == images
