import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from optlab.report.document import document
from optlab.report.packing import HOLE, packed, packed_shares, plain
from tests.report.conftest import HOSTILE
from tests.report.unpacked import unpacked, unpacked_text


@pytest.fixture(scope="module")
def text(small):
    return small.report().text


@pytest.fixture(scope="module")
def data(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


class Elements(HTMLParser):
    """The elements of a page, and addresses that it would load."""

    def __init__(self, text):
        super().__init__()
        self.found, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]


def test_labels_are_never_markup(text, data):
    elements = Elements(text)
    assert elements.found.count("script") == 2  # the data and the program
    assert "b" not in elements.found
    assert elements.addresses == []
    assert [label["name"] for label in data["labels"]] == list(HOSTILE)
    assert "<!--" not in text.partition("<body>")[2]


def test_the_page_may_request_nothing(text):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'")
    assert "connect-src 'none'" in policy


def test_curves_are_the_medians_over_the_seeds(small, data):
    case = data["cases"][0]
    line = case["curves"]["loss"][0]
    best = small.ranking().query("label == @HOSTILE[0] and case == @case['title']").iloc[0]
    rate = small.runs.set_index("run").loc[best["run"], "hp.lr"]
    runs = small.runs[(small.runs["label"] == HOSTILE[0]) & (small.runs["case"] == case["title"])]
    runs = runs[runs["hp.lr"] == rate]["run"]
    losses = small.history[small.history["run"].isin(runs)].pivot(index="step", columns="run", values="loss")
    np.testing.assert_allclose(unpacked(line["median"]), losses.median(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(unpacked(line["step"]), losses.index)


def test_paths_are_recorded_points_and_heights_those_of_the_function(small, data):
    valley = data["cases"][0]["valley"]
    path = valley["paths"][0]
    run = small.ranking().query("label == @HOSTILE[0]").iloc[0]["run"]
    points = small.trajectories[small.trajectories["run"] == run]
    np.testing.assert_allclose(unpacked(path["x"]), points["x0"], rtol=1e-6)
    np.testing.assert_allclose(unpacked(path["y"]), points["x1"], rtol=1e-6)
    size, (left, bottom), (right, top) = valley["size"], valley["low"], valley["high"]
    x, y = np.meshgrid(np.linspace(left, right, size), np.linspace(bottom, top, size))
    losses = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    shares = unpacked(valley["heights"]).reshape(size, size)
    assert shares.max() == HOLE - 1
    order = np.argsort(losses.ravel())
    assert (np.diff(shares.ravel()[order].astype(int)) >= -1).all()  # higher points are not lower in the page
    assert [1.0, 1.0] in valley["minima"]


def test_a_case_without_a_plane_has_curves_but_no_surface(data):
    case = data["cases"][1]
    assert case["valley"] is None
    assert len(case["curves"]["loss"]) == 3


def test_the_ranking_and_the_files_are_those_of_the_results(small, data):
    ranking = small.ranking()
    rows = [row for case in data["cases"] for row in case["ranking"]]
    assert [HOSTILE[row["label"]] for row in rows] == list(ranking["label"])
    medians = [float(row["median"]) for row in rows]
    np.testing.assert_array_equal(medians, ranking["median"])
    files = {file["name"]: unpacked_text(file["bytes"]) for file in data["files"]}
    assert files["spec.toml"] == small.spec.read_text(encoding="utf-8")
    assert files["runs.csv"].count("\n") == len(small.runs) + 1
    assert set(files) == {"spec.toml", "ranking.csv", "runs.csv"}


def test_the_page_has_the_sources_and_the_versions(data):
    sources = {source["name"]: source["text"] for source in data["about"]["sources"]}
    assert set(sources) == {
        "optimizer adam",
        "optimizer gd",
        "optimizer momentum",
        "problem rosenbrock",
        "problem sphere",
    }
    assert "def adam" in sources["optimizer adam"]
    assert "numpy" in data["about"]["versions"]


def test_many_points_are_thinned_and_the_page_says_so(small, monkeypatch):
    monkeypatch.setattr("optlab.report.document.NUMBERS", 100)
    thinned = document(small, small.judged())
    lines = [line for case in thinned["cases"] for line in case["curves"]["loss"]]
    assert {len(unpacked(line["step"])) for line in lines} == {16}
    assert any("thinned: 16 points" in note for note in thinned["notes"])
    assert unpacked(lines[0]["step"])[[0, -1]].tolist() == [0, 40]


def test_results_without_their_problem_are_shown_without_surface(small, monkeypatch):
    import optlab

    again = optlab.load(small.folder)
    lost = again.origin.__class__(None, why="problem 'rosenbrock' is gone")
    monkeypatch.setitem(again.__dict__, "origin", lost)
    shown = document(again, again.judged())
    assert [case["valley"] for case in shown["cases"]] == [None, None]
    assert any("problem 'rosenbrock' is gone" in note for note in shown["notes"])
    assert len(shown["cases"][0]["curves"]["loss"]) == 3


def test_packed_numbers_keep_their_size_and_what_is_not_finite():
    numbers = [1e-300, np.inf, np.nan, -2.0]
    np.testing.assert_array_equal(unpacked(packed(numbers)), numbers)
    np.testing.assert_allclose(unpacked(packed([0.1, 1e30])), [0.1, 1e30], rtol=1e-7)
    assert list(packed([0.1, 1e30])) == ["f4"]
    shares = np.ma.masked_array([0.0, 0.5, 1.0], [False, False, True])
    assert unpacked(packed_shares(shares)).tolist() == [0, 32767, HOLE]
    assert plain(float("-inf")) == "-inf"
