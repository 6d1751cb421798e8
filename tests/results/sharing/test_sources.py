"""The plugin files that results hold."""

from __future__ import annotations

import json

import numpy as np
import pytest

import optlab
from optlab.errors import DamagedResults
from optlab.plugins import registry
from optlab.results.sharing.sources import Sources

SPEED = "RATE = 0.1\n"
RULE = """\
from pathlib import Path

import numpy as np

from _speed import RATE
from optlab import dataset, optimizer

TABLE = np.load(Path(__file__).parent / "table.npy")

@optimizer
def mine(x, g, *, lr=RATE):
    "Mine."
    return x - lr * TABLE[0] * g
"""
DOCUMENT = {
    "name": "e",
    "steps": 5,
    "problem": [{"name": "beale"}],
    "optimizer": [{"name": "mine"}, {"name": "gd", "lr": 0.1}],
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "_speed.py").write_text(SPEED)
    (tmp_path / "plugins" / "mine.py").write_text(RULE)
    (tmp_path / "plugins" / "unused.py").write_text(RULE.replace("mine", "unused"))
    np.save(tmp_path / "plugins" / "table.npy", np.array([0.5]))
    return tmp_path


def stored(results):
    return Sources.read((results.folder / "sources.json").read_text(), "sources.json")


def test_results_hold_the_files_that_used_plugins_depend_on_and_no_others(lab):
    results = optlab.run(DOCUMENT, plots=False)
    found = stored(results)
    names = ["plugins/_speed.py", "plugins/mine.py", "plugins/table.npy"]
    assert {name: (lab / name).read_bytes() for name in names} == found.files
    assert (found.folders, found.absent) == (("plugins",), {})
    assert "sources.json" in results.manifest["files"]


def test_written_elsewhere_they_are_the_same_plugins(lab, tmp_path_factory):
    from optlab.execution import fingerprint

    results = optlab.run(DOCUMENT, plots=False)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    known = registry.load(stored(results).write(elsewhere))
    assert known.failures == ()
    assert fingerprint.of_plugin(known.optimizer("mine")) == results.manifest["hashes"]["optimizer mine"]


def test_a_folder_elsewhere_has_no_absolute_path(lab, tmp_path_factory, monkeypatch):
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    results = optlab.run(DOCUMENT, plots=False, plugins=lab / "plugins")
    assert stored(results).folders == ("plugins",)
    assert sorted(stored(results).files) == ["plugins/_speed.py", "plugins/mine.py", "plugins/table.npy"]
    assert str(lab) not in (results.folder / "sources.json").read_text()


def test_experiments_with_built_in_plugins_have_none(lab):
    results = optlab.run({**DOCUMENT, "optimizer": [{"name": "gd", "lr": 0.1}]}, plots=False)
    assert not (results.folder / "sources.json").exists()


def test_an_object_is_named_as_absent(lab):
    @optlab.optimizer
    def object_of_a_test(x, g, *, lr=0.1):
        "A rule in a script."
        return x - lr * g

    results = optlab.run({**DOCUMENT, "optimizer": [{"name": object_of_a_test}]}, plots=False)
    assert stored(results).absent == {
        "optimizer object_of_a_test": "was given as an object of Python; run its script again"
    }


@pytest.mark.parametrize("name", ["../a.py", "/a.py", "plugins/../../a.py", "C:\\a.py", "plugins//a.py", "a\0.py"])
def test_names_that_lead_outside_are_refused(name):
    text = json.dumps({"folders": ["plugins"], "files": {name: ""}, "base64": {}, "absent": {}})
    with pytest.raises(DamagedResults, match="leads outside of the folder of the sources"):
        Sources.read(text, "sources.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"folders": 1, "files": {}, "base64": {}, "absent": {}}',
                                  '{"folders": [], "files": {}, "base64": {"a": "?"}, "absent": {}}'])  # fmt: skip
def test_a_damaged_text(text):
    with pytest.raises(DamagedResults, match=r"sources\.json: is damaged"):
        Sources.read(text, "sources.json")
