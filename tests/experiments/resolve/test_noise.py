"""Noise in an experiment file: its axes, titles and columns, and its mistakes with line and column."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import problem
from optlab.api import pipeline
from optlab.errors import SpecError

GD = [{"name": "gd"}]


def rosenbrock(**noise):
    return {"problem": [{"name": "rosenbrock", "noise": noise}], "optimizer": GD, "seeds": 2}


def test_options_are_axes_of_one_sweep_and_kinds_are_sweeps(planned):
    plan = planned(rosenbrock(kind=["student_t", "dropout"], scale={"linear": [0.1, 0.5], "num": 5}))
    first, second = plan.sweeps
    assert len(first) == len(second) == 10
    assert first.numbers["noise", "scale"].tolist() == [v for v in (0.1, 0.2, 0.3, 0.4, 0.5) for _ in range(2)]
    assert set(first.numbers["noise", "df"]) == {3.0}
    assert plan.cases[0] == "rosenbrock (noise=student_t, noise.scale=0.1, noise.df=3)"
    assert plan.cases[-1] == "rosenbrock (noise=dropout, noise.scale=0.5)"
    assert plan.seeds == 2  # from a fixed start
    (on_loss,) = planned(rosenbrock(kind="normal", on="loss")).sweeps
    assert on_loss.titles == ("rosenbrock (noise=normal, noise.on=loss, noise.scale=0.1)",)


def test_every_combination_of_options_and_noise_has_its_title(planned):
    table = {"name": "rosenbrock", "b": [1.0, 10.0], "noise": {"kind": "normal", "scale": [0.0, 0.1]}}
    optimizers = [{"name": "gd", "lr": [1e-3, 1e-4]}]
    (sweep,) = planned({"problem": [table], "optimizer": optimizers, "seeds": 3}).sweeps
    assert len(sweep) == 24
    for n, title in enumerate(sweep.titles):
        b, scale = sweep.numbers["option", "b"], sweep.numbers["noise", "scale"]
        assert {f"rosenbrock (b={b[i]:g}, noise=normal, noise.scale={scale[i]:g})" for i in range(24) if
                sweep.title[i] == n} == {title}  # fmt: skip


def test_columns(tmp_path):
    quiet, noisy = {"name": "beale"}, {"name": "beale", "noise": {"kind": "cauchy", "scale": [0.1, 0.2]}}
    document = {"name": "columns", "steps": 5, "seeds": 3, "problem": [quiet, noisy], "optimizer": GD}
    runs = optlab.run(document, out=tmp_path, plots=False).runs
    assert runs["noise"].fillna("").tolist() == [""] + ["cauchy"] * 6
    assert runs["noise.on"].fillna("").tolist() == [""] + ["gradient"] * 6
    np.testing.assert_array_equal(runs["noise.scale"], [np.nan] + [0.1] * 3 + [0.2] * 3)
    without = optlab.run({**document, "problem": [quiet]}, out=tmp_path / "quiet", plots=False).runs
    assert not any(name.startswith("noise") for name in without.columns)


@problem(start=(1.0, 1.0))
def with_option(x, *, noise=0.5):
    """A problem that has an option of this name."""
    return noise * np.sum(x**2)


def test_a_problem_may_have_an_option_called_noise(planned):
    table = {"name": "with_option", "noise": [0.1, 0.2]}
    (sweep,) = planned({"problem": [table], "optimizer": GD}, with_option).sweeps
    assert sweep.numbers["option", "noise"].tolist() == [0.1, 0.2]
    grid = {"name": "with_option", "noise": {"log": [0.1, 1.0], "num": 3}}
    assert len(planned({"problem": [grid], "optimizer": GD}, with_option).sweeps[0]) == 3


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ('{ kind = "norml" }', 11, "kind must be one of normal, multiplicative, student_t, cauchy, dropout, "
         "not the text 'norml' (did you mean 'normal'?)"),
        ('{ kind = ["normal", 3] }', 11, "kind must hold values of one kind, not numbers and texts"),
        ('{ kind = ["normal", "normal"] }', 29, 'kind has "normal" twice, at [0] and [1]; leave one out'),
        ('{ kind = "normal", scale = -0.1 }', 28, "normal: 'scale' must lie in [0, inf), not -0.1"),
        ('{ kind = "dropout", scale = 1.0 }', 29, "dropout: 'scale' must lie in [0, 1), not 1"),
        ('{ kind = "student_t", df = 0.5 }', 31, "student_t: 'df' must lie in [1, inf), not 0.5"),
        ('{ kind = "normal", df = 2.0 }', 28, "normal has no option 'df'; it has scale"),
        ('{ kind = "normal", scal = 2.0 }', 28, "normal has no option 'scal' (did you mean 'scale'?)"),
        ('{ kind = "normal", on = "los" }', 28, "on must be one of gradient, loss, not the text 'los' "
         "(did you mean 'loss'?)"),
        ('{ kind = "normal", scale = { uniform = [0.0, 1.0] } }', 28, "scale is an option of noise, and points are "
         "drawn for settings of optimizers only; write a list or a grid"),
        ("{ scale = 0.1 }", 1, 'kind is missing: write kind = "normal"'),
        ("0.1", 1, 'noise must be a table with its kind: write noise = { kind = "normal", scale = 0.1 }'),
        ('"normal"', 1, 'noise must be a table with its kind: write noise = { kind = "normal", scale = 0.1 }'),
    ],
)  # fmt: skip
def test_mistakes(tmp_path, line, column, said):
    file = tmp_path / "a.toml"
    file.write_text(f'name = "a"\nsteps = 5\n[[optimizer]]\nname = "gd"\n[[problem]]\nname = "beale"\nnoise = {line}\n')
    with pytest.raises(SpecError) as info:
        pipeline.prepare(str(file))
    (mistake,) = info.value.mistakes
    assert (mistake.line, mistake.column, mistake.message) == (7, column, said)


def test_the_kind_and_an_option_of_no_kind_are_reported_together(planned):
    with pytest.raises(SpecError) as info:
        planned(rosenbrock(kind="gaussian", sigma=0.1, df=2.0))
    kind, option = (mistake.message for mistake in info.value.mistakes)
    assert kind.endswith("not the text 'gaussian' (did you mean 'normal'?)")
    assert option == "noise has no option 'sigma'; it has scale, df"


def test_maps_and_optimizers_that_choose_their_points_have_no_noise(planned):
    noisy = rosenbrock(kind="normal") | {"seeds": 1}
    sides = [{"name": "momentum", "lr": [0.1, 0.2], "beta": [0.1, 0.2]}]
    for document in (
        {**noisy, "basins": {"resolution": 4}},
        {**noisy, "optimizer": sides, "stability": {"x": "lr", "y": "beta"}},
    ):
        with pytest.raises(SpecError, match="problem 1, noise: in a map every pixel is one run without repeats"):
            planned(document)
    with pytest.raises(SpecError, match="scipy:BFGS needs the same objective in all steps, but rosenbrock has noise"):
        planned({**noisy, "optimizer": [{"name": "scipy:BFGS"}]})


def test_a_grid_of_noise_that_is_too_large(planned):
    with pytest.raises(SpecError, match="'scale' has 1,000,000 values"):
        planned(rosenbrock(kind=["normal"] + ["cauchy"] * 11, scale={"linear": [0.0, 1.0], "num": 1_000_000}))
