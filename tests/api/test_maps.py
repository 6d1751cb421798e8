"""Maps from end to end: every pixel against a plain loop, stored results, and repeated computation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import optlab
from optlab.api import maps as api_maps
from optlab.api import pipeline
from optlab.errors import ResultsError, SpecError, UserError
from optlab.execution import runner
from optlab.execution.starts import starts
from optlab.figures.experiment import pictures

PLUGIN = '''\
import numpy as np
from optlab import optimizer, problem

@problem(domain=(-2.0, 2.0), start=(1.0, 1.0))
def wells(x):
    """Two wells, at x0 = -1 and 1, over a bowl in x1."""
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2

@problem(start=(1.0, 1.0))
def endless(x):
    """Has no domain."""
    return np.sum(x**2)

@optimizer
def raises(x, g, *, lr=0.1):
    """Raises."""
    raise RuntimeError("broken")
'''


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A working directory with a plugin."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "p.py").write_text(PLUGIN)
    return tmp_path


def himmelblau(x, y):
    a, b = x**2 + y - 11, x + y**2 - 7
    return a**2 + b**2, (4 * x * a + 2 * b, 2 * a + 4 * y * b)


# ---- basins ----------------------------------------------------------------------------------------------------------


def test_every_pixel_against_a_plain_loop(lab):
    """Himmelblau's function and the heavy ball, written out for one run at a time."""
    steps, lr, beta = 150, 0.005, 0.9
    found = optlab.basins("himmelblau", f"momentum lr={lr} beta={beta}", resolution=6, steps=steps, plots=False).maps[0]
    target = found_target(lab / "results" / "himmelblau_basins")
    centres = -5 + 10 * (np.arange(6) + 0.5) / 6
    assert found.x == pytest.approx(centres)
    assert found.y == pytest.approx(centres)
    for row, y0 in enumerate(centres):
        for column, x0 in enumerate(centres):
            p, b, first = np.array([x0, y0]), np.zeros(2), -1
            for step in range(steps + 1):
                loss, g = himmelblau(*p)
                if loss <= target and first < 0:
                    first = step
                if step < steps:
                    b = beta * b + np.array(g)
                    p = p - lr * b
            nearest = int(np.argmin(np.hypot(*(found.minima - p).T)))
            assert found.minimum[row, column] == (nearest if loss <= target else -1)
            assert found.reached[row, column] == (first if loss <= target else -1)
            assert found.end[row, column] == pytest.approx(p, abs=1e-9)
    assert (found.minimum >= 0).sum() > 20


def found_target(folder):
    (target,) = {entry["target"] for entry in optlab.load(folder).manifest["minima"]["himmelblau"]}
    return target


def test_gradient_descent_converges_to_the_minimum_on_its_side(lab):
    """f = (x0^2 - 1)^2 + x1^2 is separable: a small step never crosses x0 = 0. Its minima are not declared."""
    found = optlab.basins("wells", "gd lr=0.02", resolution=8, steps=1000, plots=False).maps[0]
    assert found.minima == pytest.approx(np.array([[-1.0, 0.0], [1.0, 0.0]]), abs=1e-12)
    assert (found.minimum == np.broadcast_to(found.x > 0, (8, 8))).all()
    assert found.shares.tolist() == [0.5, 0.5]
    assert (found.reached == found.reached[:, ::-1]).all()
    assert (found.reached == found.reached[::-1, :]).all()
    assert found.reached.min() > 0


def test_unfinished_and_diverged_runs_have_no_minimum(lab):
    maps = optlab.basins("wells", ["gd lr=0.001", "gd lr=1000.0"], resolution=4, steps=20, plots=False).maps
    for found, diverged in zip(maps, (False, True), strict=True):
        assert (found.minimum == -1).all()
        assert (found.reached == -1).all()
        assert (found.diverged == diverged).all()
        assert np.isnan(found.end).all() == diverged


def test_zooming_gives_the_same_numbers_at_the_same_starts(lab):
    """The left half of the view in half as many columns would have other rows; a quarter has the same pixels."""
    whole = optlab.basins("himmelblau", "momentum lr=0.01", resolution=16, steps=200, plots=False).maps[0]
    part = optlab.basins(
        "himmelblau", "momentum lr=0.01", resolution=8, steps=200, x=(-5, 0), y=(0, 5), name="part", plots=False
    ).maps[0]
    corner = (slice(8, 16), slice(0, 8))
    assert part.x == pytest.approx(whole.x[:8])
    assert (part.reached == whole.reached[corner]).all()
    assert part.minima[part.minimum].round(9).tolist() == whole.minima[whole.minimum][corner].round(9).tolist()


def test_each_setting_of_a_grid_is_a_panel(lab):
    maps = optlab.basins("wells", {"name": "momentum", "lr": [0.01, 0.02], "beta": 0.5}, resolution=3, plots=False).maps
    assert [panel.title for panel in maps] == ["momentum  lr=0.01  beta=0.5", "momentum  lr=0.02  beta=0.5"]
    alone = optlab.basins("wells", "momentum lr=0.02 beta=0.5", resolution=3, name="alone", plots=False).maps[0]
    assert (maps[1].reached == alone.reached).all()


def test_the_stored_columns(lab):
    found = optlab.basins("himmelblau", "gd lr=0.01", resolution=4, steps=100, plots=False)
    runs, panel = found.results.runs, found.maps[0]
    assert len(runs) == 16
    assert runs["start.x0"].to_numpy().reshape(4, 4)[2].tolist() == panel.x.tolist()
    assert runs["start.x1"].to_numpy().reshape(4, 4)[:, 2].tolist() == panel.y.tolist()
    assert runs["minimum"].tolist() == panel.minimum.ravel().tolist()
    assert runs["reached"].tolist() == panel.reached.ravel().tolist()
    assert runs["end.x1"].tolist() == panel.end[..., 1].ravel().tolist()
    assert len(found.results.history) == len(found.results.trajectories) == 0
    assert [entry["x"] for entry in found.results.manifest["minima"]["himmelblau"]] == panel.minima.tolist()


def test_finished_maps_are_reused_and_redrawn_without_a_run(lab, computed):
    first = optlab.basins("wells", "gd lr=0.02", resolution=6)
    assert len(computed) == 2  # the second pass counts the steps
    again = optlab.basins("wells", "gd lr=0.02", resolution=6)
    assert (again.maps[0].reached == first.maps[0].reached).all()
    assert [path.name for path in pipeline.replot(first.results.folder, format="svg")] == ["basins_wells.svg"]
    assert len(computed) == 2
    optlab.basins("wells", "gd lr=0.02", resolution=7)
    assert len(computed) == 4


def test_a_damaged_map_is_detected(lab):
    folder = optlab.basins("wells", "gd lr=0.02", resolution=3, plots=False).results.folder
    with (folder / "runs.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ResultsError, match=r"runs\.parquet: is damaged"):
        pipeline.replot(folder)


def test_a_failing_optimizer_does_not_affect_other_maps(lab):
    found = optlab.basins("wells", ["raises", "gd lr=0.02"], resolution=4)
    broken, right = found.maps
    assert (broken.minimum == -1).all()
    assert (right.minimum >= 0).all()
    assert [path.name for path in found.plots] == ["basins_wells.png"]


def test_the_same_map_from_a_file(lab):
    (lab / "e.toml").write_text(
        'name = "e"\nsteps = 500\n[basins]\nresolution = 6\n[[problem]]\nname = "wells"\n'
        '[[optimizer]]\nname = "gd"\nlr = 0.02\n'
    )
    from_file = optlab.run("e.toml", plots=False).panels
    assert (from_file[0].reached == optlab.basins("wells", "gd lr=0.02", resolution=6).maps[0].reached).all()


@pytest.mark.parametrize(
    ("problem", "optimizers", "more", "message"),
    [
        ("rosenbrock dim=3", "gd", {}, "basins are maps of two parameters, and rosenbrock has 3 here; write dim = 2"),
        ("mlp dataset=xor", "gd", {}, "basins are maps of two parameters, and mlp has 162 here"),
        ("endless", "gd", {}, "endless has no domain to lay the pixels over; write x = [lo, hi] and y = [lo, hi]"),
        ("endless", "gd", {"x": (-1.0, 1.0)}, "endless has no domain to lay the pixels over; write y = [lo, hi]"),
        ("wells start=random", "gd", {}, "in a map of basins each pixel is a start; leave start out"),
        ("wells", "gd", {"resolution": 1}, "resolution must be at least 2, not 1"),
        ("wells", "gd", {"x": (1.0, -1.0)}, "x must be [lo, hi] with lo below hi, not [1.0, -1.0]"),
        ("wells", "gdd", {}, "there is no optimizer 'gdd' (did you mean 'gd'?)"),
        ("wells", "gd lr=[0.1,0.2,0.3]", {"resolution": 4000}, "the grid has 48,000,000 runs, more than 10,000,000"),
    ],
)
def test_mistakes_of_basins(lab, problem, optimizers, more, message):
    with pytest.raises(SpecError) as info:
        optlab.basins(problem, optimizers, **more)
    assert message in str(info.value)
    assert not (lab / "results").exists()


def test_a_domain_may_be_given_to_a_problem_that_has_none(lab):
    found = optlab.basins("endless", "gd lr=0.1", resolution=4, x=(-1.0, 1.0), y=(-2.0, 2.0), plots=False).maps[0]
    assert found.minima == pytest.approx(np.zeros((1, 2)), abs=1e-12)
    assert (found.minimum == 0).all()


@pytest.mark.parametrize("text", ["1", "1:2:3", "a:b", ":", "nan:1"])
def test_an_invalid_range(text):
    with pytest.raises(UserError, match="is no range LOW:HIGH"):
        api_maps.span("--x", text)


# ---- stability -------------------------------------------------------------------------------------------------------


def measured_limit(panel):
    """For each row, the last learning rate from the left at which the loss did not grow."""
    assert panel.stable[:, 0].all()
    assert not panel.stable[:, -1].any()
    return panel.x[np.argmin(panel.stable, axis=1) - 1]


@pytest.mark.parametrize("condition", [10.0, 100.0, 1000.0])
@pytest.mark.parametrize("log", ["", "x"])
def test_the_measured_boundary_is_that_of_theory_within_a_pixel(lab, condition, log):
    """The heavy ball is stable for lr < 2 (1 + beta) / L; in the lowest row, beta = 0, it is gradient descent."""
    L = 2 * condition
    panel = optlab.stability(
        f"ellipsoid condition={condition}",
        "momentum",
        x=f"lr={0.2 / L}:{5 / L}",
        y="beta=0:0.8",
        log=log,
        resolution=40,
        steps=600,
        plots=False,
    ).maps[0]
    limit = 2 * (1 + panel.y) / L
    last = np.searchsorted(panel.x, measured_limit(panel))
    exact = np.interp(limit, panel.x, np.arange(40))
    assert (np.abs(last + 0.5 - exact) <= 1).all()
    assert panel.theory.eigenvalues == pytest.approx([2.0, L])
    assert panel.theory.formula == "lr = 2 (1 + beta) / L"
    assert panel.theory.fastest == pytest.approx(
        ((2 / (np.sqrt(L) + np.sqrt(2))) ** 2, ((np.sqrt(L) - np.sqrt(2)) / (np.sqrt(L) + np.sqrt(2))) ** 2)
    )
    inside = panel.theory.radius < 1
    assert (inside == (panel.theory.x < 2 * (1 + panel.theory.y[:, None]) / L)).mean() > 0.999


def test_the_boundary_of_gradient_descent(lab):
    """A rule with an idle second hyperparameter: lr < 2 / L, whatever the other is."""
    (lab / "plugins" / "idle.py").write_text(
        "from optlab import optimizer\n\n@optimizer\ndef idle(x, g, *, lr=0.1, other=1.0):\n"
        '    """Gradient descent."""\n    return x - lr * g + 0.0 * other\n'
    )
    panel = optlab.stability(
        "ellipsoid condition=50", "idle", x="lr=0.001:0.05", y="other=0:1", resolution=30, steps=600, plots=False
    ).maps[0]
    exact = np.interp(2 / 100, panel.x, np.arange(30))
    assert (np.abs(np.searchsorted(panel.x, measured_limit(panel)) + 0.5 - exact) <= 1).all()
    assert (panel.theory.formula, panel.theory.fastest) == ("lr = 2 / L", None)


def test_every_pixel_of_a_map_of_stability_against_a_plain_loop(lab):
    """The loss after each step on the ellipsoid, written out; steps are counted to a target that the test sets."""
    panel = optlab.stability(
        "ellipsoid condition=10",
        "momentum",
        x="lr=0.01:0.15",
        y="beta=0:0.9",
        resolution=6,
        steps=60,
        color="steps",
        target=1e-3,
        plots=False,
    ).maps[0]
    scales = np.array([1.0, 10.0])
    for row, beta in enumerate(np.linspace(0, 0.9, 6)):
        for column, lr in enumerate(np.linspace(0.01, 0.15, 6)):
            x, b, losses = np.array([-4.0, 1.5]), np.zeros(2), []
            for _ in range(61):
                losses.append(float(np.sum(scales * x**2)))
                b = beta * b + 2 * scales * x
                x = x - lr * b
            there = np.flatnonzero(np.array(losses) <= 1e-3)
            assert panel.reached[row, column] == (there[0] if len(there) else -1)
            assert panel.loss[row, column] == pytest.approx(losses[-1], rel=1e-9, abs=1e-300)
            assert panel.stable[row, column] == (losses[-1] <= losses[0])
    stayed = (panel.reached >= 0) & (panel.loss <= 1e-3)
    assert panel.reached[panel.best] == panel.reached[stayed].min()
    assert panel.loss[panel.best] <= 1e-3


def test_a_run_that_grew_after_reaching_the_target_is_not_the_best(lab):
    """Adam on Beale's function: with lr = 2.197 and beta1 = 0.514 it passes the minimum after 6 steps, and is far
    from it later."""
    panel = optlab.stability(
        "beale", "adam", x="lr=1.378:2.1967", y="beta1=0.5138:0.7268", resolution=2, steps=500, color="steps",
        plots=False,
    ).maps[0]  # fmt: skip
    assert panel.reached[0, 1] < panel.reached[1, 0]
    assert not panel.stable[0, 1]
    assert panel.best == (1, 0)


def test_the_default_target_is_a_millionth_of_the_height(lab):
    panel = optlab.stability(
        "branin", "momentum", x="lr=0.001:0.01", y="beta=0:0.9", resolution=3, steps=20, color="steps", plots=False
    ).maps[0]
    lowest = 10 / (8 * np.pi)
    assert panel.target == pytest.approx(lowest + 1e-6 * (panel.first[0, 0] - lowest), rel=1e-9)
    assert panel.theory is None


def test_zooming_into_a_map_of_stability_computes_the_same_where_settings_are_the_same(lab):
    def of(x, resolution, name):
        return optlab.stability(
            "ellipsoid", "momentum", x=x, y="beta=0:0.9", resolution=resolution, steps=50, name=name, plots=False
        ).maps[0]

    whole, part = of("lr=0.0:0.002", 9, "whole"), of("lr=0.0005:0.001", 9, "part")
    shared = np.isin(whole.x, part.x)
    assert shared.sum() == 3
    assert (whole.loss[:, shared] == part.loss[:, np.isin(part.x, whole.x)]).all()


def test_a_third_setting_makes_panels_and_the_fixed_order_of_sides(lab):
    table = {"name": "adam", "beta2": [0.9, 0.99]}
    found = optlab.stability(
        "beale", table, x="beta1=0:0.9", y="lr=0.001:1", log="y", resolution=4, steps=30, plots=False
    )
    first, second = found.maps
    assert (first.title, second.title) == ("adam  beta2=0.9", "adam  beta2=0.99")
    runs = found.results.runs
    for panel, beta2 in ((first, 0.9), (second, 0.99)):
        rows = runs[runs["hp.beta2"] == beta2].sort_values(["hp.lr", "hp.beta1"])
        assert panel.loss.ravel().tolist() == rows["final_loss"].tolist()
        assert panel.spacings == ("linear", "log")


@pytest.mark.parametrize(("name", "share"), [("weight_decay", 1.0), ("l2", 0.0)])
def test_the_boundary_with_weight_decay_around_the_rule(lab, name, share):
    """lr < 2 (1 + beta) / (L + d (1 + beta)) where it is decoupled, lr < 2 (1 + beta) / (L + d) where it is coupled."""
    decay, L = 5.0, 18.0
    table = {"name": "momentum", "transforms": [{"name": name, "decay": decay}]}
    panel = optlab.stability(
        "booth", table, x="lr=0.02:0.3", y="beta=0:0.8", resolution=40, steps=600, plots=False
    ).maps[0]
    limit = 2 * (1 + panel.y) / (L + decay * (1 + panel.y * share))
    exact = np.interp(limit, panel.x, np.arange(40))
    assert (np.abs(np.searchsorted(panel.x, measured_limit(panel)) + 0.5 - exact) <= 1).all()
    fine = 2 * (1 + panel.theory.y) / (L + decay * (1 + panel.theory.y * share))
    assert ((panel.theory.radius < 1) == (panel.theory.x < fine[:, None])).mean() > 0.999
    assert (panel.theory.formula, panel.theory.fastest) == ("", None)
    assert panel.title == f"momentum, {name}  {name}.decay=5"


@pytest.mark.parametrize("name", ["lookahead", "average", "clip_norm", "gradient_noise"])
def test_theory_does_not_cover_nonlinear_or_changing_transforms(lab, name):
    table = {"name": "momentum", "transforms": [name]}
    panel = optlab.stability("booth", table, x="lr=0.02:0.3", y="beta=0:0.8", resolution=3, steps=5, plots=False).maps[
        0
    ]
    assert panel.theory is None


def test_theory_does_not_cover_schedules(lab):
    panel = optlab.stability(
        "sphere", "momentum schedule=cosine", x="lr=0.1:2", y="beta=0:0.5", resolution=3, steps=5, plots=False
    ).maps[0]
    assert panel.theory is None


def test_maps_of_stability_are_reused_and_redrawn(lab, computed):
    def of(**more):
        return optlab.stability("sphere", "momentum", x="lr=0.1:2", y="beta=0:0.5", resolution=5, steps=30, **more)

    first = of()
    assert [path.name for path in first.plots] == ["stability_sphere.png"]
    assert (of().maps[0].loss == first.maps[0].loss).all()
    assert [path.name for path in pipeline.replot(first.results.folder, format="pdf")] == ["stability_sphere.pdf"]
    assert len(computed) == 1
    of(color="steps")
    assert len(computed) == 2


MISTAKES = [
    ("momentum", "lr", {}, "x: 'lr' is not NAME=LOW:HIGH, like lr=0.01:1"),
    ("momentum", "lr=1", {}, "x: '1' is no range LOW:HIGH, like 0.1:0.2"),
    (
        "momentum",
        "lr=0:1",
        {"log": "x"},
        "optimizer 1, lr.log: log must have both bounds above 0 and at most 1e300, not [0.0, 1.0]",
    ),
    ("momentum", "lr=0:1", {"log": "z"}, "log: 'z' is not x, y or xy"),
    ("momentum lr=0.3", "lr=0:1", {}, "'lr' is along a side of the map; leave lr=0.3 out"),
    (["gd", {"name": "momentum", "beta": [0.1, 0.2]}], "lr=0:1", {}, "'beta' is along a side of the map; leave beta"),
    (
        "momentum",
        "lr=0:1",
        {"target": 1.0},
        'stability.target: a target is only used to count steps; write color = "steps", or leave target out',
    ),
    (
        "momentum",
        "lr=0:1",
        {"target": -1, "color": "steps"},
        "stability.target: no run can reach a target of -1: the minimum of sphere is 0",
    ),
    ("momentum", "lr=0:1", {"name": ""}, "name: name must be a plain folder name"),
    ("momentum", "l=0:1", {}, "optimizer 1, l: momentum has no option 'l' (did you mean 'lr'?)"),
    ("momentum", "beta=0:1", {}, "stability.y: x and y are both 'beta'; a map needs two different hyperparameters"),
    ("gd", "lr=0:1", {}, "optimizer 1, beta: gd has no option 'beta'; it has lr"),
    (
        "momentum",
        "lr=0:1",
        {"color": "step"},
        'stability.color: color must be "final_loss" or "steps", not the text \'step\'',
    ),
]


@pytest.mark.parametrize(("optimizers", "x", "more", "message"), MISTAKES)
def test_mistakes_of_stability(lab, optimizers, x, more, message):
    with pytest.raises(UserError) as info:
        optlab.stability("sphere", optimizers, x=x, y="beta=0:0.9", **more)
    assert str(info.value).removeprefix("<experiment>: ").startswith(message)
    assert str(info.value).count("\n") == 0
    assert not (lab / "results").exists()


@pytest.mark.parametrize("ends", ["0:1.5", "-0.5:0.5"])
def test_a_range_out_of_bounds_is_reported_with_its_end(lab, ends):
    with pytest.raises(SpecError) as info:
        optlab.stability("sphere", "momentum", x="lr=0:1", y=f"beta={ends}")
    wrong = ends.split(":")[ends.startswith("0")]
    assert str(info.value).endswith(f"momentum: 'beta' must lie in [0, 1), not {wrong}")


def test_a_target_below_the_declared_minimum_is_allowed_if_options_move_it(lab):
    """With a = 1.2 the minimum of Rosenbrock's function is not at the declared point, so it is unknown."""

    def of(problem):
        optlab.stability(
            problem, "momentum", x="lr=0.0001:0.001", y="beta=0:0.9", resolution=2, steps=3, color="steps",
            target=-1e-9, plots=False,
        )  # fmt: skip

    of("rosenbrock a=1.2")
    with pytest.raises(SpecError, match="no run can reach a target of -1e-09: the minimum of rosenbrock is 0"):
        of("rosenbrock")


@pytest.mark.parametrize("backend", ["native", "replay"])
def test_the_back_end_of_a_map(lab, backend):
    maps = (
        optlab.basins("wells", "gd", resolution=2, steps=3, plots=False, backend=backend),
        optlab.stability(
            "wells", "momentum", x="lr=0:1", y="beta=0:0.9", resolution=2, steps=3, plots=False, backend=backend
        ),
    )
    assert [sweep["backend"] for found in maps for sweep in found.results.manifest["sweeps"]] == [backend] * 2


def test_color_steps_needs_a_target_if_none_can_be_derived(lab):
    with pytest.raises(
        SpecError, match=r"wells has no known minimum and start to derive a target from; write target ="
    ):
        optlab.stability("wells", "momentum", x="lr=0:1", y="beta=0:0.9", color="steps")


def test_many_panels_are_split_into_pictures(lab):
    table = {"name": "momentum", "lr": 0.01, "beta": [i / 10 for i in range(8)]}
    job = pipeline.prepare(api_maps.basins_document({"name": "wells"}, table, 3, 20), lab / "results")
    told = []
    names = [path.name for path in pipeline.draw(pipeline.carry_out(job).results, progress=told.append)]
    assert names == ["basins_wells.png", "basins_wells-2.png"]
    drawn = list(optlab.load(lab / "results" / "wells_basins").figures().values())
    assert [sheet.texts[0].get_text() for sheet in drawn] == ["wells: basins (1 of 2)", "wells: basins (2 of 2)"]
    assert [sum(bool(axes.get_title("left")) for axes in sheet.axes) for sheet in drawn] == [4, 4]
    assert sum(told) == pictures.count(job.plan) == 2
    problem = {"name": "ellipsoid", "condition": [1.0, 10.0]}
    sides = api_maps.axis("x", "lr=0.1:1", log=False), api_maps.axis("y", "beta=0:0.9", log=False)
    document = api_maps.stability_document(problem, "momentum", *sides, resolution=3, steps=5)
    assert pictures.count(pipeline.prepare(document).plan) == 2


def test_starts_and_identity_of_a_grid(planned):
    """A pixel per seed, row by row from below; another view or resolution is another experiment."""

    def of(**view):
        return planned({"basins": view, "problem": [{"name": "sphere"}], "optimizer": [{"name": "gd"}]})

    (sweep,) = of(resolution=4).sweeps
    points = starts(sweep.case, 0, sweep.seed)
    assert points[:, 0].tolist() == [-3.75, -3.75]
    assert points[:, 1].tolist() == [-1.25, -3.75]
    assert points[:, 4].tolist() == [-3.75, -1.25]
    assert (starts(sweep.case, 0, sweep.block(slice(5, 9)).seed) == points[:, 5:9]).all()
    ids = {of(resolution=4).id, of(resolution=5).id, of(resolution=4, x=[-1.0, 1.0]).id}
    assert len(ids) == 3


def test_a_map_has_no_history_by_default(planned):
    table = {"basins": {"resolution": 4}, "problem": [{"name": "sphere"}], "optimizer": [{"name": "gd"}]}
    assert len(planned(table).sweeps[0].recording.steps) == 0
    assert len(planned(table | {"record": {"points": 3}}).sweeps[0].recording.steps) == 3
    assert planned(table).sweeps[0].recording.final_x


def test_a_back_end_that_rounds_the_last_loss_differently(lab, monkeypatch):
    """A run at a minimum reached it at its last step, even if no earlier loss was quite as low."""
    run = runner.Runner.__call__

    def rounding(self, sweep, progress):
        done = run(self, sweep, progress)
        return done if done.reached is None else replace(done, reached=np.full(len(sweep), -1))

    monkeypatch.setattr(runner.Runner, "__call__", rounding)
    found = optlab.basins("wells", "gd lr=0.02", resolution=4, steps=900)
    assert (found.maps[0].minimum >= 0).all()
    assert (found.maps[0].reached == 900).all()


@pytest.mark.parametrize(("name", "pixels"), [("himmelblau_basins", 3 * 512**2), ("momentum_stability", 256**2)])
def test_the_experiments_of_the_repository(name, pixels):
    job = pipeline.prepare(Path(__file__).parents[2] / "experiments" / f"{name}.toml")
    assert (job.plan.name, job.plan.runs) == (name, pixels)
