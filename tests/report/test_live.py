"""What the page computes itself, in a real browser: it agrees with the lab, and follows clicks and sliders."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import optlab
from tests.report.pages import damaged, frame, needs_browser, opened

pytestmark = needs_browser
STEPS = 200
RULES = [
    {"name": "adam", "label": "adam", "lr": 0.05, "schedule": "cosine"},
    {"name": "momentum", "label": "momentum", "lr": 1e-4, "transforms": ["clip_norm"]},
    {"name": "gd", "lr": 1e-4},
    {"name": "rmsprop", "lr": 0.01},
    {"name": "newton"},
]


def computed(folder, rules, **more):
    """The results of replay, at every step."""
    problems = [{"name": name, "start": "random", **more} for name in ("rosenbrock", "himmelblau")]
    return optlab.run(
        {"name": "live", "steps": STEPS, "seeds": 3, "backend": "replay", "record": {"points": STEPS + 1},
         "problem": problems, "optimizer": rules}, folder, plots=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return computed(tmp_path_factory.mktemp("live"), RULES)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A network and its trajectory, at every step."""
    spec = {"name": "network", "steps": STEPS, "seeds": 2, "backend": "replay",
            "record": {"points": STEPS + 1, "trajectories": True},
            "problem": [{"name": "mlp", "dataset": "xor", "hidden": [4]}],
            "optimizer": [{"name": "adam", "lr": 0.05}, {"name": "gd", "lr": 0.5}]}  # fmt: skip
    return optlab.run(spec, tmp_path_factory.mktemp("network"), plots=False)


@pytest.fixture(scope="module")
def page(browser, results, tmp_path_factory):
    address = results.report().save(tmp_path_factory.mktemp("page") / "live.html").as_uri()
    page = opened(browser, address, viewport={"width": 1000, "height": 900}, reduced_motion="reduce")
    yield page
    assert page.faults == []


def run(page, **wanted):
    return page.evaluate("(wanted) => window.optlab.run(wanted)", wanted)


def recorded(results, case, label):
    """The points and losses of the run with the lowest seed."""
    runs = results.runs[(results.runs["case"] == case) & (results.runs["label"] == label)].sort_values("seed")
    first = runs["run"].iloc[0]
    points = results.trajectories[results.trajectories["run"] == first].sort_values("step")
    losses = results.history[results.history["run"] == first].sort_values("step")
    return points.filter(regex=r"^x\d").to_numpy(), losses["loss"].to_numpy()


def check(found, points, losses):
    for own, right in ((found["path"], points), (np.array(found["losses"]), losses)):
        np.testing.assert_allclose(own[:11], right[:11], rtol=1e-12)
        np.testing.assert_allclose(own, right, rtol=1e-6)
    assert found["x"] == found["path"][-1]
    assert found["loss"] == found["losses"][-1]


def test_runs_agree_with_the_lab(page, results):
    live = [program for program in page.evaluate("window.optlab.programs()") if program["live"]]
    assert len(live) == 8
    for program in live:
        case, label = program["problem"], program["optimizer"]
        check(run(page, problem=case, optimizer=label), *recorded(results, case, label))


def test_runs_with_other_starts_and_numbers_agree_with_the_lab(page, tmp_path):
    changed = [{**RULES[0], "lr": 0.2, "beta1": 0.7}, {**RULES[1], "lr": 2e-4, "beta": 0.5}]
    other = computed(tmp_path, changed, start=[-0.5, 1.25])
    for case, mine in zip(
        ("rosenbrock", "himmelblau"), ("rosenbrock (start=random)", "himmelblau (start=random)"), strict=True
    ):
        for rule in changed:
            own = {name: value for name, value in rule.items() if isinstance(value, float)}
            title = next(title for title in other.runs["case"] if title.startswith(case))
            found = run(page, problem=mine, optimizer=rule["name"], x0=[-0.5, 1.25], hyperparameters=own)
            check(found, *recorded(other, title, rule["name"]))


def test_mistakes_are_explained(page):
    case = page.evaluate("window.optlab.programs()[0].problem")
    for wanted, message in [
        ({"problem": "sphere"}, "there is no problem sphere"),
        ({"problem": case, "optimizer": "adma"}, "there is no path of adma"),
        ({"problem": case, "optimizer": "adam", "hyperparameters": {"rate": 1}}, "there is no hyperparameter rate"),
        ({"problem": case, "optimizer": "adam", "hyperparameters": {"beta1": 1}}, "beta1 must lie in"),
        ({"problem": case, "optimizer": "newton", "x0": [0, 0]}, "newton has only its recorded path"),
    ]:
        with pytest.raises(Exception, match=re.escape(message)):
            run(page, **wanted)


def losses(page):
    """The losses in the list of optimizers."""
    frame(page)
    rows = page.locator("#legend label")
    return {row.locator("span").nth(1).inner_text(): row.locator(".value").inner_text() for row in rows.all()}


def picture(page, place):
    """The pixels of a canvas."""
    frame(page)
    return page.evaluate("(place) => document.querySelector(place).toDataURL()", place)


def settings(page):
    """The column of settings of the ranking, by label."""
    rows = page.locator("#ranking tbody").evaluate(
        "body => [...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return {row[1]: row[2] for row in rows}


def test_a_click_drops_a_ball_for_all_and_the_button_takes_it_back(page):
    before, curves, as_run = losses(page), picture(page, "#charts canvas"), settings(page)
    assert page.locator("#restore").is_disabled()
    box = page.locator("#stage").bounding_box()
    page.locator("#stage").click(position={"x": 0.45 * box["width"], "y": 0.55 * box["height"]})
    after = losses(page)
    assert {name for name in before if before[name] != after[name]} == {"adam", "momentum", "gd", "rmsprop"}
    assert picture(page, "#charts canvas") != curves
    assert settings(page) == as_run
    point = [float(page.locator(f"#live-x{n}").input_value()) for n in (0, 1)]
    case = page.locator("#case option").first.inner_text()
    for name in ("adam", "gd"):
        shown = float(after[name].replace("−", "-"))
        assert shown == pytest.approx(run(page, problem=case, optimizer=name, x0=point)["loss"], rel=6e-3)
    page.locator("#restore").click()
    assert losses(page) == before
    page.mouse.move(0, 0)
    assert picture(page, "#charts canvas") == curves
    assert page.locator("#restore").is_disabled()


def test_a_slider_changes_one_optimizer(page):
    before, as_run = losses(page), settings(page)
    page.locator("#live-label").select_option(label="gd")
    page.get_by_label("lr", exact=True).press("ArrowRight")
    after = losses(page)
    assert {name for name in before if before[name] != after[name]} == {"gd"}
    assert page.locator("#verdict p").first.inner_text().endswith(" (with your settings)")
    assert settings(page) == as_run | {"gd": "changed"}
    rates = page.locator("#further figcaption").filter(has_text="by learning rate").locator("small")
    assert rates.inner_text() == "Of the experiment: start, steps and sliders do not change it."
    caption = page.locator("#further figcaption small").last  # it follows a moment later
    caption.filter(has_text="With your settings, the costs are").wait_for()
    assert page.locator("#why-of option:checked").inner_text() == "gd"
    rate = page.get_by_label("lr, as a number").input_value()
    assert float(rate) > 1e-4
    page.get_by_label("lr, as a number").fill("-1")
    frame(page)
    assert "lr must lie in [0, inf), not -1" in page.locator("#live-fault").inner_text()
    assert losses(page) == after
    page.locator("#restore").click()
    assert losses(page) == before
    assert page.get_by_label("lr, as a number").input_value() == "0.0001"


def test_a_schedule_can_be_switched_off(page, tmp_path):
    plain = computed(tmp_path, [{"name": "adam", "lr": 0.05}])
    before = losses(page)
    page.locator("#live-label").select_option(label="adam")
    page.get_by_label("cosine").uncheck()
    after = losses(page)
    assert {name for name in before if before[name] != after[name]} == {"adam"}
    right = recorded(plain, "rosenbrock (start=random)", "adam")[1][-1]
    assert float(after["adam"].replace("−", "-")) == pytest.approx(right, rel=6e-3)
    page.get_by_label("cosine").check()
    assert losses(page) == before
    page.locator("#restore").click()


def test_basins_are_shown_on_the_surface_and_on_the_map_and_follow_a_slider(page):
    def shots():
        """The surface and the map when the basins are computed."""
        page.mouse.move(0, 0)
        frame(page)  # computing begins with the next frame
        frame(page)
        page.wait_for_function("!document.getElementById('stage').hasAttribute('aria-busy')")
        found = []
        for place in ("#surface", "#map"):
            frame(page)
            picture = Image.open(io.BytesIO(page.locator(place).screenshot())).convert("RGB")
            found.append(
                np.asarray(picture.crop((4, 4, picture.width - 4, picture.height - 4)), int)
            )  # without the border
            page.locator("#switch").click()
        return found

    def share(some, other):
        """The share of pixels that differ. The browser may smooth the same lines in two slightly different ways."""
        return (np.abs(some - other).max(axis=-1) > 40).mean()

    page.locator("#live-label").select_option(label="gd")
    before = shots()
    page.locator("#basins").check()
    shown = shots()
    page.get_by_label("lr, as a number").fill("0.5")
    moved = shots()
    page.locator("#restore").click()
    again = shots()
    page.locator("#basins").uncheck()
    after = shots()
    for place in (0, 1):
        assert min(share(shown[place], before[place]), share(shown[place], moved[place])) > 0.002
        assert share(again[place], shown[place]) == share(after[place], before[place]) == 0


def test_the_number_of_steps_can_be_changed(page):
    page.locator("#live-steps").fill("500")
    frame(page)
    expected = "step 500 of 500"
    assert page.locator("#now").inner_text() == expected
    page.locator("#live-steps").fill("0")
    frame(page)
    assert "whole number" in page.locator("#live-fault").inner_text()
    page.locator("#restore").click()
    frame(page)
    assert page.locator("#now").inner_text() == "step 200 of 200"


def test_a_network_is_trained_in_the_page(browser, network, tmp_path):
    page = opened(browser, network.report().save(tmp_path / "network.html").as_uri(), reduced_motion="reduce")
    case = page.evaluate("window.optlab.programs()[0].problem")
    for label in ("adam", "gd"):
        check(run(page, problem=case, optimizer=label), *recorded(network, case, label))
    assert page.locator("#live-start").is_hidden()
    before, curves = losses(page), picture(page, "#charts canvas")
    page.locator("#live-label").select_option(label="gd")
    page.get_by_label("lr, as a number").fill("0.001")
    after = losses(page)
    assert {name for name in before if before[name] != after[name]} == {"gd"}
    assert picture(page, "#charts canvas") != curves
    page.locator("#restore").click()
    assert losses(page) == before
    assert page.locator("#basins").is_hidden()
    assert page.faults == []


def test_what_has_no_program_says_why(page):
    page.locator("#live-label").select_option(label="newton")
    assert "solve has no native rule" in page.locator("#sliders").inner_text()
    assert page.locator("#sliders input").count() == 0


def cut(document):
    for program in document["cases"][0]["programs"]:
        for variant in program.get("variants", ()):
            variant["program"]["code"] = variant["program"]["code"][:40]


def test_a_damaged_program_is_reported(browser, results, tmp_path):
    page = opened(browser, damaged(results.report(), tmp_path / "damaged.html", cut))
    before = losses(page)
    page.get_by_label("start, x0").fill("0.5")
    page.keyboard.press("Enter")
    frame(page)
    assert "could not be computed" in page.locator("#live-fault").inner_text()
    assert losses(page) == before
    page.locator("#live-label").select_option(label="gd")
    page.locator("#basins").check()
    frame(page)
    assert page.locator("#basins-fault").inner_text().startswith("The basins could not be computed: ")
    assert page.faults == []


def test_two_changes_while_programs_are_loaded(browser, results, tmp_path):
    page = opened(browser, results.report().save(tmp_path / "live.html").as_uri())
    before = losses(page)
    page.evaluate("""() => {
        const { instantiate } = WebAssembly;
        let loaded = 0;
        WebAssembly.instantiate = async (...given) => {
            await new Promise((done) => setTimeout(done, 200 * loaded++));
            return instantiate(...given);
        };
        for (const [label, rate] of [["gd", "2e-4"], ["rmsprop", "0.02"]]) {
            const choice = document.getElementById("live-label");
            choice.value = [...choice.options].find((one) => one.text === label).value;
            choice.dispatchEvent(new Event("change"));
            const field = document.querySelector("[aria-label='lr, as a number']");
            field.value = rate;
            field.dispatchEvent(new Event("input"));
        }
    }""")
    after = losses(page)
    assert page.locator("#live-fault").inner_text() == ""
    assert {name for name in before if before[name] != after[name]} == {"gd", "rmsprop"}
    assert page.faults == []
