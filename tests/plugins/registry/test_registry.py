"""Built-ins, drop-in files and installed packages in one frozen registry."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
import textwrap

import pytest

from optlab import minimize
from optlab.errors import PluginError, UnknownName
from optlab.plugins import registry

RULE = """\
from optlab import optimizer

@optimizer
def {name}(x, g, *, lr=0.1):
    '''A rule of a test.'''
    return x - lr * g
"""


@pytest.fixture
def drop(tmp_path):
    """A folder of drop-in files, given by their texts."""

    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return tmp_path

    return write


def test_the_built_in_plugins(built_in):
    first_order = "gd momentum nesterov sgd qhm aggmo signsgd lion rprop adagrad rmsprop adadelta adam amsgrad nadam"
    first_order += " adamw adamax radam adabelief yogi adan"
    per_tensor = "lamb lars muon"
    asking_for_more = "sam polyak barzilai_borwein conjugate_gradient lbfgs newton prodigy schedule_free"
    drawing = "adahessian sophia sgld"
    names = f"{first_order} {per_tensor} {asking_for_more} {drawing}".split()
    assert set(built_in.optimizers) == set(names)
    assert set(built_in.schedules) == {
        *("constant", "cosine", "cosine_restarts", "exponential", "inverse_sqrt", "linear"),
        *("one_cycle", "polynomial", "step", "trapezoidal", "warmup"),
    }
    assert set(built_in.datasets) == {"digits", "breast_cancer", "spirals", "moons", "xor"}
    assert {"rosenbrock", "sphere", "mlp"} <= set(built_in.problems)
    assert len([name for name in built_in.problems if not name.startswith("bbob")]) == 26
    assert built_in.failures == ()
    assert {source.kind for source in built_in.sources} == {"built-in"}


def test_the_registry_is_frozen(built_in):
    with pytest.raises(TypeError):
        built_in.optimizers["mine"] = built_in.optimizer("gd")
    with pytest.raises(dataclasses.FrozenInstanceError):
        built_in.optimizers = {}


def test_every_load_gives_a_new_registry(drop, built_in):
    assert "mine" in registry.load([drop(mine=RULE.format(name="mine"))]).optimizers
    assert "mine" not in registry.load([]).optimizers
    assert "mine" not in built_in.optimizers


def test_drop_in_files(drop):
    folder = drop(
        b_first=RULE.format(name="beta"),
        a_second=RULE.format(name="alpha") + "\nfrom optlab.plugins.optimizers.gd import gd\n",
        _hidden="raise RuntimeError",
    )
    (folder / ".dotted.py").write_text("raise RuntimeError")
    (folder / "readme.txt").write_text("words")
    known = registry.load([folder, folder / "nowhere", folder / "." / "..", folder])
    assert [s.names for s in known.sources if s.kind == "drop-in"] == [("alpha",), ("beta",)]
    assert known.optimizer("alpha")(1.0, 2.0, lr=0.25) == 0.5
    described = registry.describe(known.optimizer("alpha"))
    assert described == {
        "name": "alpha",
        "options": {"lr": 0.1},
        "summary": "A rule of a test.",
        "file": str(folder / "a_second.py"),
        "line": 3,
        "state": [],
    }


BROKEN = {
    "syntax": ("x = 1\ndef f(:\n", "{file}:2:7: SyntaxError: invalid syntax"),
    "no_module": (
        "\nimport no_such_module_anywhere\n",
        "{file}:2:1: ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    ),
    "raising": ("def f():\n    raise KeyError('k')\nf()\n", "{file}:2:5: KeyError: 'k'"),
    "leaving": ("import sys\n\nsys.exit(3)\n", "{file}:3:1: SystemExit: 3"),
    "wrong": (
        "from optlab import optimizer\n@optimizer\ndef wrong(x, *, lr=0.1):\n    return x\n",
        "{file}:2: optimizer 'wrong' takes (x) by position instead of (x, g); "
        "write it as: def wrong(x, g, state=0.0, *, option=1.0)",
    ),
    "empty": (
        "x = 1\n",
        "{file}: declares nothing; put @optimizer above the def of an update rule "
        "(the name of a module that plugins import begins with _)",
    ),
    "relative": (
        "from optlab import optimizer\nfrom .good import RATE\n",
        "{file}:2:1: ImportError: attempted relative import with no known parent package; "
        "import a module of the same folder by its plain name: from _shared import ...",
    ),
    "hook_raising": (
        "from optlab import hookimpl\n@hookimpl\ndef optlab_optimizers():\n    return 1 / 0\n",
        "{file}:4:12: ZeroDivisionError: division by zero",
    ),
    "hook_of_numbers": (
        "from optlab import hookimpl\n@hookimpl\ndef optlab_problems():\n    return [3]\n",
        "{file}:2: optlab_problems returns 3; it must return a list of functions decorated with @problem",
    ),
    "hook_of_nothing": (
        "from optlab import hookimpl\n@hookimpl\ndef optlab_schedules():\n    pass\n",
        "{file}:2: optlab_schedules returns None; write it as: def optlab_schedules(): return [...], "
        "a list of functions decorated with @schedule",
    ),
}


def test_a_broken_file_is_reported_by_file_and_line_and_others_are_loaded(drop):
    folder = drop(good=RULE.format(name="good"), **{name: text for name, (text, _) in BROKEN.items()})
    known = registry.load([folder])
    assert known.optimizer("good").name == "good"
    assert {source.origin: source.error for source in known.failures} == {
        str(folder / f"{name}.py"): said.format(file=folder / f"{name}.py") for name, (_, said) in BROKEN.items()
    }
    assert all("Traceback" in source.details for source in known.failures)
    assert not [name for name in sys.modules if name.startswith("optlab_plugins_") and name.endswith("syntax")]


IMPORTING = """
from _shared import RATE
from shapes.square import SIDE
from optlab import optimizer

@optimizer
def {name}(x, g, *, lr=RATE * SIDE):
    return x - lr * g
"""


def test_plugins_import_modules_of_their_folder_by_plain_names(tmp_path):
    """Each file imports the modules of its own folder, even if other folders have the same names. None stays loaded."""
    for name, rate in (("one", 0.5), ("two", 0.25)):
        (tmp_path / name / "shapes").mkdir(parents=True)
        (tmp_path / name / "_shared.py").write_text(f"RATE = {rate}\n")
        (tmp_path / name / "shapes" / "square.py").write_text("SIDE = 2.0\n")
        (tmp_path / name / f"{name}.py").write_text(IMPORTING.format(name=name))
    before, modules = list(sys.path), set(sys.modules)
    known = registry.load([tmp_path / "one", tmp_path / "two"])
    assert known.failures == ()
    assert [known.optimizer(name).signature.numbers["lr"] for name in ("one", "two")] == [1.0, 0.5]
    assert sys.path == before
    assert not {"_shared", "shapes", "shapes.square"} & (set(sys.modules) - modules)


def test_a_module_in_the_folder_of_a_plugin_does_not_hide_an_installed_one(drop):
    folder = drop(
        json="raise RuntimeError\n",
        colorsys="raise RuntimeError('hidden')\n",
        good="import json, colorsys\n" + RULE.format(name="good"),
    )
    sys.modules.pop("colorsys", None)
    assert registry.load([folder]).optimizer("good").name == "good"


def test_ctrl_c_during_loading_interrupts(drop):
    """Only an interrupt by the user ends the loading. Exceptions of a file are its errors."""
    folder = drop(slow="import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    with pytest.raises(KeyboardInterrupt):
        registry.load([folder])
    (folder / "slow.py").write_text("raise KeyboardInterrupt\n")
    assert [source.error for source in registry.load([folder]).failures] == [f"{folder}/slow.py:1:1: KeyboardInterrupt"]


IMPORTS_LATER = """
import numpy as np
from optlab import optimizer, problem

@optimizer
def {name}(x, g, *, lr=0.1):
    from _shared import rate
    from _package import inside
    return x - lr * rate() * inside.factor() * g

@problem(start=(1.0, 2.0))
def {name}_bowl(x):
    import _shared
    assert _shared.COUNT == [1], "it is loaded once for a file"
    return np.sum(x**2)
"""


def test_a_file_edited_within_a_second_is_read_again(tmp_path, monkeypatch):
    """Python's own loader would use the bytecode of the first text: same size, same second."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    rule = RULE.format(name="mine").replace("lr * g", "_rate.RATE * g").replace("from", "import _rate\nfrom", 1)
    for rate, sign in (("1.0", "-"), ("2.0", "+")):
        (tmp_path / "_rate.py").write_text(f"RATE = {rate}\n")
        (tmp_path / "mine.py").write_text(rule.replace("x -", f"x {sign}"))
        for path in tmp_path.glob("*.py"):
            os.utime(path, (1_000_000_000, 1_000_000_000))
        mine = registry.load([tmp_path]).optimizer("mine")
        assert mine.function(0.0, 1.0) == float(f"{sign}{rate}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_rate.py", "mine.py"]


def test_functions_of_plugins_import_modules_of_their_folder_when_they_are_called(tmp_path):
    """Functions of these modules, and of packages in the folder, also import from the folder of their file."""
    for name, rate in (("one", 0.5), ("two", 0.25)):
        folder = tmp_path / name
        (folder / "_package").mkdir(parents=True)
        (folder / "_package" / "__init__.py").write_text("")
        (folder / "_package" / "inside.py").write_text(
            "def factor():\n    from _numbers import HALF\n    return HALF\n"
        )
        (folder / "_numbers.py").write_text("HALF = 0.5\n")
        shared = (
            f"COUNT = [0]\nCOUNT[0] += 1\ndef rate():\n    import _numbers\n    return _numbers.HALF * {4 * rate}\n"
        )
        (folder / "_shared.py").write_text(shared)
        (folder / f"{name}.py").write_text(IMPORTS_LATER.format(name=name))
    modules, finders = set(sys.modules), list(sys.meta_path)
    known = registry.load([tmp_path / "one", tmp_path / "two"])
    for name, rate in (("one", 0.5), ("two", 0.25)):
        rule, bowl = known.optimizer(name), known.problem(f"{name}_bowl")
        assert rule(1.0, 1.0, lr=1.0) == 1.0 - rate
        one = minimize(bowl, rule, steps=1, lr=1.0)
        assert one.x.tolist() == [1.0 - 2 * rate, 2.0 - 4 * rate]
    assert not {"_shared", "_package", "_package.inside", "_numbers"} & (set(sys.modules) - modules)
    assert sys.meta_path == finders


def test_modules_with_dynamic_attributes_are_ignored(drop):
    folder = drop(
        _odd="import sys, types\nclass Odd(types.ModuleType):\n    def __getattr__(self, name):\n        return 1\n"
        "sys.modules['odd'] = Odd('odd')\n",
        good="import _odd\n" + RULE.format(name="good"),
    )
    assert registry.load([folder]).failures == ()
    del sys.modules["odd"]


def test_a_helper_that_is_missing_or_broken_is_named_when_the_rule_is_called(drop):
    text = "from optlab import optimizer\n@optimizer\ndef {0}(x, g):\n    import _{0}\n    return x\n"
    folder = drop(gone=text.format("gone"), broken=text.format("broken"), _broken="1 / 0\n")
    known = registry.load([folder])
    with pytest.raises(ModuleNotFoundError, match="_gone"):
        known.optimizer("gone")(1.0, 1.0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            known.optimizer("broken")(1.0, 1.0)


def test_the_error_for_a_name_has_the_error_of_its_file(drop):
    folder = drop(shrink="1 / 0\n")
    known = registry.load([folder])
    with pytest.raises(UnknownName) as info:
        known.optimizer("shrink")
    file = folder / "shrink.py"
    assert str(info.value) == (
        f"there is no optimizer 'shrink' ({file} could not be loaded: {file}:1:1: ZeroDivisionError: division by zero)"
    )
    with pytest.raises(UnknownName, match=r"there is no optimizer 'adem' \(did you mean 'adam'\?\)"):
        known.optimizer("adem")


def test_an_unknown_name_may_be_in_a_file_that_failed(drop):
    folder = drop(one="1 / 0\n", two="1 / 0\n")
    with pytest.raises(UnknownName) as info:
        registry.load([folder]).optimizer("adem")
    assert str(info.value) == (
        "there is no optimizer 'adem' (did you mean 'adam'?); "
        f"not loaded: {folder / 'one.py'}, {folder / 'two.py'} (optlab plugins says why)"
    )


def test_an_unknown_name_may_be_in_the_only_file_that_failed(drop):
    """As with --watch, if the file has another name than the rule: the message has the reason."""
    file = drop(one="1 / 0\n") / "one.py"
    with pytest.raises(UnknownName) as info:
        registry.load([file.parent]).optimizer("zzz")
    said = (
        f"optlab list optimizers shows all; {file} could not be loaded: {file}:1:1: ZeroDivisionError: division by zero"
    )
    assert str(info.value) == f"there is no optimizer 'zzz'; {said}"


def test_a_name_in_three_files(drop):
    """None of the files is loaded, with all their plugins. The error for the name lists all files."""
    rule = RULE.format(name="same")
    folder = drop(one=rule, two=rule + RULE.format(name="other"), three=rule, four=RULE.format(name="mine"))
    known = registry.load([folder])
    places = " and ".join(f"{folder / name}.py:3" for name in ("one", "three", "two"))
    said = f"3 optimizers are called 'same': {places}; rename one of them"
    assert [source.error for source in known.failures] == [
        f"{folder / name}.py:3: {said}" for name in ("one", "three", "two")
    ]
    assert known.contested == {("optimizers", "same"): said}
    with pytest.raises(PluginError, match=f"^{re.escape(said)}$"):
        known.optimizer("same")
    with pytest.raises(UnknownName):
        known.optimizer("other")
    assert known.optimizer("mine").name == "mine"


def test_kinds_have_separate_names(drop, built_in):
    folder = drop(one=RULE.format(name="sphere"), two=RULE.format(name="sphere"))
    known = registry.load([folder])
    assert known.problem("sphere") is built_in.problem("sphere")
    with pytest.raises(PluginError, match="two optimizers are called 'sphere'"):
        known.optimizer("sphere")


def test_one_name_for_two_kinds_is_allowed(drop):
    folder = drop(gd="from optlab import problem\n@problem(start=(1.0,))\ndef gd(x):\n    return x[0] * x[0]\n")
    known = registry.load([folder])
    assert known.problem("gd").name == known.optimizer("gd").name


# ---- installed packages ----------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path):
    """A folder with an installed package that has entry points."""
    site = tmp_path / "site"
    (site / "lab_extras-1.0.dist-info").mkdir(parents=True)
    (site / "lab_extras-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: lab-extras\nVersion: 1.0\n"
    )
    points = "[optlab]\nextras = lab_extras.rules\nsecond = lab_extras.gone\nthird = lab_extras.declared\n"
    (site / "lab_extras-1.0.dist-info" / "entry_points.txt").write_text(points)
    (site / "lab_extras").mkdir()
    (site / "lab_extras" / "__init__.py").write_text("")
    (site / "lab_extras" / "declared.py").write_text(RULE.format(name="declared_rule"))
    (site / "lab_extras" / "hidden.py").write_text(RULE.format(name="hooked"))
    (site / "lab_extras" / "rules.py").write_text(
        "from optlab import hookimpl\nfrom lab_extras.hidden import hooked\n\n"
        "@hookimpl\ndef optlab_optimizers():\n    return [hooked]\n"
    )
    return site


def test_an_installed_package(package, optlab_command, tmp_path):
    """In a new process: plugins found by entry points, through hooks or decorators, and one that fails."""
    env = {"PYTHONPATH": str(package)}
    sources = json.loads(optlab_command("plugins", "--json", cwd=tmp_path, env=env).stdout)
    packages = [(s["origin"], tuple(s["names"]), s["error"]) for s in sources if s["kind"] == "package"]
    assert packages == [
        ("lab_extras.rules", ("hooked",), ""),
        ("lab_extras.gone", (), "lab_extras.gone: ModuleNotFoundError: No module named 'lab_extras.gone'"),
        ("lab_extras.declared", ("declared_rule",), ""),
    ]
    rules = "".join(f'[[optimizer]]\nname = "{name}"\n' for name in ("hooked", "declared_rule"))
    experiment = 'name = "e"\nsteps = 3\n[[problem]]\nname = "beale"\n' + rules
    (tmp_path / "e.toml").write_text(experiment)
    done = optlab_command("run", "e.toml", "--no-plots", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "2 runs of 2 cells: 2 done" in done.stdout
    assert done.stderr.startswith("warning: not loaded: lab_extras.gone: ModuleNotFoundError")
