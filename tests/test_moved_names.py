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


PAIRS = [pair[::turn] for pair in NAMES.items() for turn in (1, -1)]
IN_FORKS = f"""
import gc, importlib, os
import matplotlib.pyplot, pandas, torch  # they take most of the time, and are no part of optlab

gc.freeze()  # so that forks do not look through them
for names in {PAIRS}:
    if os.fork() == 0:
        first, second = map(importlib.import_module, names)
        same = first is second, importlib.reload(first) is second
        print(*names, *same, first.__name__, first.__spec__.name, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def imported():
    """What was imported for each pair of names, in a process of its own that has imported nothing of optlab before."""
    done = subprocess.run([sys.executable, "-c", IN_FORKS], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    return {(first, second): rest for first, second, *rest in rows}


@pytest.mark.parametrize("names", PAIRS, ids=" ".join)
def test_both_names_are_one_module(imported, names):
    """Whichever is imported first. A second copy of the module would have different classes."""
    now = NAMES.get(names[0], names[0])
    assert imported[names] == ["True", "True", now, now]


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
