"""What a worker does before it executes a block: it compares versions, and finds or copies the files of plugins."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from optlab.execution import fingerprint, runner
from optlab.execution.executors.travel import Drop, Head, drops_of, read, written
from optlab.execution.executors.worker import OtherVersions, compute
from optlab.plugins import registry
from tests.execution.executors.sweeps import bits

RULE = '''
from _factor import FACTOR
from optlab import optimizer

@optimizer
def slower(x, g, *, lr=0.1):
    """Gradient descent with a part of the rate."""
    return x - FACTOR * lr * g
'''


def test_other_versions_are_refused_and_named(sweeps, built_in):
    versions = fingerprint.versions() | {"numpy": "0.1", "llvmlite": ""}
    with pytest.raises(OtherVersions) as refusal:
        compute(Head((), versions, written(sweeps[0], built_in)), 0, 1)
    own = fingerprint.versions()
    assert str(refusal.value) == (
        "a worker has other versions, so its results could differ: "
        f"numpy {own['numpy']} instead of 0.1; llvmlite {own['llvmlite']} instead of none"
    )


def test_plugins_travel_as_names(sweeps, built_in):
    data = written(sweeps[0], built_in)
    again = read(data, built_in)
    assert again.rule.optimizer is built_in.optimizers["adam"]
    assert again.case.problem is built_in.problems["rosenbrock"]
    assert b"beta1 * m" not in data
    for key, column in sweeps[0].numbers.items():
        np.testing.assert_array_equal(again.numbers[key], column)


@pytest.mark.parametrize("there", ["the same", "nothing", "another text"])
def test_drop_in_files_are_found_or_copied(tmp_path, planned, there):
    """On a machine without the folder, or with other files in it, the worker uses a copy, with the helper modules."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "slower.py").write_text(RULE)
    (folder / "_factor.py").write_text("FACTOR = 0.25\n")
    known = registry.load([folder])
    (sweep,) = planned(
        {"problem": [{"name": "sphere"}], "optimizer": [{"name": "slower"}]}, known.optimizers["slower"]
    ).sweeps
    head = Head(drops_of(known), fingerprint.versions(), written(sweep, known))
    if there == "nothing":
        shutil.rmtree(folder)
    elif there == "another text":
        (folder / "_factor.py").write_text("FACTOR = 0.5\n")
    assert bits(compute(head, 0, 1).trajectories) == bits(runner.run(sweep))


def test_the_hash_of_a_folder_depends_on_every_file(tmp_path):
    (tmp_path / "a.py").write_text("a")
    first = Drop.of(tmp_path)
    assert Drop.of(tmp_path) == first
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.py").write_text("b")
    second = Drop.of(tmp_path)
    (tmp_path / "sub" / "b.py").write_text("c")
    assert len({first.digest, second.digest, Drop.of(tmp_path).digest}) == 3
