"""The ranking and the performance profile in a real browser: hidden optimizers, linked rows, copied numbers."""

import pytest

from optlab.results import caption
from optlab.results.analysis import sentences
from tests.report.conftest import HOSTILE
from tests.report.pages import damaged, frame, needs_browser, opened

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(browser, small, tmp_path_factory):
    address = small.report().save(tmp_path_factory.mktemp("page") / "report.html").as_uri()
    page = opened(browser, address, viewport={"width": 1000, "height": 900})
    yield page
    assert page.faults == []


def shown(page, table):
    rows = page.locator(f"#{table} tbody")
    return rows.evaluate("body => [...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent))")


def ranks(ranking):
    return [f"{row.rank_low}–{row.rank_high}" if row.rank_low < row.rank_high else str(row.rank)
            for row in ranking.itertuples()]  # fmt: skip


def test_hiding_an_optimizer_ranks_the_others_as_without_it(page, small):
    page.locator("#legend input").first.uncheck()
    frame(page)
    judged = small.judged(without=[HOSTILE[0]])
    title = small.runs["case"].iloc[0]
    rows = judged.ranking.query("case == @title")
    assert [row[0] for row in shown(page, "ranking")] == ranks(rows)
    assert page.locator("#ranking td:nth-child(2)").all_inner_texts() == list(rows["label"])
    assert page.locator("#sureness").inner_text() == sentences.sureness(rows.to_dict("records"), judged.verdicts[title])
    first = f"{rows['label'].iloc[0]} is first, with a final loss of {shown(page, 'ranking')[0][3]}"
    assert page.locator("#compared").inner_text() == f"compared without {HOSTILE[0]}: {first}"
    overall = judged.overall
    assert [row[0] for row in shown(page, "overall")] == [f"{mean:.2f}" for mean in overall["mean_rank"]]
    assert [row[2] for row in shown(page, "overall")] == [
        f"{low:.2f} to {high:.2f}" for low, high in zip(overall["mean_low"], overall["mean_high"], strict=True)
    ]
    page.locator("#all").click()
    frame(page)
    rows = small.ranking().query("case == @title")
    assert [row[0] for row in shown(page, "ranking")] == ranks(rows)
    assert page.locator("#compared").inner_text() == ""


def spoil(document):
    for one in document["cases"]:
        one["contest"]["values"] = {"f8": "no base64"}
    for one in document["profile"]["costs"]["cases"]:
        one["costs"] = {"f8": "no base64"}


def test_losses_that_cannot_be_read_are_reported(browser, small, tmp_path):
    page = opened(browser, damaged(small.report(), tmp_path / "spoiled.html", spoil))
    page.locator("#legend input").first.uncheck()
    frame(page)  # nothing is busy
    assert page.locator("#ranking td:nth-child(2)").count() == 2
    assert page.locator("#compared").inner_text().startswith("The intervals could not be computed: ")
    caption = page.locator("#further figcaption small").last.inner_text()
    assert caption.startswith("The profile could not be computed: ")
    page.locator("#all").click()
    frame(page)
    assert page.locator("#compared").inner_text() == ""
    assert page.locator("#further figcaption small").last.inner_text() != caption
    assert page.faults == []


def test_keys_move_through_the_rows_and_light_their_entries(page):
    page.locator("#ranking tbody tr").first.focus()
    page.keyboard.press("ArrowDown")
    frame(page)
    row = page.locator("#ranking tbody tr").nth(1)
    assert row.evaluate("row => row === document.activeElement")
    label = row.get_attribute("data-label")
    assert page.locator("#legend .lit").inner_text().startswith(HOSTILE[int(label)])
    assert page.locator("#overall .lit").get_attribute("data-label") == label


def test_tables_are_copied_with_all_digits(page, small):
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (t) => (window.copied = t) } })"
    )
    page.locator("#ranking + .copy").click()
    lines = [line.split("\t") for line in page.evaluate("window.copied").strip().split("\n")]
    rows = small.ranking().query(f"case == {small.runs['case'].iloc[0]!r}")
    assert lines[0][:3] == ["rank", "optimizer", "best settings"]
    medians = [float(line[3].replace("Infinity", "inf")) for line in lines[1:]]
    assert medians == list(rows["median"])


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
