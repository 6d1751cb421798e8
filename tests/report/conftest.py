"""The results of a small experiment with labels that look like markup, and its report."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import optlab
import optlab.report
from tests.report.pages import CHROMIUM, SOFTWARE

HOSTILE = ("</script><script>alert(1)</script>", "<!-- \"'&amp;", "梯度下降 <b>")


@pytest.fixture(scope="package")
def small(tmp_path_factory):
    """Three optimizers with a grid of learning rates on a surface and in five dimensions; one of them diverges."""
    experiment = {
        "name": "small",
        "steps": 40,
        "seeds": 3,
        "record": {"points": 41},
        "problem": [{"name": "rosenbrock", "start": "random"}, {"name": "sphere", "dim": 5, "start": "random"}],
        "optimizer": [
            {"name": "adam", "label": HOSTILE[0], "lr": [0.01, 0.1]},
            {"name": "gd", "label": HOSTILE[1], "lr": [1e-4, 1e-3]},
            {"name": "momentum", "label": HOSTILE[2], "lr": [10.0]},
        ],
    }
    return optlab.run(experiment, tmp_path_factory.mktemp("report"), plots=False)


@pytest.fixture(scope="module")  # an open browser has an event loop, so that other tests of the process cannot have one
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def node_page(tmp_path_factory):
    """A function of the name of a script, which is beside the tests and run in a folder with the page's modules. It
    returns a function that passes data to the script, and returns what the script prints."""

    def prepared(script):
        folder = tmp_path_factory.mktemp("web")
        shutil.copytree(Path(optlab.report.__file__).parent / "web", folder, dirs_exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"type": "module"}))
        shutil.copy(Path(__file__).parent / script, folder)

        def run(data):
            text = json.dumps(data, allow_nan=False)
            done = subprocess.run(["node", script], cwd=folder, input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        return run

    return prepared


@pytest.fixture(scope="package")
def moons(tmp_path_factory):
    """Two optimizers on a small network, with recorded parameters."""
    experiment = {
        "name": "moons",
        "steps": 30,
        "seeds": 2,
        "record": {"points": 31, "trajectories": True},
        "problem": [{"name": "mlp", "dataset": "moons", "hidden": [3]}],
        "optimizer": [{"name": "adam", "lr": 0.1}, {"name": "gd", "lr": 0.5}],
    }
    return optlab.run(experiment, tmp_path_factory.mktemp("moons"), plots=False)


@pytest.fixture(scope="package")
def basin_map(tmp_path_factory):
    """A map of basins with two optimizers, one of them with two learning rates."""
    rules = [{"name": "gd", "lr": 0.01}, {"name": "momentum", "lr": [0.005, 0.01]}]
    return optlab.basins("himmelblau", rules, resolution=25, steps=200, out=tmp_path_factory.mktemp("map"), plots=False)


@pytest.fixture(scope="package")
def stability_map(tmp_path_factory):
    """A map of stability on a quadratic problem."""
    return optlab.stability(
        "ellipsoid condition=100", "momentum", x="lr=0.001:0.1", y="beta=0:0.99", log="x", resolution=20, steps=200,
        out=tmp_path_factory.mktemp("map"), plots=False,
    )  # fmt: skip
