"""Accessibility rules of axe-core on an open page. Skipped where npm has not installed it, see CONTRIBUTING.md."""

from pathlib import Path

import pytest

from tests.report.pages import frame

AXE = Path(__file__).parents[2] / "scripts/javascript/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIND = """async (rules) => (await axe.run({ runOnly: rules, resultTypes: ["violations"] })).violations
    .flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(" ")}: ${html.slice(0, 120)}`))"""


def violations(page):
    """What breaks a rule on a page, in a wide light window and in a narrow dark one; its window stays the same."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: the page is not audited (make lint installs it if there is npm)")
    before = page.viewport_size
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = []
    for width, scheme in ((1280, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        frame(page)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found += [f"{width} px, {scheme}: {one}" for one in page.evaluate(FIND, RULES)]
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = false))")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(before)
    return found
