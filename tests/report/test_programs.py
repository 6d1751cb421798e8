"""The programs in the page: their starts, numbers and sliders, and reasons for runs without a program."""

import numpy as np
import pytest

from optlab.execution.rule import Part
from optlab.plugins import registry
from optlab.report.document import document
from optlab.report.sliders import slider
from tests.report.conftest import HOSTILE
from tests.report.unpacked import unpacked


@pytest.fixture(scope="module")
def programs(small):
    return document(small, small.judged())["cases"][0]["programs"]


def test_each_label_has_its_program_with_the_judged_starts(small, programs):
    assert [HOSTILE[program["label"]] for program in programs] == list(small.ranking()["label"][:3])
    adam = next(program for program in programs if program["label"] == 0)
    row = small.ranking().query("label == @HOSTILE[0]").iloc[0]
    rate = small.runs.set_index("run").loc[row["run"], "hp.lr"]
    assert adam["steps"] == 40
    assert next(one for one in adam["parameters"] if one["name"] == "lr")["value"] == rate
    runs = small.runs.query("label == @HOSTILE[0] and case == @row['case']")
    runs = runs[runs["hp.lr"] == rate].sort_values("seed")["run"]
    points = small.trajectories.query("step == 0").set_index("run").loc[runs, ["x0", "x1"]].to_numpy()
    np.testing.assert_array_equal([unpacked(start) for start in adam["starts"]], points)


@pytest.mark.parametrize(
    ("name", "number", "value", "scale", "ends"),
    [
        ("gd", "lr", 0.1, "log", (1e-6, 100)),
        ("momentum", "beta", 0.9, "one", (0, 0.99999)),
        ("adagrad", "initial", 0.0, "linear", (0, 1)),
        ("qhm", "nu", 0.7, "linear", (0, 1)),
        ("polyak", "beta", 0.0, "linear", (0, 0.999)),
        ("rprop", "shrink", 0.5, "one", (0.001, 0.99999)),
        ("polyak", "f_star", -3.0, "linear", (-6, 6)),
    ],
)
def test_sliders_are_made_from_ranges(name, number, value, scale, ends):
    plugin = registry.load(()).optimizer(name)
    made = slider(Part("hyperparameter", plugin, {}), number, value)
    assert (made["shown"], made["value"], made["scale"]) == (number, value, scale)
    assert made["ends"] == pytest.approx(ends)
    allowed = plugin.signature.ranges.get(number)
    assert allowed is None or all(end in allowed for end in made["ends"])
