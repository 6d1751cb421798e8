"""Networks in a real browser: the decision boundary and the loss around the paths."""

import tomllib

import pytest

import optlab
from tests.report.audit import violations
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


def test_no_rule_of_accessibility_is_broken(page):
    assert violations(page) == []


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


def test_without_recorded_parameters_the_page_computes_them(browser, tmp_path):
    """The last accuracy on the test data is that of the experiment; a smaller rate leaves another boundary."""
    experiment = {"name": "m", "steps": 40, "problem": [{"name": "mlp", "dataset": "moons", "hidden": [3]}],
                  "optimizer": [{"name": "adam", "lr": 0.1}]}  # fmt: skip
    results = optlab.run(experiment, tmp_path, plots=False)
    page = opened(browser, results.report().save(tmp_path / "m.html").as_uri(), viewport={"width": 800, "height": 800})
    expect(page.locator("#panels figure")).to_have_count(1)
    last = results.history[results.history["run"] == results.runs.sort_values("seed")["run"].iloc[0]].iloc[-1]
    assert f"{100 * last['test_accuracy']:.1f} % of test points" in page.locator("#panels small").inner_text()
    before = picture(page, "#panels canvas")
    page.get_by_label("lr, as a number").fill("0.001")
    expect(page.locator("#panels small")).not_to_contain_text(f"{100 * last['test_accuracy']:.1f} % of test points")
    assert picture(page, "#panels canvas") != before
    assert page.faults == []


def test_paths_with_another_rate_are_projected_on_the_same_plane(page, moons, tmp_path):
    """The last loss in the table is that of an experiment with this rate."""
    experiment = tomllib.loads(moons.spec.read_text(encoding="utf-8"))
    experiment["optimizer"] = [{"name": "gd", "lr": 0.05}]
    other = optlab.run(experiment, tmp_path, plots=False)
    page.locator("#scrub").fill("30")
    row = page.locator("#distances tbody tr").last
    recorded = moons.runs.query("label == 'gd'").sort_values("seed")["final_loss"].iloc[0]
    expect(row.locator("td").nth(1)).to_have_text(f"{recorded:.3g}")
    before, stage = row.inner_text(), picture(page, "#stage")
    page.locator("#live-label").select_option(label="gd")
    page.get_by_label("lr, as a number").fill("0.05")
    final = other.runs.sort_values("seed")["final_loss"].iloc[0]
    expect(row.locator("td").nth(1)).to_have_text(f"{final:.3g}")
    assert picture(page, "#stage") != stage
    page.locator("#restore").click()
    frame(page)
    assert row.inner_text() == before


def test_what_is_neither_recorded_nor_trained_in_the_page_has_a_note(browser, tmp_path, monkeypatch):
    monkeypatch.setattr("optlab.report.recomputed.WORK", 0)
    experiment = {"name": "m", "steps": 3, "optimizer": [{"name": "adam", "lr": 0.1}],
                  "problem": [{"name": "mlp", "dataset": "moons", "hidden": [3], "batch_size": 20}]}  # fmt: skip
    results = optlab.run(experiment, tmp_path, plots=False)
    page = opened(browser, results.report().save(tmp_path / "m.html").as_uri(), viewport={"width": 800, "height": 800})
    expect(page.locator("#boundary-note")).to_contain_text("An experiment records them with trajectories = true")
    assert page.locator("#panels figure").count() == 0
    assert "The loss around the paths is not shown" in page.locator("#missing").inner_text()
    assert page.faults == []
