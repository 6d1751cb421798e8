"""Hashes of everything that results depend on."""

import dataclasses
import importlib
import subprocess
import sys

import numpy as np
import pytest

from optlab.execution import fingerprint
from optlab.execution.records import DomainDraw, FixedPoint, PixelGrid, ProblemDraw


def test_arrays_are_hashed_to_the_bit():
    x = np.array([0.1, 0.2])
    assert fingerprint.digest([x]) == fingerprint.digest([x.copy()])
    assert fingerprint.digest([x]) != fingerprint.digest([np.nextafter(x, 1)])
    assert fingerprint.digest([x[::-1]]) == fingerprint.digest([np.array([0.2, 0.1])])


def test_the_order_of_a_dictionary_has_no_effect():
    assert fingerprint.digest([{"a": 1, "b": 2}]) == fingerprint.digest([{"b": 2, "a": 1}])
    assert fingerprint.digest(["a", "b"]) != fingerprint.digest(["ab"])


def test_a_hash_is_the_same_in_another_process():
    code = "from optlab.execution import fingerprint as identity; print(identity.digest([1, 'a', {'b': [2.5]}]))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == fingerprint.digest([1, "a", {"b": [2.5]}])


def test_the_hash_of_a_plugin_is_that_of_its_file(built_in, tmp_path):
    from optlab.plugins.registry import import_file

    text = "from optlab import optimizer\n\n@optimizer\ndef rule(x, g, *, lr=0.1):\n    return x - lr * g\n"
    hashes = []
    for content in (text, text.replace("x - lr", "x + lr"), text):
        (tmp_path / "rule.py").write_text(content)
        hashes.append(fingerprint.of_plugin(import_file(tmp_path / "rule.py").rule))
    assert hashes[0] == hashes[2] != hashes[1]
    assert fingerprint.of_plugin(built_in.optimizer("adam")) != fingerprint.of_plugin(built_in.optimizer("gd"))


def test_the_hash_of_a_plugin_depends_on_imports_from_its_folder(tmp_path, monkeypatch):
    from optlab.plugins.registry import import_file

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
    before = fingerprint.of_plugin(rule)
    for name, counts in [("its/rates.py", True), ("its/deep.py", True), ("its/other.py", False)]:
        (tmp_path / name).write_text(files[name] + "\n# changed\n")
        assert (fingerprint.of_plugin(rule) != before) == counts
        (tmp_path / name).write_text(files[name])
        assert fingerprint.of_plugin(rule) == before
    (tmp_path / "rule.py").write_text("def rule(:\n")
    assert fingerprint.of_plugin(rule) != before
    for name in [name for name in sys.modules if name.split(".")[0] == "its"]:
        del sys.modules[name]


def _rule(**changes):
    return lambda sweep: {"rule": dataclasses.replace(sweep.rule, **changes)}


def _case(**changes):
    return lambda sweep: {"case": dataclasses.replace(sweep.case, **changes)}


def _number(owner, name):
    return lambda sweep: {"numbers": {**sweep.numbers, (owner, name): np.array([0.25])}}


CHANGES = {
    "steps": lambda sweep: {"steps": 7},
    "root_seed": lambda sweep: {"root_seed": 1},
    "label": lambda sweep: {"label": "other"},
    "titles": lambda sweep: {"titles": ("other",)},
    "seed": lambda sweep: {"seed": np.array([9])},
    "run": lambda sweep: {"run": np.array([9])},
    "backend": lambda sweep: {"backend": "replay"},
    "target": lambda sweep: {"target": np.array([1.0])},
    "number of the optimizer": _number("hyperparameter", "lr"),
    "number of the problem": _number("option", "b"),
    "number of the schedule": _number("schedule", "end"),
    "number of a transform": _number("transform", "clip_norm.max_norm"),
    "choices of the optimizer": _rule(choices={"k": 1}),
    "choices of the schedule": _rule(schedule_choices={"k": 1}),
    "choices of a transform": _rule(transform_choices=({"k": 1},)),
    "schedule": _rule(schedule=None, schedule_choices={}),
    "transforms": _rule(transforms=(), transform_choices=()),
    "dim": _case(dim=3),
    "choices of the problem": _case(choices={"k": 1}),
    "precision": _case(precision="float32"),
    "another point": _case(start=FixedPoint(np.array([1.0, 2.5]))),
    "random starts": _case(start=DomainDraw()),
    "own starts": _case(start=ProblemDraw()),
    "a grid": _case(start=PixelGrid((0.0, 0.0), (1.0, 1.0), 2)),
    "another grid": _case(start=PixelGrid((0.0, 0.0), (1.0, 1.0), 3)),
}


def test_everything_that_affects_a_sweep_changes_its_hash(planned):
    optimizer = {"name": "gd", "lr": 0.1, "schedule": {"name": "cosine"}, "transforms": [{"name": "clip_norm"}]}
    (sweep,) = planned({"problem": [{"name": "rosenbrock"}], "optimizer": [optimizer]}).sweeps
    hashes = {
        what: fingerprint.of_sweep(dataclasses.replace(sweep, **change(sweep))) for what, change in CHANGES.items()
    }
    assert fingerprint.of_sweep(sweep) == sweep.id
    assert len({sweep.id, *hashes.values()}) == 1 + len(CHANGES), hashes


RULE = """\
{first}
from optlab import optimizer


@optimizer{declared}
def rule(x, g):
    "Its rate comes from elsewhere."
    {inside}
    return x - float(RATE) * g
"""
READS = """\
import csv, pathlib
import numpy as np
with open(pathlib.Path(__file__).parent / "rate.txt") as file:
    RATE = file.read()
"""
READS_INSIDE = "RATE = pathlib.Path(__file__[:-7] + 'rate.txt').read_text()"
BY_PATH = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("rates", {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
RATE = module.RATE
"""


def forms(elsewhere):
    """Ways in which a plugin gets its rate: the module code, what it declares, the function body; and the file."""
    by_name = "import importlib\nRATE = importlib.import_module({}).RATE"
    return {
        "open": (READS, "", "pass", "rate.txt"),
        "np.loadtxt": ("import numpy as np\nRATE = np.loadtxt(__file__[:-7] + 'rate.txt')", "", "pass", "rate.txt"),
        "declared": (
            "import pathlib",
            '(files=["rate.txt"])',
            "RATE = pathlib.Path(__file__[:-7] + 'rate.txt').read_text()",
            "rate.txt",
        ),
        "import": ("from rates_elsewhere import RATE", "", "pass", elsewhere),
        "import inside": ("import rates_elsewhere", "", "from rates_elsewhere import RATE", elsewhere),
        "import_module": (by_name.format("'rates_elsewhere'"), "", "pass", elsewhere),
        "computed name": (by_name.format("'rates_' + 'elsewhere'"), "", "pass", elsewhere),
        "by path": (BY_PATH.format(path=str(elsewhere)), "", "pass", elsewhere),
        "run_path": (f"import runpy\nRATE = runpy.run_path({str(elsewhere)!r})['RATE']", "", "pass", elsewhere),
        "exec": (f"import pathlib\nexec(pathlib.Path({str(elsewhere)!r}).read_text())", "", "pass", elsewhere),
        "one after the other": ("from _beside import RATE", "", "pass", elsewhere),
    }


@pytest.mark.parametrize("form", forms("x"))
def test_the_hash_of_a_plugin_includes_all_files_that_it_reads_or_imports(form, tmp_path, monkeypatch):
    """In the same process as in another one: a changed file changes the hash, and the rule uses the new file."""
    from optlab.plugins.registry import import_file

    elsewhere = tmp_path / "elsewhere" / "rates_elsewhere.py"
    first, declared, inside, changes = forms(elsewhere)[form]
    for folder in ("plugins", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    (tmp_path / "plugins" / "_beside.py").write_text("from rates_elsewhere import RATE\n")
    path = tmp_path / "plugins" / "rule.py"
    path.write_text(RULE.format(first=first, declared=declared, inside=inside))
    changing = tmp_path / "plugins" / changes
    seen = []
    for rate in ("0.25", "0.5", "0.25"):
        changing.write_text(rate if changing.suffix == ".txt" else f"RATE = {rate}\n# {len(rate)}\n")
        rule = import_file(path).rule
        seen.append((fingerprint.of_plugin(rule), 1.0 - rule(1.0, 1.0)))
    (one, a), (other, b), (again, c) = seen
    assert (a, b, c) == (0.25, 0.5, 0.25)
    assert one == again != other
    assert "rates_elsewhere" not in sys.modules


def test_files_written_by_a_plugin_or_read_by_packages_have_no_effect(tmp_path):
    from optlab.plugins.registry import import_file

    path = tmp_path / "rule.py"
    log = f"with open({str(tmp_path / 'log')!r}, 'a') as file:\n    file.write('loaded')\nRATE = 1"
    path.write_text(RULE.format(first=f"import json, xml.dom.minidom\n{log}", declared="", inside="pass"))
    rules = [import_file(path).rule for _ in range(2)]
    assert [fingerprint.of_plugin(rule) for rule in rules] == [fingerprint.of_plugin(rules[0])] * 2
    assert rules[0].function.__globals__["__optlab_reads__"] == ()


def test_packages_in_an_environment_below_the_folder_of_a_script_are_not_read(tmp_path, monkeypatch):
    """A script is often next to its .venv, whose packages have hundreds of files. These are not its own modules."""
    installed = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (installed / "fakepackage").mkdir(parents=True)
    (installed / "fakepackage" / "__init__.py").write_text("import fakepackage.part\n")
    (installed / "fakepackage" / "part.py").write_text("")
    (tmp_path / "own_module.py").write_text("import fakepackage\n")
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("own_module")
    script = tmp_path / "script.py"
    modules, packages = fingerprint._imported(script, "import own_module, optlab, numpy\n")
    assert modules == {script, (tmp_path / "own_module.py").resolve()}
    assert packages == {"fakepackage"}


def test_the_version_of_a_package_that_a_plugin_imports_changes_its_hash(tmp_path, monkeypatch):
    from optlab.plugins.registry import import_file

    path = tmp_path / "rule.py"
    path.write_text(RULE.format(first="import pandas\nRATE = 1", declared="", inside="import scipy"))
    rule = import_file(path).rule
    version, hashes = fingerprint._version, [fingerprint.of_plugin(rule)]
    for package in ("pandas", "scipy"):
        monkeypatch.setattr(fingerprint, "_version", lambda name, p=package: "99.0" if name == p else version(name))
        hashes.append(fingerprint.of_plugin(rule))
    assert len(set(hashes)) == 3


@pytest.mark.parametrize("kind", ["optimizer", "problem", "schedule", "transform", "dataset"])
def test_missing_declared_files_are_reported_with_their_place(tmp_path, kind):
    from optlab.errors import PluginError
    from optlab.plugins.registry import import_file

    given = {"optimizer": "x, g", "problem": "x", "schedule": "t", "transform": "x, g", "dataset": ""}[kind]
    more = ", domain=(-1.0, 1.0)" if kind == "problem" else ""

    def load(files):
        (tmp_path / "p.py").write_text(
            f"from optlab import {kind}\n\n@{kind}(files={files}{more})\ndef a({given}):\n    ...\n"
        )
        return import_file(tmp_path / "p.py").a

    with pytest.raises(PluginError) as info:
        load('["table.csv"]')
    assert str(info.value) == (
        f"{tmp_path}/p.py:3: {kind} 'a' declares the file 'table.csv', and there is no file {tmp_path}/table.csv"
    )
    with pytest.raises(PluginError, match=r"takes files as a list of their names, as in files=\[\"table.csv\"\]"):
        load('"table.csv"')
    hashes = set()
    for text in "ab":
        (tmp_path / "table.csv").write_text(text)
        hashes.add(fingerprint.of_plugin(load('["table.csv"]')))
    assert len(hashes) == 2


@pytest.mark.parametrize("name", ["numpy", "llvmlite", "python", "optlab", "optlab's sources"])
def test_versions_of_numerical_packages_change_the_hash(planned, monkeypatch, name):
    document = {"problem": [{"name": "beale"}], "optimizer": [{"name": "gd", "lr": 0.1}]}
    (sweep,) = planned(document).sweeps
    versions = fingerprint.versions()
    assert versions[name]
    monkeypatch.setattr(fingerprint, "versions", lambda: versions | {name: "another"})
    assert fingerprint.of_sweep(sweep) != sweep.id


def test_a_change_in_the_sources_of_optlab_changes_the_hash(tmp_path):
    """All commits have the same version, so that the files make the difference."""
    import shutil
    from pathlib import Path

    import optlab

    shutil.copytree(Path(optlab.__file__).parent, tmp_path / "optlab", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from optlab.plugins import source_files as sources; print(sources.own_digest())"

    def digest():
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, check=True
        ).stdout

    before = digest()
    with (tmp_path / "optlab" / "plugins" / "optimizers" / "gd.py").open("a") as file:
        file.write("# changed\n")
    assert len({before, digest(), digest()}) == 2
