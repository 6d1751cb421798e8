"""Maps in a real browser: what a pixel says, its run in the valley, keys, and what cannot be computed."""

import numpy as np
import pytest

import optlab
from tests.report.audit import violations
from tests.report.pages import frame, needs_browser, opened

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page is not tested")
expect = playwright.expect
pytestmark = needs_browser
MARGIN = {"left": 58, "right": 12, "top": 10, "bottom": 42}


def page_of(browser, results, folder, **options):
    address = results.report().save(folder / "map.html").as_uri()
    size = {"width": 1280, "height": 900}
    return opened(browser, address, **{"viewport": size, "reduced_motion": "reduce", **options})


@pytest.fixture(scope="module")
def page(browser, basin_map, tmp_path_factory):
    page = page_of(browser, basin_map.results, tmp_path_factory.mktemp("page"))
    yield page
    assert page.faults == []


def place_of(page, row, column, count):
    """The middle of a pixel of a square map on the screen."""
    box = page.locator("#pixels").bounding_box()
    width = box["width"] - MARGIN["left"] - MARGIN["right"]
    side = min(width, box["height"] - MARGIN["top"] - MARGIN["bottom"])
    x = box["x"] + MARGIN["left"] + (width - side) / 2 + side * (column + 0.5) / count
    return x, box["y"] + MARGIN["top"] + side - side * (row + 0.5) / count


def text_of(panel, label, row, column):
    """What the page says of a pixel of basins that is at a minimum."""
    at = ", ".join(f"{value:.5g}" for value in (panel.x[column], panel.y[row]))
    minimum = ", ".join(f"{value:.3g}" for value in panel.minima[panel.minimum[row, column]])
    loss = panel.loss[row, column]
    shown = f"{loss:.3g}" if loss == 0 or 1e-4 <= abs(loss) < 1e6 else f"{loss:.2e}".replace("e-0", "e-")
    steps = panel.reached[row, column]
    text = f"{label} · start ({at}) · minimum ({minimum}) after {steps} steps · final loss {shown}"
    return text.replace("-", "−")


def shown(page, row, column):
    """The run of a pixel that the page shows, once it is computed."""
    is_shown = "(at) => { const run = window.optlab.shown(); return run && String([run.row, run.column]) === at; }"
    page.wait_for_function(is_shown, arg=f"{row},{column}")
    return page.evaluate("window.optlab.shown()")


def test_no_rule_of_accessibility_is_broken(page):
    assert violations(page) == []


def test_a_pixel_says_its_start_minimum_steps_and_loss(page, basin_map):
    panel = basin_map.maps[0]
    for row, column in [(2, 3), (20, 4), (21, 20), (5, 18)]:
        assert panel.minimum[row, column] >= 0
        page.mouse.move(*place_of(page, row, column, 25))
        expect(page.locator("#pixel")).to_have_text(text_of(panel, "gd lr=0.01", row, column))


def test_the_pixels_on_the_screen_have_the_colours_of_the_figure(page, basin_map):
    from optlab.figures import basins

    panel = basin_map.maps[0]
    expected = basins.image(panel, basins.hues(len(panel.minima)), basins.scale(basin_map.maps))
    page.mouse.move(5, 5)
    frame(page)
    box = page.locator("#pixels").bounding_box()
    places = [(row, column) for row in range(1, 25, 3) for column in range(1, 25, 3)]
    points = [[int(x - box["x"]) + 4, int(y - box["y"]) + 4] for x, y in (place_of(page, *at, 25) for at in places)]
    script = """(points) => {
        const { width, height } = pixels;
        const { data } = pixels.getContext("2d").getImageData(0, 0, width, height);
        return points.map(([x, y]) => Array.from(data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)));
    }"""
    found = np.array(page.evaluate(script, points))
    wanted = np.array([expected[at].astype(int) for at in places])
    equal = np.abs(found - wanted).max(axis=1) <= 1
    assert np.mean(equal) > 0.8  # the others are under a level line, a star or the path


def test_a_click_runs_the_pixel_as_the_lab_does(page, basin_map, tmp_path):
    panel, (row, column) = basin_map.maps[2], (20, 17)
    assert panel.minimum[row, column] >= 0
    page.locator("#panel").select_option("2")
    page.mouse.click(*place_of(page, row, column, 25))
    found = shown(page, row, column)
    path = np.array(found["path"])
    np.testing.assert_array_equal(path[0], [panel.x[column], panel.y[row]])
    np.testing.assert_allclose(path[-1], panel.minima[panel.minimum[row, column]], atol=1e-3)
    lab = optlab.run(
        {"name": "one", "steps": 200, "backend": "replay", "record": {"points": 201},
         "problem": [{"name": "himmelblau", "start": path[0].tolist()}],
         "optimizer": [{"name": "momentum", "lr": 0.01}]}, tmp_path, plots=False,
    )  # fmt: skip
    np.testing.assert_allclose(path, lab.trajectories[["x0", "x1"]], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found["losses"], lab.history["loss"], rtol=1e-6, atol=1e-6)
    expect(page.locator("#now")).to_have_text("step 200 of 200")
    expect(page.locator("#pixel")).to_have_text(text_of(panel, "momentum lr=0.01", row, column))


def test_keys_move_the_pixel_and_run_it(page, basin_map):
    page.locator("#panel").select_option("0")
    page.mouse.click(*place_of(page, 10, 4, 25))
    page.locator("#map-box").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("#pixel")).to_have_text(text_of(basin_map.maps[0], "gd lr=0.01", 20, 3))
    assert page.locator("#pixel").get_attribute("role") == "status"
    page.keyboard.press("Enter")
    assert len(shown(page, 20, 3)["losses"]) == 201
    page.keyboard.press("+")
    frame(page)
    before = page.locator("#pixels").screenshot()
    page.keyboard.press("0")
    frame(page)
    assert page.locator("#pixels").screenshot() != before


def test_playing_moves_the_ball_over_the_map_and_the_valley(page):
    page.locator("#scrub").fill("1")
    frame(page)
    before = [page.locator(name).screenshot() for name in ("#pixels", "#stage")]
    page.locator("#forward").click()
    frame(page)
    expect(page.locator("#now")).to_have_text("step 2 of 200")
    assert all(page.locator(name).screenshot() != old for name, old in zip(("#pixels", "#stage"), before, strict=True))


def test_a_map_of_settings_says_its_pair_and_runs_it(browser, stability_map, tmp_path):
    panel = stability_map.maps[0]
    page = page_of(
        browser, stability_map.results, tmp_path, viewport={"width": 360, "height": 740}, color_scheme="dark"
    )
    row, column = panel.best
    loss = f"{panel.loss[row, column]:.2e}".replace("e-0", "e-").replace("-", "−")
    pair = f"lr {panel.x[column]:.5g}, beta {panel.y[row]:.5g}"
    expect(page.locator("#pixel")).to_have_text(f"momentum · {pair} · stable over 200 steps · final loss {loss}")
    found = shown(page, row, column)
    assert found["losses"][0] == pytest.approx(panel.first[row, column], rel=1e-12)
    assert found["losses"][-1] == pytest.approx(panel.loss[row, column], rel=1e-3)
    legend = page.locator("#map-legend li").all_inner_texts()
    assert {"best pixel", "theory: lr = 2 (1 + beta) / L"} <= set(legend)
    assert page.evaluate("document.documentElement.scrollWidth") == 360  # no scrolling sideways
    assert page.faults == []
    page.context.close()


def test_what_cannot_be_computed_is_shown_from_recorded_data(browser, tmp_path):
    rules = [{"name": "scipy:CG", "label": "<b>CG</b>"}]
    found = optlab.basins("himmelblau", rules, resolution=5, steps=30, out=tmp_path, plots=False)
    page = page_of(browser, found.results, tmp_path)
    expect(page.locator("#map-note")).to_contain_text("A click cannot run a pixel here. It has no WebAssembly module")
    row, column = np.argwhere(found.maps[0].minimum >= 0)[0]
    page.mouse.move(*place_of(page, row, column, 5))
    expect(page.locator("#pixel")).to_contain_text(f"after {found.maps[0].reached[row, column]} step")
    expect(page.locator("#map-title")).to_have_text("<b>CG</b>")
    expect(page.locator("#map-run")).to_be_hidden()
    assert page.evaluate("window.optlab.shown()") is None
    assert page.faults == []
    page.context.close()
