"""Networks in a real browser: the decision boundary and the loss around the paths."""

import pytest

from tests.report.pages import frame, needs_browser, opened
from tests.report.test_browser import picture

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page is not tested")
expect = playwright.expect
pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(browser, moons, tmp_path_factory):
    address = moons.report().save(tmp_path_factory.mktemp("page") / "moons.html").as_uri()
    page = opened(browser, address, viewport={"width": 360, "height": 800})
    expect(page.locator("#panels figure")).to_have_count(2)
    yield page
    assert page.faults == []


def test_the_boundary_follows_the_step(page):
    page.locator("#scrub").fill("0")
    before = picture(page, "#panels canvas >> nth=0")
    accuracy = page.locator("#panels small").first.inner_text()
    page.locator("#scrub").fill("30")
    assert picture(page, "#panels canvas >> nth=0") != before
    assert page.locator("#panels small").first.inner_text() != accuracy


def test_hidden_optimizers_have_no_boundary(page):
    page.locator("#legend input").last.uncheck()
    expect(page.locator("#panels figure:visible")).to_have_count(1)
    page.locator("#all").click()
    expect(page.locator("#panels figure:visible")).to_have_count(2)


def test_the_other_plane_has_its_own_surface_and_facts(page):
    facts = page.locator("#plane-facts").inner_text()
    assert "first two principal components" in facts
    before = picture(page, "#stage")
    page.locator("#plane").select_option("1")
    assert picture(page, "#stage") != before
    assert "random directions" in page.locator("#plane-facts").inner_text()
    page.locator("#plane").select_option("0")


def test_distances_to_the_plane_follow_the_step(page):
    row = page.locator("#distances tbody tr").first
    page.locator("#scrub").fill("30")
    frame(page)
    last = row.inner_text()
    page.locator("#scrub").fill("5")
    frame(page)
    assert row.inner_text() != last
    assert page.evaluate("document.documentElement.scrollWidth") == 360
