"""The differences between an experiment and the one whose results it replaces."""

from __future__ import annotations

import json

import pytest

import optlab
from optlab.api import pipeline
from optlab.results import manifest as manifests
from optlab.results import store
from optlab.results.store.manifest import sealed

TEXT = """\
name = "e"
steps = 5
[[problem]]
name = "sphere"
[[optimizer]]
name = "mine"
lr = 0.1
[[optimizer]]
name = "gd"
lr = [0.1, 0.2]
"""
MINE = """\
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.1):
    "Mine."
    return x - lr * g
"""


@pytest.fixture
def carried_out(tmp_path, monkeypatch):
    """The outcome of an experiment with a plugin."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()

    def carry_out(text=TEXT, plugin=MINE, backend=None):
        (tmp_path / "plugins" / "mine.py").write_text(plugin)
        (tmp_path / "e.toml").write_text(text)
        return pipeline.carry_out(pipeline.prepare("e.toml", backend=backend))

    return carry_out


def test_results_of_a_first_run_and_of_the_same_one_replace_nothing(carried_out):
    assert carried_out().replaced is None
    again = carried_out(TEXT + "# a comment\n")
    assert (again.reused, again.replaced) == (True, None)
    table = next((again.results.folder / "history").iterdir())
    table.write_bytes(b"damaged")
    mended = carried_out()
    assert (mended.reused, mended.replaced) == (False, None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": TEXT.replace("steps = 5", "steps = 6")}, ["steps (5 -> 6)"]),
        ({"text": TEXT.replace("0.2", "0.3")}, ["gd.lr ([0.1, 0.2] -> [0.1, 0.3])"]),
        ({"text": TEXT.replace("0.2]", "0.2]\n[record]\npoints = 2\n")}, ["record.points (6 -> 2)"]),
        (
            {"text": TEXT.replace('"sphere"', '"beale"').replace("steps = 5", "steps = 6")},
            ["steps (5 -> 6)", "problem (sphere -> beale)"],
        ),
        ({"plugin": MINE.replace("- lr", "- 2 * lr")}, ["the source of optimizer mine"]),
        ({"backend": "replay"}, ["backend (auto -> replay)"]),
        (
            {"text": TEXT.replace("0.2", "0.3"), "plugin": MINE.replace("- lr", "- 2 * lr"), "backend": "replay"},
            ["backend (auto -> replay)", "gd.lr ([0.1, 0.2] -> [0.1, 0.3])", "the source of optimizer mine"],
        ),
        (
            {"text": TEXT + '[[optimizer]]\nname = "scipy:BFGS"\n'},  # its version is not listed as another difference
            ["optimizer (none -> scipy:BFGS)"],
        ),
        ({"text": "seed = 0\ndescription = 'new'\n" + TEXT, "backend": "replay"}, ["backend (auto -> replay)"]),
    ],
)
def test_the_named_differences(carried_out, change, told):
    carried_out()
    done = carried_out(**change)
    assert (done.reused, done.replaced) == (False, told)


def test_a_manifest_without_the_planned_entries(carried_out):
    """One of an earlier version: the documents are compared, then the rest."""
    path = carried_out().results.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["planned"]
    path.write_text(sealed(manifest))
    assert carried_out(TEXT.replace("steps = 5", "steps = 6")).replaced == ["steps (5 -> 6)"]
    path.write_text(sealed({k: v for k, v in json.loads(path.read_text()).items() if k != "planned"}))
    assert carried_out(TEXT.replace("steps = 5", "steps = 6"), MINE + "# new").replaced == [
        "the source of optimizer mine"
    ]


def test_a_dataset_with_two_splits_has_one_hash(planned):
    def hash_of(*shares):
        nets = [{"name": "mlp", "dataset": "xor", "test_fraction": share} for share in shares]
        return manifests.hashes(planned({"problem": nets, "optimizer": [{"name": "gd"}]}))["dataset xor"]

    assert len({hash_of(0.2, 0.4), hash_of(0.3, 0.4), hash_of(0.2, 0.3), hash_of(0.4)}) == 4
    assert hash_of(0.2, 0.4) == hash_of(0.4, 0.2)


def test_another_version_of_optlab(carried_out, monkeypatch):
    earlier = carried_out()
    monkeypatch.setattr(optlab, "__version__", "99.0")
    done = carried_out()
    assert done.replaced == [f"optlab ({earlier.results.manifest['versions']['optlab']} -> 99.0)"]


def test_tables_of_one_name_are_compared_in_their_order():
    before = {"optimizer": [{"name": "gd", "lr": 1}, {"name": "gd", "lr": 2}]}
    after = {"optimizer": [{"name": "gd", "lr": 1}, {"name": "gd", "lr": 3}]}
    assert list(manifests.changes(before, after)) == ["gd.lr (2 -> 3)"]
    long = list(manifests.changes({"lr": [*range(100)]}, {"lr": {"log": [1, 2]}}))
    assert len(long[0]) < 120


def test_an_unreadable_manifest_does_not_count_as_another_experiment(carried_out):
    (carried_out().results.folder / store.SPEC).write_bytes(b"\xff")
    assert carried_out(TEXT.replace("steps = 5", "steps = 6")).replaced is None
