"""`optlab plot`: which pictures it draws, and what it says if there are none."""

from __future__ import annotations

import pytest

import optlab

DOCUMENT = {
    "name": "e",
    "steps": 20,
    "problem": [{"name": "sphere", "dim": dim} for dim in (3, 4, 5)],
    "optimizer": [{"name": "gd"}, {"name": "momentum"}, {"name": "lbfgs"}],
}


@pytest.fixture
def plot(tmp_path, optlab_command):
    optlab.run(DOCUMENT, out=tmp_path, plots=False)

    def run(*options):
        done = optlab_command("plot", "e", *options, cwd=tmp_path)
        return done.returncode, done.stdout.split(), done.stderr

    return run


def test_kinds_are_drawn_without_an_optimizer_along_gradients(plot):
    code, paths, said = plot("--kind", "profile,data_profile", "--kind", "loss", "--without", "gd", "--x", "gradients")
    names = ["loss_sphere", "loss_sphere_2", "loss_sphere_3"]
    assert (code, said) == (0, "")
    assert paths[-2:] == ["e/plots/profile_all_cases.png", "e/plots/data_profile_all_cases.png"]
    assert len(paths) == len(names) + 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--kind", "profil"),
            "kind: there is no picture 'profil' (did you mean 'profile'?); there are: contour, surface, loss, ",
        ),
        (
            ("--kind", "loss,contour"),
            "kind: there is no picture 'contour' of these results: no problem is a function of",
        ),
        (
            ("--without", "gdd"),
            "without: no optimizer has the label 'gdd' (did you mean 'gd'?); there are: gd, momentum",
        ),
    ],
)
def test_mistakes_are_one_line(plot, options, said, tmp_path):
    code, paths, error = plot(*options)
    assert (code, paths) == (2, [])
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert not (tmp_path / "e" / "plots").exists()


def test_an_unknown_axis_is_a_usage_error(plot):
    code, _, error = plot("--x", "gradient")
    assert code == 2
    assert "'gradient' is not one of steps, gradients, seconds (did you mean 'gradients'?)" in error


def test_one_of_many_problems(tmp_path, optlab_command):
    problems = [{"name": "sphere", "dim": [*range(2, 15)]}]
    optlab.run(DOCUMENT | {"problem": problems}, out=tmp_path, plots=False)
    every = optlab_command("plot", "e", cwd=tmp_path)
    names = ["profile", "data_profile", "ecdf", "ranks"]
    assert every.stdout.split() == [f"e/plots/{name}_all_cases.png" for name in names]
    command = "optlab plot e --problem 'sphere (dim=2)'"
    assert every.stderr == f"note: only pictures of all problems together; those of one: {command}\n"
    one = optlab_command("plot", "e", "--problem", "sphere (dim=3)", cwd=tmp_path)
    assert one.stdout.split() == [f"e/plots/{name}_sphere_dim_3.png" for name in ("loss", "lr")]
    assert one.stderr == ""
