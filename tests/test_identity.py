"""Hashes of all that bears on results."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from optlab import identity


def test_arrays_count_to_the_bit():
    x = np.array([0.1, 0.2])
    assert identity.digest([x]) == identity.digest([x.copy()])
    assert identity.digest([x]) != identity.digest([np.nextafter(x, 1)])
    assert identity.digest([x[::-1]]) == identity.digest([np.array([0.2, 0.1])])


def test_the_order_of_a_dictionary_does_not_count():
    assert identity.digest([{"a": 1, "b": 2}]) == identity.digest([{"b": 2, "a": 1}])
    assert identity.digest(["a", "b"]) != identity.digest(["ab"])


def test_a_hash_is_the_same_in_another_process():
    code = "from optlab import identity; print(identity.digest([1, 'a', {'b': [2.5]}]))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == identity.digest([1, "a", {"b": [2.5]}])


def test_a_plugin_is_its_file(built_in, tmp_path):
    from optlab.registry import import_file

    text = "from optlab import optimizer\n\n@optimizer\ndef rule(x, g, *, lr=0.1):\n    return x - lr * g\n"
    hashes = []
    for content in (text, text.replace("x - lr", "x + lr"), text):
        (tmp_path / "rule.py").write_text(content)
        hashes.append(identity.of_plugin(import_file(tmp_path / "rule.py").rule))
    assert hashes[0] == hashes[2] != hashes[1]
    assert identity.of_plugin(built_in.optimizer("adam")) != identity.of_plugin(built_in.optimizer("gd"))


def test_a_plugin_is_what_it_imports_from_its_folder_too(tmp_path, monkeypatch):
    from optlab.registry import import_file

    files = {
        "rule.py": "import numpy\nfrom its.rates import RATE\nfrom optlab import optimizer\n\n"
        "@optimizer\ndef rule(x, g):\n    return x - RATE * g\n",
        "its/__init__.py": "",
        "its/rates.py": "from .deep import DEEP\nRATE = DEEP\n",
        "its/deep.py": "DEEP = 0.1\n",
        "its/other.py": "",
    }
    (tmp_path / "its").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    rule = import_file(tmp_path / "rule.py").rule
    before = identity.of_plugin(rule)
    for name, counts in [("its/rates.py", True), ("its/deep.py", True), ("its/other.py", False)]:
        (tmp_path / name).write_text(files[name] + "\n# changed\n")
        assert (identity.of_plugin(rule) != before) == counts
        (tmp_path / name).write_text(files[name])
        assert identity.of_plugin(rule) == before
    (tmp_path / "rule.py").write_text("def rule(:\n")
    assert identity.of_plugin(rule) != before
    for name in [name for name in sys.modules if name.split(".")[0] == "its"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "change",
    [{"steps": 7}, {"root_seed": 1}, {"label": "other"}, {"seed": np.array([9])}, {"settings": {"k": 1}}],
    ids=lambda change: next(iter(change)),
)
def test_what_bears_on_a_sweep_changes_its_hash(planned, change):
    (sweep,) = planned({"problem": [{"name": "beale"}], "optimizer": [{"name": "gd", "lr": 0.1}]}).sweeps
    assert identity.of_sweep(dataclasses.replace(sweep, **change)) != identity.of_sweep(sweep) == sweep.id
