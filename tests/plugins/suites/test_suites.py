"""Suites: their tables, the part that an experiment chooses, and drop-in suites."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import suite
from optlab.errors import PluginError, SpecError
from optlab.experiments.maps import declared
from optlab.plugins.suites.base import NotInSuite

pytestmark = pytest.mark.usefixtures("blank_pictures")

ADAM = [{"name": "adam", "lr": [0.01, 0.1]}]


def cases(planned, *tables):
    return [
        (sweep.case.problem.name, sweep.case.dim) for sweep in planned({"problem": [*tables], "optimizer": ADAM}).sweeps
    ]


def test_a_suite_adds_its_problems_in_place_of_its_table(planned):
    chosen = {"suite": "classic", "functions": ["booth", "sphere"], "dim": [50, 2]}
    assert cases(planned, {"name": "beale"}, chosen, {"name": "levy", "dim": 3}) == [
        *[("beale", 2), ("booth", 2), ("sphere", 50), ("sphere", 2), ("levy", 3)]
    ]


def test_one_value_needs_no_list(planned):
    assert cases(planned, {"suite": "classic", "functions": "sphere", "dim": 10}) == [("sphere", 10)]


def test_other_keys_hold_for_each_problem(planned):
    plan = planned({"seeds": 3, "problem": [{"suite": "classic", "start": "random", "dim": 2}], "optimizer": ADAM})
    assert len(plan.sweeps) == 22
    assert {len(sweep) for sweep in plan.sweeps} == {6}


def test_each_classic_problem_has_a_known_minimum(planned):
    plan = planned({"problem": [{"suite": "classic"}], "optimizer": ADAM[:1]})
    assert len(plan.sweeps) == 9 * 3 + 13
    for sweep in plan.sweeps:
        least = declared.lowest(sweep.case, sweep.options())
        assert least is not None, sweep.titles
        if sweep.case.problem.name == "styblinski_tang":
            assert least == pytest.approx(-39.16616570377142 * sweep.case.dim, rel=1e-14)
        elif sweep.case.problem.dim is None:
            assert abs(least) < 1e-9


def test_a_suite_with_the_same_problems_written_out_has_the_same_runs(planned):
    one = planned({"problem": [{"suite": "classic", "functions": ["levy"], "dim": [2, 10]}], "optimizer": ADAM})
    other = planned({"problem": [{"name": "levy", "dim": [2, 10]}], "optimizer": ADAM})
    assert one.id == other.id


@pytest.mark.parametrize(
    ("problem", "pictures"),
    [
        (
            {"suite": "classic", "functions": ["levy"], "dim": [2, 10]},
            {"contour_levy_dim_2", "surface_levy_dim_2", "loss_levy_dim_10"},
        ),
        (
            {"suite": "bbob", "functions": [21], "dim": 2, "instances": [4]},
            {"contour_bbob_f21_dim_2_instance_4"},
        ),
        ({"suite": "networks", "networks": ["xor"]}, {"loss_mlp_xor_hidden_4"}),
    ],
    ids=["classic", "bbob", "networks"],
)
def test_a_suite_is_run_from_a_file_to_pictures(tmp_path, problem, pictures):
    document = {"name": "e", "steps": 10, "seeds": 2, "problem": [problem], "optimizer": [*ADAM, {"name": "gd"}]}
    results = optlab.run(document, out=tmp_path)
    assert set(results.runs["status"]) <= {"done", "diverged"}
    assert pictures <= {path.stem for path in results.plots}
    again = optlab.load(tmp_path / "e")
    assert [sweep.id for sweep in again.plan.sweeps] == [sweep.id for sweep in results.plan.sweeps]


@pytest.mark.parametrize(
    ("name", "option", "first", "last"),
    [
        ("networks", "networks", "logistic", "autoencoder"),
        ("classic", "functions", "sphere", "beale"),
        ("units", "shapes", "line", "quadratic"),
    ],
)
def test_a_name_like_no_other_lists_the_names_that_there_are(planned, name, option, first, last):
    with pytest.raises(SpecError, match=rf"suite {name} has no 'zzz' in {option}; there are .*\b{first}\b") as caught:
        cases(planned, {"suite": name, option: ["zzz"]})
    assert last in str(caught.value)


@suite
def bowls(*, shapes=("round", "long"), condition=(10.0, 100.0)):
    """Bowls."""
    rows = [{"name": "sphere", "dim": [2, 3]}] if "round" in shapes else []
    return rows + [{"name": "ellipsoid", "start": [1.0, 2.0], "condition": list(condition)}] * ("long" in shapes)


def test_a_suite_given_as_an_object(tmp_path):
    document = {"name": "e", "steps": 5, "problem": [{"suite": bowls, "condition": [10]}], "optimizer": ADAM}
    results = optlab.run(document, out=tmp_path, plots=False)
    assert list(results.ranking()["case"].unique()) == ["sphere (dim=2)", "sphere (dim=3)", "ellipsoid (condition=10)"]
    assert 'suite = "bowls"' in (tmp_path / "e" / "spec.toml").read_text()


def test_a_suite_by_name(planned):
    plan = planned({"problem": [{"suite": "bowls", "condition": [10]}], "optimizer": ADAM}, bowls)
    assert plan.cases == ("sphere (dim=2)", "sphere (dim=3)", "ellipsoid (condition=10)")
    np.testing.assert_array_equal(plan.sweeps[2].case.start.x, [1.0, 2.0])


def test_a_drop_in_suite_with_a_wrong_table_is_reported_with_its_place(planned):
    @suite
    def wrong(*, dim=(2,)):
        """A table without a name."""
        return [{"dim": list(dim)}]

    with pytest.raises(PluginError, match=r"test_suites.py:\d+: suite 'wrong' returns an invalid table"):
        planned({"problem": [{"suite": "wrong"}], "optimizer": ADAM}, wrong)


def test_a_mistake_in_a_problem_of_a_suite_is_at_its_table(planned):
    @suite
    def wrong(*, dim=(2,)):
        """A problem that does not exist."""
        return [{"name": "sphear", "dim": list(dim)}]

    with pytest.raises(SpecError, match="there is no problem 'sphear'"):
        planned({"problem": [{"suite": "wrong"}], "optimizer": ADAM}, wrong)


def test_values_that_a_suite_does_not_have_are_errors():
    with pytest.raises(NotInSuite, match="suite bowls has no 'rund' in shapes") as caught:
        bowls(shapes=["long", "rund"])
    assert caught.value.position == 1
    with pytest.raises(NotInSuite, match=r"suite bowls has no 20 in condition; there are 10.0, 100.0"):
        bowls(condition=[20])
    with pytest.raises(NotInSuite, match="shapes has 'long' twice; leave one out") as caught:
        bowls(shapes=["long", "round", "long"])
    assert caught.value.position == 2


def test_true_is_not_one():
    @suite
    def turned(*, rotated=(False, True), scale=(1, 2)):
        """Two lists."""
        return [{"name": "sphere"}] * len(rotated) * len(scale)

    assert len(turned(rotated=[True], scale=[1, 2])) == 2
    for options in ({"rotated": [1]}, {"scale": [True]}):
        with pytest.raises(NotInSuite):
            turned(**options)


def test_an_exception_in_a_suite_is_reported_with_its_line(planned):
    @suite
    def broken(*, dim=(2,)):
        """It divides by 0."""
        return [{"name": "sphere", "dim": dim[0] // 0}]

    with pytest.raises(PluginError, match=r"test_suites.py:\d+:43: ZeroDivisionError"):
        planned({"problem": [{"suite": "broken"}], "optimizer": ADAM}, broken)


def test_the_options_of_a_suite_are_lists():
    with pytest.raises(PluginError, match="suite 'one' has an option 'dim' that is not a list"):

        @suite
        def one(*, dim=2):
            """One dimension."""
            return []


def test_the_function_of_a_suite_returns_tables():
    @suite
    def none(*, dim=(2,)):
        """It returns nothing."""

    with pytest.raises(PluginError, match="suite 'none' must end with: return"):
        none()


def test_suites_are_listed():
    listed = optlab.available("suites", plugins=())
    assert "classic" in listed
    (row,) = (row for row in listed.rows if row["name"] == "classic")
    assert row["options"]["dim"] == (2, 10, 50)
