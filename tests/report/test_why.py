"""The panel "why it moves so" in a real browser: the rule with its numbers, arrows, effective steps, and reasons."""

import pytest

import optlab
from tests.report.pages import frame, needs_browser, opened

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page is not tested")
expect = playwright.expect
pytestmark = needs_browser
LABEL = "<b>adam</b> 梯度"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    experiment = {
        "name": "why",
        "steps": 20,
        "seeds": 1,
        "record": {"points": 21},
        "problem": [{"name": "sphere", "dim": 2, "start": [3.0, -4.0]}, {"name": "sphere", "dim": 5}],
        "optimizer": [
            {"name": "adam", "label": LABEL, "lr": 0.5},
            {"name": "momentum", "lr": 0.01},
            {"name": "sgld", "lr": 0.01},
            {"name": "gd", "label": "clipped", "lr": 0.01, "transforms": ["clip_norm"]},
            {"name": "rmsprop", "lr": 0.01},
        ],
    }
    folder = tmp_path_factory.mktemp("why")
    return optlab.run(experiment, folder, plots=False).report().save(folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def page(address, browser):
    page = opened(browser, address, viewport={"width": 1000, "height": 900})
    yield page
    assert page.faults == []
    page.close()


def test_sliders_and_rule_are_of_the_same_optimizer(address, browser):
    page = opened(browser, address)
    chosen = "() => ['live-label', 'why-of'].map((id) => document.getElementById(id).selectedOptions[0].text)"
    first, explained = page.evaluate(chosen)
    assert first == explained == page.locator("#ranking td:nth-child(2)").first.inner_text()
    page.locator("#legend label").filter(has_text=first).locator("input").uncheck()
    page.mouse.move(0, 0)
    page.locator("h1").click()
    frame(page)
    second, explained = page.evaluate(chosen)
    assert second == explained != first


def show(page, label, step):
    page.locator("#why-of").select_option(label=label)
    page.locator("#scrub").fill(str(step))
    frame(page)


def lines(page):
    return page.locator("#why-lines p").all_inner_texts()


def drawn(page):
    """The number of pixels of the canvas of arrows that are not transparent."""
    frame(page)
    return page.evaluate("""() => {
        const canvas = document.getElementById("arrows");
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((_, n) => n % 4 === 3).reduce((count, alpha) => count + (alpha > 0), 0);
    }""")


def test_the_first_step_of_adam_on_a_quadratic(page):
    """f = |x|^2 at (3, -4): g = 2 x = (6, -8), m = 0.1 g, v = 0.001 g^2, and the step is lr times the sign of g."""
    show(page, LABEL, 0)
    assert page.locator("#why-step").inner_text() == "after 0 of 20 steps: at x = [3, −4] the gradient is g = [6, −8]"
    assert lines(page) == [
        "m ← β₁ m + (1 − β₁) g",
        "= 0.9 · [0, 0] + (1 − 0.9) · [6, −8]",
        "= [0.6, −0.8]",
        "v ← β₂ v + (1 − β₂) g²",
        "= 0.999 · [0, 0] + (1 − 0.999) · [6, −8]²",
        "= [0.036, 0.064]",
        "x ← x − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)",
        "= [3, −4] − 0.5 · ([0.6, −0.8] / (1 − 0.9^1)) / (√([0.036, 0.064] / (1 − 0.999^1)) + 1e−8)",
        "= [2.5, −3.5]",
    ]
    assert page.locator("#why-arrows .value").all_inner_texts() == ["10", "1", "0.07343", "0.70711"]


def test_it_follows_time_and_the_keyboard(page):
    show(page, "momentum", 0)
    first = lines(page)
    page.locator("#stage").focus()
    page.keyboard.press(".")
    frame(page)
    second = lines(page)
    assert second[0] == first[0] == "b ← β b + g"
    assert second[1].startswith("= 0.9 · [6, −8] + [")  # b after the first step is the first gradient
    page.locator("#why-of").focus()
    page.keyboard.press("ArrowUp")
    frame(page)
    assert page.locator("#why-of option:checked").inner_text() == LABEL
    assert lines(page)[0].startswith("m ←")


def test_arrows_are_drawn_on_the_surface_and_on_the_map(page):
    show(page, LABEL, 3)
    on_surface = drawn(page)
    assert on_surface > 500
    page.locator("#switch").click()
    on_map = drawn(page)
    assert on_map > 500
    assert on_map != on_surface
    box = page.locator("#why-arrows input").first
    box.focus()
    page.keyboard.press(" ")
    fewer = drawn(page)
    assert 0 < fewer < on_map
    page.keyboard.press(" ")
    assert drawn(page) == on_map
    page.locator("#switch").click()


def test_the_chart_of_effective_steps_follows_the_step(page):
    show(page, LABEL, 2)
    before = page.locator("#why-chart canvas").screenshot()
    page.locator("#scrub").fill("9")
    frame(page)
    assert page.locator("#why-chart canvas").screenshot() != before
    page.locator("#why-chart canvas").click(position={"x": 200, "y": 100})
    frame(page)
    assert page.locator("#now").inner_text() != "step 9 of 20"


def test_a_constant_step_has_equal_values(page):
    show(page, "momentum", 0)
    page.locator("#live-label").select_option(label="momentum")
    page.get_by_label("beta, as a number").fill("0")
    frame(page)
    page.locator("#why-chart summary").click()
    rows = page.locator("#why-chart tbody tr")
    expect(rows).to_have_count(2)
    for row in rows.all():
        expect(row.locator("td").nth(1)).to_have_text("0.01")
        assert set(row.locator("td").all_inner_texts()[1:]) == {"0.01"}
    page.locator("#restore").click()
    frame(page)


def test_a_state_that_is_not_used_has_no_arrow(page):
    show(page, "rmsprop", 3)
    assert page.locator("#why-arrows strong").all_inner_texts() == ["−g", "v", "−b", "step"]  # without its mean


def test_a_hidden_optimizer_is_not_explained(page):
    show(page, "momentum", 3)
    box = page.locator("#legend label").filter(has_text="momentum").locator("input")
    box.uncheck()
    page.mouse.move(0, 0)
    frame(page)
    assert page.locator("#why-of option:checked").inner_text() != "momentum"
    assert "momentum" not in page.locator("#why-of option").all_inner_texts()
    box.check()
    page.mouse.move(0, 0)
    frame(page)
    assert page.locator("#why-of option:checked").inner_text() == "momentum"


def test_a_ball_that_is_dropped_has_its_own_numbers(page):
    show(page, "momentum", 0)
    page.locator("#live-x0").fill("1")
    page.locator("#live-x0").press("Enter")
    frame(page)
    page.locator("#scrub").fill("0")
    frame(page)
    assert page.locator("#why-step").inner_text().endswith("at x = [1, −4] the gradient is g = [2, −8]")
    page.locator("#restore").click()
    frame(page)
    page.locator("#scrub").fill("0")
    frame(page)
    assert page.locator("#why-step").inner_text().endswith("at x = [3, −4] the gradient is g = [6, −8]")


def test_a_transform_that_is_switched_off_leaves_the_rule(page):
    show(page, "clipped", 0)
    assert "‖g‖" in lines(page)[0]
    page.locator("#live-label").select_option(label="clipped")
    page.locator("#sliders input[type=checkbox]").uncheck()
    frame(page)
    assert lines(page)[0] == "x ← x − lr g"
    page.locator("#restore").click()
    frame(page)
    assert "‖g‖" in lines(page)[0]


def test_a_rule_that_cannot_be_computed_says_why(page):
    show(page, "sgld", 3)
    assert page.locator("#why-none").inner_text().startswith("sgld: ")
    assert "random numbers" in page.locator("#why-none").inner_text()
    assert not page.locator("#why-rule").is_visible()
    assert drawn(page) == 0
    show(page, LABEL, 3)
    assert page.locator("#why-rule").is_visible()


def test_it_is_hidden_where_there_is_no_plane(page):
    page.locator("#case").select_option("1")
    frame(page)
    assert not page.locator("#why").is_visible()
    page.locator("#case").select_option("0")
    frame(page)
    assert page.locator("#why").is_visible()


def test_hovering_a_label_explains_it(page):
    show(page, LABEL, 3)
    page.locator("#legend label", has_text="momentum").hover()
    frame(page)
    assert lines(page)[0] == "b ← β b + g"
    page.mouse.move(5, 5)
    frame(page)
    assert lines(page)[0].startswith("m ←")
