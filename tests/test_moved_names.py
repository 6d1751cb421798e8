"""Modules under the names that plugin files, notebooks and pickles of earlier versions use."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys

import pytest

import optlab

NAMES = {
    "optlab.analysis": "optlab.results.analysis",
    "optlab.bridges.torch": "optlab.api.bridges.torch",
    "optlab.kinds": "optlab.experiments.kinds",
    "optlab.minimization": "optlab.api.minimize",
    "optlab.oneline": "optlab.plugins.shorthand",
    "optlab.optimizers.adam": "optlab.plugins.optimizers.adam",
    "optlab.plots.contour": "optlab.figures.contour",
    "optlab.problems.datasets.moons": "optlab.plugins.datasets.moons",
    "optlab.problems.functions.beale": "optlab.plugins.problems.functions.beale",
    "optlab.registry.loading": "optlab.plugins.registry.loading",
    "optlab.scaling": "optlab.plugins.scaling",
    "optlab.schedules.cosine": "optlab.plugins.schedules.cosine",
    "optlab.transforms.ema": "optlab.plugins.transforms.ema",
}


@pytest.mark.parametrize(("earlier", "now"), NAMES.items())
@pytest.mark.parametrize("first", [0, 1])
def test_both_names_are_one_module(earlier, now, first):
    """Whichever is imported first. A second copy of the module would have different classes."""
    names = [earlier, now]
    code = f"""
import importlib
first = importlib.import_module({names[first]!r})
second = importlib.import_module({names[1 - first]!r})
print(first is second, first.__name__, first.__spec__.name, importlib.reload(first) is second)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"True {now} {now} True\n", "")


def test_every_name_in_the_table_is_tested():
    tried = {name.removeprefix("optlab.") for name in NAMES}
    for name in optlab._MOVED:
        assert any(f"{one}.".startswith(f"{name}.") for one in tried), name


def test_a_pickle_of_an_earlier_version():
    made = optlab.minimize("sphere", "gd", steps=2)
    text = pickle.dumps(made, protocol=0).replace(b"coptlab.api.minimize\n", b"coptlab.minimization\n")
    assert b"optlab.api" not in text
    assert pickle.loads(text).loss == made.loss


def test_a_name_that_never_existed():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'optlab.optimizer'$"):
        importlib.import_module("optlab.optimizer")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'optlab.plugins.optimizers.adamm'$"):
        importlib.import_module("optlab.optimizers.adamm")
