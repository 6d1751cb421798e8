"""The performance profile in a real browser: hidden optimizers are left out of it."""

import pytest

from optlab.results import caption
from tests.report.conftest import HOSTILE
from tests.report.pages import frame, needs_browser, opened

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(browser, small, tmp_path_factory):
    address = small.report().save(tmp_path_factory.mktemp("page") / "report.html").as_uri()
    page = opened(browser, address, viewport={"width": 1000, "height": 900})
    yield page
    assert page.faults == []


def test_hiding_an_optimizer_computes_the_profile_without_it(page, small):
    figure = page.locator("#further figure").last
    assert figure.locator("small").inner_text() == caption(small.profile())
    picture = "canvas => canvas.toDataURL()"
    whole = figure.locator("canvas").evaluate(picture)
    box = page.locator("#legend input").first
    box.uncheck()
    frame(page)
    assert figure.locator("small").inner_text() == caption(small.profile(without=[HOSTILE[0]]))
    assert figure.locator("canvas").evaluate(picture) != whole
    box.check()
    box.blur()
    page.mouse.move(0, 0)  # away from the entry, which lights its line
    frame(page)
    assert figure.locator("small").inner_text() == caption(small.profile())
    assert figure.locator("canvas").evaluate(picture) == whole


def test_the_profile_stays_without_it_on_the_next_problem(page, small):
    page.locator("#legend input").first.uncheck()
    page.locator("#case").select_option(index=1)
    frame(page)
    said = page.locator("#further figure small").last.inner_text()
    assert said == caption(small.profile(without=[HOSTILE[0]]))
