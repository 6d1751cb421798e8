"""The page with more than fifty optimizers, some with labels that look like markup, in a real browser."""

import re

import pytest

import optlab
from tests.report.pages import frame, needs_browser, opened

pytestmark = needs_browser
LABELS = [f"gd {i}" for i in range(58)] + ["<img src=x onerror=alert(1)>", "带动量的梯度下降法" * 4]


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    rules = [{"name": "gd", "label": label, "lr": 1e-4 * (i + 1)} for i, label in enumerate(LABELS)]
    experiment = {"name": "many", "steps": 20, "problem": [{"name": "rosenbrock"}], "optimizer": rules}
    results = optlab.run(experiment, folder, plots=False)
    page = opened(
        browser, results.report().save(folder / "many.html").as_uri(), viewport={"width": 1000, "height": 900}
    )
    yield page
    assert page.faults == []


def test_labels_are_searched_and_shown_as_texts(page):
    field = page.get_by_label("search optimizers by name")
    field.fill("ONERROR")
    assert page.locator("#legend li:visible").count() == 1
    assert LABELS[58] in page.locator("#legend li:visible").inner_text()
    assert page.locator("main img").count() == 0
    field.fill("")
    assert page.locator("#legend li:visible").count() == 60


def test_sixty_are_ranked_without_one(page):
    page.locator("#legend input").first.uncheck()
    frame(page)
    assert page.locator("#ranking tbody tr").count() == 59


def test_the_row_of_the_optimizer_that_is_pointed_at_is_in_sight(page):
    label = page.locator("#ranking tbody tr").last.get_attribute("data-label")
    entry = page.locator("#legend label").filter(has_text=re.compile(f"^{LABELS[int(label)]}(?!\\d)"))
    entry.first.hover()
    frame(page)
    row, box = (page.locator(one).bounding_box() for one in ("#ranking tr.lit", "#ranking"))
    assert page.locator("#ranking tr.lit").get_attribute("data-label") == label
    assert box["y"] <= row["y"]
    assert row["y"] + row["height"] <= box["y"] + box["height"]


def test_no_button_covers_the_rows_of_a_long_table(page):
    table, button = page.locator("#ranking"), page.locator("#ranking + .copy")
    assert table.evaluate("(box) => box.scrollHeight > box.clientHeight")
    assert table.locator("button").count() == 0
    assert button.bounding_box()["y"] >= table.bounding_box()["y"] + table.bounding_box()["height"]
