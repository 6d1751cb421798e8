"""The page in a real browser, with the network cut off. Skipped where Chromium or Playwright is missing."""

import json

import pytest

from tests.report.audit import violations
from tests.report.conftest import HOSTILE
from tests.report.pages import frame, needs_browser, opened

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page is not tested")
expect = playwright.expect
pytestmark = needs_browser


# the colour of the numbers at an axis, where they cover a pixel
INK = """(canvas) => {
    const copy = new OffscreenCanvas(58, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, 58, canvas.height);
    const pixels = Array.from({ length: data.length / 4 }, (_, n) => Array.from(data.slice(4 * n, 4 * n + 4)));
    return pixels.find((pixel, n) => pixel[3] === 255 && n % 58 < 50).slice(0, 3).join();
}"""


@pytest.fixture(scope="module")
def address(small, tmp_path_factory):
    return small.report().save(tmp_path_factory.mktemp("page") / "report.html").as_uri()


@pytest.fixture(scope="module")
def page(browser, address):
    page = opened(browser, address, viewport={"width": 1000, "height": 800})
    yield page
    assert page.faults == []


def picture(page, canvas):
    """The pixels of a canvas, as they are on the screen."""
    frame(page)
    return page.locator(canvas).screenshot()


def test_labels_are_shown_as_they_are(page):
    assert page.locator("#legend label > span:nth-of-type(2)").all_inner_texts() == list(HOSTILE)
    assert page.locator("#ranking td:nth-child(2)").all_inner_texts()
    assert page.evaluate("document.querySelectorAll('script').length") == 2


def test_no_rule_of_accessibility_is_broken(page):
    assert violations(page) == []


def marker(page):
    """The place of the vertical line of the first chart, in pixels."""
    return page.locator("#charts .plot i").first.evaluate("line => new DOMMatrix(getComputedStyle(line).transform).e")


def test_scrubbing_and_single_steps_move_the_balls(page):
    page.locator("#scrub").fill("10")
    frame(page)
    assert page.locator("#now").inner_text() == "step 10 of 40"
    before, marked = picture(page, "#stage"), marker(page)
    page.locator("#forward").click()
    frame(page)
    assert page.locator("#now").inner_text() == "step 11 of 40"
    assert picture(page, "#stage") != before
    width = page.locator("#charts canvas").first.bounding_box()["width"] - 70  # without the margins of the axes
    assert marker(page) - marked == pytest.approx(width / 40, abs=0.1)


def test_playing_reaches_the_end_and_stops(page):
    page.locator("#speed").select_option("4")
    page.locator("#scrub").fill("38")
    page.locator("#toggle").click()
    expect(page.locator("#now")).to_have_text("step 40 of 40")
    expect(page.locator("#toggle")).to_have_text("play")


def test_keys_play_step_and_turn(page):
    page.locator("#scrub").fill("20")
    page.locator("#stage").focus()
    page.keyboard.press(",")
    frame(page)
    assert page.locator("#now").inner_text() == "step 19 of 40"
    before = picture(page, "#stage")
    page.keyboard.press("ArrowLeft")
    assert picture(page, "#stage") != before
    page.keyboard.press("0")
    assert picture(page, "#stage") == before
    page.keyboard.press(" ")
    expect(page.locator("#toggle")).to_have_text("pause")
    page.keyboard.press(" ")


def test_hiding_an_optimizer_takes_it_out_of_the_charts(page):
    before = picture(page, "#charts canvas")
    page.locator("#legend input").first.uncheck()
    assert picture(page, "#charts canvas") != before
    page.locator("#all").click()
    frame(page)
    assert page.locator("#legend input").first.is_checked()


def test_a_row_under_the_pointer_lights_its_entry_in_the_list(page):
    page.locator("#ranking tbody tr").last.hover()
    expect(page.locator("#legend .lit")).to_have_count(1)
    label = page.locator("#ranking tbody tr").last.get_attribute("data-label")
    assert page.locator("#legend .lit").inner_text().startswith(HOSTILE[int(label)])


def test_another_problem_plays_on_from_its_start(page):
    page.locator("#speed").select_option("1")
    page.locator("#scrub").fill("38")
    page.locator("#toggle").click()
    page.locator("#case").select_option("1")
    frame(page)
    assert page.locator("#ranking caption").inner_text().startswith("sphere")
    expect(page.locator("#toggle")).to_have_text("pause")
    assert page.evaluate("window.optlab.view().step") < 38
    page.locator("#toggle").click()
    page.locator("#case").select_option("0")
    expect(page.locator("#play")).to_be_visible()


def test_runs_give_back_recorded_paths(page, small):
    programs = page.evaluate("window.optlab.programs()")
    assert {program["optimizer"] for program in programs} == set(HOSTILE)
    wanted = {"problem": programs[0]["problem"], "optimizer": HOSTILE[0], "steps": 7}
    found = page.evaluate("(wanted) => window.optlab.run(wanted)", wanted)
    run = small.ranking().query("label == @HOSTILE[0]").iloc[0]["run"]
    rows = small.trajectories
    points = rows[(rows["run"] == run) & (rows["step"] == 7)][["x0", "x1"]].to_numpy()[0]
    assert found["x"] == pytest.approx(points, rel=1e-6)
    assert len(found["losses"]) == 8


def test_steps_must_be_a_whole_number(page):
    ask = """(steps) => {
        const { problem, optimizer } = optlab.programs()[0];
        return optlab.run({ problem, optimizer, steps }).catch((error) => error.message);
    }"""
    for steps in (-5, 1.5):
        assert page.evaluate(ask, steps) == f"steps must be a whole number from 0 to 100000, not {steps}"


def test_a_run_that_diverged_has_no_loss_in_the_legend(page, small):
    runs = small.runs.query("problem == 'rosenbrock' and label == @HOSTILE[2]")
    assert (runs["status"] == "diverged").all()
    page.locator("#scrub").fill("40")
    frame(page)
    assert page.locator("#legend li", has_text="梯度下降").locator(".value").inner_text() == "none finite"


def test_the_axes_of_curves_stay_when_a_line_is_pointed_at(page):
    page.locator("#log-y").select_option("log")
    canvas = page.locator("#charts canvas").first
    axis = """(canvas) => {
        const copy = new OffscreenCanvas(40, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        return Array.from(copy.getImageData(0, 0, 40, canvas.height).data).join();
    }"""
    frame(page)
    before = canvas.evaluate(axis)
    assert len(set(before.split(","))) > 2
    page.locator("#legend label").nth(1).hover()
    frame(page)
    assert canvas.evaluate(axis) == before
    page.locator("h1").hover()
    page.locator("#log-y").select_option("")


def test_hiding_all_optimizers_is_said(page):
    boxes = page.locator("#legend input").all()
    for box in boxes:
        box.uncheck()
    expect(page.locator("#overall caption")).to_have_text("over all 2 problems: all optimizers are hidden")
    for box in boxes:
        box.check()


def test_the_values_of_a_chart_are_in_a_table(page, small):
    chart = page.locator("#charts figure").first
    page.locator("#scrub").fill("40")
    chart.locator("summary").click()
    row = chart.locator("tbody tr", has_text=HOSTILE[0])
    loss = page.locator("#ranking tbody tr", has_text=HOSTILE[0]).locator("td").nth(3).inner_text()
    expect(row.locator("td").last).to_contain_text(loss)
    chart.locator("summary").click()


def test_fingers_move_zoom_scroll_and_drop_a_ball(page):
    touches = page.context.new_cdp_session(page)
    touches.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.locator("#switch").click()  # the map is drawn faster
    camera = "JSON.stringify(window.optlab.view().cameras.map)"

    def drag(*fingers):
        """Move fingers from one place to another, from the middle of the stage; the camera before and after."""
        page.locator("#stage").scroll_into_view_if_needed()
        before = page.evaluate(camera)
        box = page.locator("#stage").bounding_box()
        for part in range(4):
            points = [
                {
                    "id": n,
                    "x": box["x"] + box["width"] / 2 + x + (to_x - x) * part / 3,
                    "y": box["y"] + 200 + y + (to_y - y) * part / 3,
                }
                for n, ((x, y), (to_x, to_y)) in enumerate(fingers)
            ]
            touches.send(
                "Input.dispatchTouchEvent", {"type": "touchMove" if part else "touchStart", "touchPoints": points}
            )
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        frame(page)
        return json.loads(before), json.loads(page.evaluate(camera))

    before, after = drag(((-50, 0), (50, 0)))
    assert after["centre"][0] < before["centre"][0]
    before, after = drag(((-30, 0), (-60, 0)), ((30, 0), (60, 0)))
    assert after["zoomed"] > 1.5 * before["zoomed"]
    page.evaluate("scrollTo(0, 0)")
    before, after = drag(((0, 60), (0, -60)))
    assert after == before
    page.wait_for_function("scrollY > 20")
    page.evaluate("scrollTo(0, 0)")
    start = page.locator("#live-x0").input_value()
    drag(((10, 10), (10, 10)))
    expect(page.locator("#live-x0")).not_to_have_value(start)
    page.locator("#restore").click()
    page.locator("#reset").click()
    page.locator("#switch").click()
    touches.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    touches.detach()


def test_the_first_view_fits_into_the_stage_until_somebody_moves_it(page):
    camera = "JSON.stringify(window.optlab.view().cameras.surface)"
    page.locator("#reset").click()
    first = page.evaluate(camera)
    page.set_viewport_size({"width": 400, "height": 800})
    frame(page)
    assert json.loads(page.evaluate(camera))["distance"] > json.loads(first)["distance"]
    page.set_viewport_size({"width": 1000, "height": 800})
    frame(page)
    again = json.loads(page.evaluate(camera))
    assert again == pytest.approx(json.loads(first), abs=1e-4)
    page.locator("#stage").press("ArrowLeft")
    moved = page.evaluate(camera)
    page.set_viewport_size({"width": 400, "height": 800})
    frame(page)
    assert page.evaluate(camera) == moved
    page.set_viewport_size({"width": 1000, "height": 800})
    page.locator("#reset").click()
    frame(page)
    assert json.loads(page.evaluate(camera)) == pytest.approx(json.loads(first), abs=1e-4)


def test_a_dark_page_is_printed_light_and_is_dark_again(page):
    page.emulate_media(color_scheme="dark")
    frame(page)
    axis = page.locator("#charts canvas").first
    dark = axis.evaluate(INK)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert axis.evaluate(INK) == "34,34,34"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    frame(page)
    assert axis.evaluate(INK) == dark == "230,230,230"
    expect(page.locator("#surface")).to_be_visible()
    page.emulate_media(color_scheme="light")


FONTS = """() => {
  window.fonts = new Map();  // the last one of each canvas
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (...given) {
    window.fonts.set(this.canvas, this.font);
    return fillText.apply(this, given);
  };
}"""


def test_texts_on_canvases_grow_with_those_of_the_reader(page):
    page.locator("#switch").click()  # the map has axes, too
    frame(page)
    page.evaluate(FONTS)
    found = []
    for size in ("32px", ""):
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        frame(page)
        found.append(set(page.evaluate("() => [...window.fonts.values()]")))
    page.locator("#switch").click()
    axes, names = "system-ui, sans-serif", "600 {}px system-ui, sans-serif"
    assert found == [{f"24px {axes}", names.format(26)}, {f"12px {axes}", names.format(13)}]


def test_the_surface_is_drawn_again_when_the_graphics_come_back(page):
    page.locator("#scrub").fill("20")  # and no ball rolls
    before = picture(page, "#stage")
    lose = """(canvas) => new Promise((done) => {
        const given = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
        canvas.addEventListener("webglcontextlost", () => setTimeout(() => given.restoreContext()));
        canvas.addEventListener("webglcontextrestored", done);
        given.loseContext();
    })"""
    page.locator("#surface").evaluate(lose)
    assert picture(page, "#stage") == before


def test_downloads_are_the_files(page, small):
    with page.expect_download() as download:
        page.get_by_role("link", name="spec.toml").click()
    assert download.value.path().read_bytes() == small.spec.read_bytes()


def test_without_webgl_and_webassembly_a_map_with_recorded_paths_is_shown(browser, address):
    context = browser.new_context(offline=True, viewport={"width": 360, "height": 700}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(60_000)  # of a busy machine
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script("""
        delete window.WebAssembly;
        const given = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
            return kind === "webgl2" ? null : given.call(this, kind, ...more);
        };""")
    page.goto(address)
    assert "no WebGL2" in page.locator("#fallback").inner_text()
    assert page.locator("#map").is_visible()
    assert page.locator("#sliders").inner_text() == "Shown as recorded. This browser does not run WebAssembly."
    page.locator("#map").click()
    assert faults == []
    assert not page.locator("#switch").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360  # no scrolling sideways
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    context.close()
