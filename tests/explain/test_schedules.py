"""The factors of schedules, as numbers, text and picture, and from the command."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from optlab import schedule
from optlab.cli.app import app
from optlab.explain.schedules import factors
from optlab.figures import schedules as pictures
from optlab.plugins.schedules.constant import constant
from optlab.plugins.schedules.linear import linear
from optlab.plugins.schedules.step import step


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        result = CliRunner().invoke(app, ["explain", *arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


def test_factors_of_schedules():
    found = factors([constant, linear, step], 5)
    assert list(found.values) == ["constant", "linear", "step"]
    np.testing.assert_allclose(found.values["linear"], [1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_array_equal(
        factors([step], 5, {"every": 2.0, "factor": 0.5}).values["step"], [1, 1, 0.5, 0.5, 0.25]
    )
    assert str(factors([constant], 1)) == "factor at step  1\nconstant        1"


def test_the_picture_shows_the_factors():
    found = factors([constant, linear, step, linear], 9).values | {"twice": 2 * factors([linear], 9).values["linear"]}
    found["falling"] = np.linspace(0.5, -2, 9)
    found["partly"] = np.array([np.nan] * 4 + [np.inf] + [0.25] * 4)
    found["nowhere"] = np.full(9, np.nan)
    made = pictures.figure(np.arange(1, 10), found)
    shown = [axes for axes in made.axes if axes.get_visible()]
    assert [axes.get_title() or axes.get_title(loc="left") for axes in shown] == list(found)
    for axes, values in zip(shown, found.values(), strict=True):
        (line,) = axes.lines
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 10))
        finite = np.isfinite(values)
        np.testing.assert_array_equal(line.get_ydata()[finite], values[finite])
        assert np.isnan(line.get_ydata()[~finite]).all()
        low, high = axes.get_ylim()
        assert low < values[finite].min(initial=0) <= values[finite].max(initial=0) < high <= 2.16


def test_a_long_horizon_is_sampled():
    asked = []

    @schedule
    def watched(t, *, steps, power=1.0):
        """Linear."""
        asked.append(t)
        return 1 - (t - 1) / (steps - 1)

    found = factors([watched], 10**9)
    assert len(asked) == len(found.at) <= 1001 + 5
    assert (found.at[0], found.at[-1]) == (1, 10**9)
    np.testing.assert_array_equal(found.values["watched"], 1 - (found.at - 1) / (10**9 - 1))
    assert str(found).split() == [
        *("factor", "at", "step", "1", "250000001", "500000000", "750000000", "1000000000"),
        *("watched", "1", "0.75", "0.5", "0.25", "0"),
    ]


def test_a_schedule_that_raises(call, tmp_path):
    (tmp_path / "plugins").mkdir()
    text = "from optlab import schedule\n\n@schedule\ndef bad(t):\n    return [1.0][int(t)]\n"
    (tmp_path / "plugins" / "bad.py").write_text(text)
    where = tmp_path / "plugins" / "bad.py"
    for words in ("bad", "schedules"):
        status, printed, said = call(words)
        assert (status, printed) == (2, "")
        assert said.replace("plugins/bad.py", str(where)).endswith(
            f"{where}:5:12: IndexError: list index out of range\n"
        )


def test_one_schedule_with_options(call, tmp_path):
    status, printed, _ = call("linear", "steps=9", "warmup=2", "end=0.5", "-o", "linear.png")
    assert status == 0
    assert printed.splitlines()[-1] == "linear.png"
    assert (tmp_path / "linear.png").read_bytes().startswith(b"\x89PNG")
    status, printed, _ = call("linear", "steps=9", "warmup=3", "end=0.5")
    rows = printed.splitlines()[-2:]
    assert [row.split() for row in rows] == [
        ["factor", "at", "step", "1", "3", "5", "7", "9"],
        ["linear", "0.25", "0.75", "0.9", "0.7", "0.5"],
    ]
    assert printed.startswith("Fall by the same amount in each step")


def test_all_schedules(call, built_in):
    status, printed, _ = call("schedules", "steps=8")
    assert status == 0
    assert [line.split()[0] for line in printed.splitlines()[1:]] == list(built_in.schedules)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cosine", "warmpu=3"], "cosine has no option 'warmpu' (did you mean 'warmup'?)"),
        (["cosine", "warmup=-1"], "cosine: 'warmup' must lie in {0, 1, ...}, not -1"),
        (["cosine", "end=x"], "cosine: 'end' takes a number, not the text 'x'"),
        (["cosine", "steps=0"], "steps=0: the horizon must be a number of steps, such as 400"),
        (["cosine", "steps=1.5"], "steps=1.5: the horizon must be a number of steps, such as 400"),
        (["schedules", "warmup=3"], "schedules has no option 'warmup'; it has steps"),
        (["step", "--latex"], "--latex does not apply to a schedule; see optlab explain --help"),
        (
            ["cosin"],
            "'cosin' is no optimizer, problem, transform or schedule, and no expression with values "
            "(did you mean 'cosine'?)",
        ),
    ],
)
def test_mistakes(call, words, message):
    assert call(*words) == (2, "", message + "\n")
