"""Maps from end to end: every pixel against a plain loop, what is kept, and what is done again."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import atlas, pipeline, runner
from optlab.errors import ResultsError, SpecError, UserError

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


@pytest.fixture
def computed(monkeypatch):
    """The sweeps that were computed."""
    run, sweeps = runner.run, []

    def counting(sweep, progress):
        sweeps.append(sweep)
        return run(sweep, progress)

    monkeypatch.setattr(runner, "run", counting)
    return sweeps


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


def test_gradient_descent_goes_to_the_well_on_its_side(lab):
    """f = (x0^2 - 1)^2 + x1^2 is separable: a small step never crosses x0 = 0. Its minima are known to nobody."""
    found = optlab.basins("wells", "gd lr=0.02", resolution=8, steps=1000, plots=False).maps[0]
    assert found.minima == pytest.approx(np.array([[-1.0, 0.0], [1.0, 0.0]]), abs=1e-12)
    assert (found.minimum == np.broadcast_to(found.x > 0, (8, 8))).all()
    assert found.shares.tolist() == [0.5, 0.5]
    assert (found.reached == found.reached[:, ::-1]).all()
    assert (found.reached == found.reached[::-1, :]).all()
    assert found.reached.min() > 0


def test_a_run_that_has_not_arrived_or_diverged_is_at_no_minimum(lab):
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


def test_the_columns_that_are_kept(lab):
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


def test_finished_maps_are_found_again_and_drawn_again_without_a_run(lab, computed):
    first = optlab.basins("wells", "gd lr=0.02", resolution=6)
    assert len(computed) == 2  # the second pass counts the steps
    again = optlab.basins("wells", "gd lr=0.02", resolution=6)
    assert (again.maps[0].reached == first.maps[0].reached).all()
    assert [path.name for path in pipeline.replot(first.results.folder, format="svg")] == ["basins_wells.svg"]
    assert len(computed) == 2
    optlab.basins("wells", "gd lr=0.02", resolution=7)
    assert len(computed) == 4


def test_a_damaged_map_is_noticed(lab):
    folder = optlab.basins("wells", "gd lr=0.02", resolution=3, plots=False).results.folder
    with (folder / "runs.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ResultsError, match=r"runs\.parquet: is damaged"):
        pipeline.replot(folder)


def test_an_optimizer_that_raises_leaves_the_others_their_map(lab):
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
    from_file = pipeline.maps(optlab.run("e.toml", plots=False))
    assert (from_file[0].reached == optlab.basins("wells", "gd lr=0.02", resolution=6).maps[0].reached).all()


@pytest.mark.parametrize(
    ("problem", "optimizers", "more", "message"),
    [
        ("rosenbrock dim=3", "gd", {}, "basins are maps of two parameters, and rosenbrock has 3 here; write dim = 2"),
        ("mlp dataset=xor", "gd", {}, "basins are maps of two parameters, and mlp has 162 here"),
        ("endless", "gd", {}, "endless has no domain to lay the pixels over; write x = [lo, hi] and y = [lo, hi]"),
        ("endless", "gd", {"x": (-1.0, 1.0)}, "endless has no domain to lay the pixels over; write y = [lo, hi]"),
        ("wells start=random", "gd", {}, "in a map of basins every pixel is a start; leave start out"),
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


# ---- what is written in one line -------------------------------------------------------------------------------------


def test_a_table_in_one_line():
    assert atlas.table("adam") == {"name": "adam"}
    assert atlas.table("adam lr=0.1 schedule=cosine label='my adam' beta1=[0.8,0.9]") == {
        "name": "adam",
        "lr": 0.1,
        "schedule": "cosine",
        "label": "my adam",
        "beta1": [0.8, 0.9],
    }
    assert atlas.table({"name": "gd", "lr": 1.0}) == {"name": "gd", "lr": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gd lr", "'lr' is no NAME=VALUE, like lr=0.01"),
        ("gd lr=", "'lr=' is no NAME=VALUE, like lr=0.01"),
        ("gd lr=1 lr=2", "'lr' is given twice; its last value is lr=2"),
        ("", "'' is no name with settings, like 'momentum lr=0.01 beta=0.9'"),
        ("gd label='x", "\"gd label='x\" is no name with settings, like 'momentum lr=0.01 beta=0.9'"),
    ],
)
def test_a_line_that_is_no_table(text, message):
    with pytest.raises(UserError) as info:
        atlas.table(text)
    assert str(info.value) == message


@pytest.mark.parametrize("text", ["1", "1:2:3", "a:b", ":", "nan:1"])
def test_a_range_that_is_none(text):
    with pytest.raises(UserError, match="is no range LOW:HIGH"):
        atlas.span("--x", text)
