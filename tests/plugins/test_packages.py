"""Plugin packages: the example of docs/packages.md, installed and run in real processes, and packages with faults."""

from __future__ import annotations

import importlib
import inspect
import json
import linecache
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli import packages
from optlab.cli.app import app
from optlab.errors import PluginWarning
from optlab.plugins import hookspecs, kinds
from tests.cases import first_cases
from tests.packages import install

pytestmark = pytest.mark.usefixtures("blank_pictures")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE, re.M | re.S))
PROJECT, EXPERIMENT = FILES["pyproject.toml"], FILES["nudged.toml"]
MODULES = {name: text for name, text in FILES.items() if name.endswith(".py")}
HEAVY = {"numpy", "pandas", "matplotlib", "pyarrow", "llvmlite", "pydantic"}


def installed(folder, modules=MODULES, project=PROJECT, experiment=EXPERIMENT):
    """A folder for PYTHONPATH in which a package is installed, by default that of the page."""
    shutil.rmtree(folder / "site", ignore_errors=True)
    (folder / "nudged.toml").write_text(experiment)
    return install(folder / "site", project, modules)


def environment(site):
    return {"PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])}


def forget():
    """Forget the package, so that another one of its name is found."""
    packages._found.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "lab_extras"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    linecache.clearcache()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The command in this process, in a folder where a package is installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two texts of a module may have one size and one second
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def run(*words, **changes):
        installed(tmp_path, **changes)
        forget()
        return CliRunner().invoke(app, list(words))

    yield run
    forget()


def edited(old, new, name="lab_extras/plugins.py"):
    assert MODULES[name].count(old) == 1
    return MODULES | {name: MODULES[name].replace(old, new)}


# ---- the page --------------------------------------------------------------------------------------------------------


def test_every_hook_has_a_docstring_a_row_of_the_page_and_a_kind_of_plugin():
    hooks = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "optlab_spec")}
    assert all(inspect.getdoc(hook) for hook in hooks.values())
    rows = re.findall(r"^\| `(optlab_\w+)` \| .+ \| `([\w.]+)` \|$", PAGE, re.M)
    assert [name for name, _ in rows] == list(hooks)
    assert rows == [(kind.hook, kind.group) for kind in kinds.ALL]


def test_the_commands_of_the_page_print_the_shown_output(optlab_command, tmp_path):
    env = environment(installed(tmp_path))
    (block,) = re.findall(r"^```console\n(.*?)^```$", PAGE, re.M | re.S)
    for part in re.split(r"^\$ optlab ", block, flags=re.M)[1:]:
        command, *shown = part.splitlines()
        done = optlab_command(*command.split(), cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        printed = [" ".join(line.split()) for line in done.stdout.splitlines()]
        for line in shown:
            assert line == "..." or " ".join(line.split()) in printed, f"{line}\n{done.stdout}"


# ---- a fourth kind of experiment -------------------------------------------------------------------------------------


def test_a_kind_from_a_package(lab, tmp_path):
    done = lab("run", "nudged.toml")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"^nudge: runs of gd end at most [\d.e-]+ times as far apart as they start$", done.stdout, re.M)
    assert "rank  optimizer" in done.stdout
    results = optlab.load(tmp_path / "results" / "nudged")
    names = ["contour_beale", "extra_nudge", "extra_steps", "loss_beale", "lr_beale", "surface_beale"]
    assert [path.stem for path in results.plots] == names

    # the column, against two runs made here
    for row in results.runs.to_dict("records"):
        rate = row["hp.lr"] * (0.5 if row["label"] == "half_step" else 1)
        start = optlab.minimize("beale", "gd", steps=1, lr=rate).path[0]
        ends = [optlab.minimize("beale", "gd", start + d, 200, lr=rate).x for d in (0.0, 1e-6)]
        assert row["stretch"] == pytest.approx(np.linalg.norm(ends[1] - ends[0]) / (1e-6 * np.sqrt(2)), rel=1e-6)

    manifest = results.manifest
    assert manifest["planned"]["map"] == {"kind": "nudge", "distance": 1e-6}
    assert manifest["origins"]["kind nudge"] == os.path.join("site", "lab_extras", "plugins.py")
    assert "nothing was computed" in lab("run", "nudged.toml").stdout


def test_its_results_are_drawn_again_while_the_kind_is_the_same(lab, tmp_path):
    assert lab("run", "nudged.toml", "--no-plots").exit_code == 0
    plots = tmp_path / "results" / "nudged" / "plots"
    drawn = lab("plot", "results/nudged")
    assert drawn.exit_code == 0, drawn.stderr
    assert [Path(line).stem for line in drawn.stdout.splitlines()][-2:] == ["extra_nudge", "extra_steps"]
    first = (plots / "extra_nudge.png").read_bytes()
    assert lab("plot", "results/nudged", "--only", "gd").exit_code == 0
    assert (plots / "extra_nudge.png").read_bytes() != first
    changed = lab("run", "nudged.toml", "--no-plots", modules=edited("def summary(", "def summary (")).stdout
    assert "replaced the results of another experiment" in changed
    assert "which differed in the source of kind nudge" in changed
    gone = lab("plot", "results/nudged", modules={"lab_extras/plugins.py": "", "lab_extras/commands.py": ""})
    assert gone.exit_code == 2
    assert "these results cannot be read: there is no kind 'nudge'" in gone.stderr


def test_a_kind_in_a_drop_in_file(tmp_path, monkeypatch):
    """Its annotations may be texts. On the sum of squares every step multiplies the distance by 1 - 2 lr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    text = "from __future__ import annotations\n" + MODULES["lab_extras/plugins.py"]
    (tmp_path / "plugins" / "nudge.py").write_text(text)
    document = {"name": "e", "steps": 20, "nudge": {"distance": 0.5}, "problem": [{"name": "sphere"}]}
    results = optlab.run(document | {"optimizer": [{"name": "gd", "lr": [0.1, 0.2]}]}, plots=False)
    np.testing.assert_allclose(results.runs["stretch"], [0.8**20, 0.6**20], rtol=1e-9)
    assert results.manifest["origins"] == {"kind nudge": os.path.join("plugins", "nudge.py")}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("distance = 1e-6", "distence = 1e-6", "nudged.toml:5:1: unknown key distence (did you mean 'distance'?)"),
        ("distance = 1e-6", "distance = -1", "nudged.toml:5:1: distance: input should be greater than 0, not -1"),
        ("[nudge]", "[nugde]", "nudged.toml:4:2: unknown key nugde (did you mean 'nudge'?)"),
        ('"beale"\n', '"beale"\nstart = "random"\n', "8:1: beale has no fixed start for [nudge] to move"),
        (
            "[nudge]",
            "[basins]\n[nudge]",
            "nudged.toml:5:2: an experiment has one kind: basins or nudge; leave one of the tables out",
        ),
    ],
)
def test_mistakes_in_its_table(old, new, said, lab):
    assert old in EXPERIMENT
    done = lab("validate", "nudged.toml", experiment=EXPERIMENT.replace(old, new))
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_schema_and_the_lists_have_it(lab):
    schema = json.loads(lab("schema").stdout)
    assert schema["properties"]["nudge"]["anyOf"][0] == {"$ref": "#/$defs/NudgeTable"}
    assert schema["$defs"]["NudgeTable"]["additionalProperties"] is False
    (kind,) = [row for row in json.loads(lab("list", "kinds", "--json").stdout) if row["name"] == "nudge"]
    assert kind["options"] == {"distance": 0.001}
    assert kind["summary"] == "The ratio of the distances of two runs at the end and at the start."
    assert [row["name"] for row in json.loads(lab("list", "figures", "--json").stdout)] == ["steps_taken"]
    assert lab("validate", "nudged.toml").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("        for axes in cases:\n", "        1 / 0\n        for axes in cases:\n", "checked"),
        ("        return replace(sweep, recording", "        1 / 0\n        return replace(sweep, recording", "sweep"),
        ("        first = list(compute", "        1 / 0\n        first = list(compute", "computed"),
        ('        return {"stretch"', '        1 / 0\n        return {"stretch"', "columns"),
    ],
)
def test_an_exception_of_a_kind_is_reported_with_its_place_and_nothing_is_written(old, new, line, lab, tmp_path):
    done = lab("run", "nudged.toml", modules=edited(old, new))
    at = edited(old, new)["lab_extras/plugins.py"].splitlines().index("        1 / 0") + 1
    file = tmp_path / "site" / "lab_extras" / "plugins.py"
    assert done.exit_code == 2
    assert f"{file}:{at}:9: ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("results/nudged/*.parquet"))


@pytest.mark.parametrize(
    ("old", "new", "said", "drawn", "options"),
    [
        ("        figure = Figure(layout", "        figure = 1 / 0 * Figure(layout", "left out: pictures of 'nudge': ",
         "and 5 pictures in plots/", []),
        ('            yield f"nudge', '            1 / 0\n            yield f"nudge', "no summary of 'nudge': ",
         "results in results/nudged/: ", ["--no-plots"]),
    ],
    ids=["figures", "summary"],
)  # fmt: skip
def test_a_failing_picture_or_summary_does_not_affect_other_output(old, new, said, drawn, options, lab):
    done = lab("run", "nudged.toml", *options, modules=edited(old, new))
    assert done.exit_code == 0, done.stderr
    (line,) = [line for line in done.output.splitlines() if said in line]
    assert re.search(r"plugins\.py:\d+:\d+: ZeroDivisionError: division by zero", line)
    assert "4 runs of 4 cells: 4 done" in done.stdout
    assert drawn in done.stdout


def test_a_kind_with_an_invalid_name(lab):
    for name, said in (
        ("steps", "name = 'steps' is not a valid name"),
        ("two words", "'two words' is not a valid name"),
    ):
        done = lab("plugins", modules=edited('name = "nudge"', f'name = "{name}"'))
        assert f"Nudge: {said}" in " ".join(done.stdout.split()) or said in " ".join(done.stdout.split()), done.stdout


# ---- pictures of every experiment ------------------------------------------------------------------------------------

BROKEN_FIGURES = {
    "raising": ("    figure = Figure()\n", "    figure = 1 / 0\n", "ZeroDivisionError: division by zero"),
    "leaving": ("    figure = Figure()\n", "    raise SystemExit(3)\n", "SystemExit: 3"),
    "none": (
        '    return {"steps": figure}',
        "    return None",
        "it returns None, not a mapping, or pairs",
    ),
    "text": (
        '    return {"steps": figure}',
        '    return {"steps": "text"}',
        "it returns ('steps', 'text'), not a mapping",
    ),
}


@pytest.mark.parametrize("name", first_cases(3, BROKEN_FIGURES))
def test_a_failing_picture_is_named_and_the_others_are_drawn(name, lab, tmp_path):
    old, new, said = BROKEN_FIGURES[name]
    done = lab("run", "nudged.toml", modules=edited(old, new))
    assert done.exit_code == 0, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "left out" in line]
    assert "figure 'steps_taken'" in line
    assert said in line
    if name in ("raising", "leaving"):
        assert re.search(r"lab_extras/plugins\.py:\d+:\d+: ", line)
    results = optlab.load(tmp_path / "results" / "nudged")
    names = ["contour_beale", "extra_nudge", "loss_beale", "lr_beale", "surface_beale"]
    assert [path.stem for path in results.plots] == names
    assert (results.runs["status"] == "done").all()


def test_a_drop_in_file_adds_a_picture_to_every_experiment(tmp_path, monkeypatch):
    """Also from Python, and for a map as for a grid. Invalid characters of file names are replaced."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "extra.py").write_text(
        "from optlab import hookimpl\n\n\n"
        "def shares(results):\n"
        "    from matplotlib.figure import Figure\n\n"
        "    for name in ('a/b', 'a/b'):\n"
        "        figure = Figure()\n"
        "        figure.add_subplot().bar(*zip(*results.runs['status'].value_counts().items()))\n"
        "        yield name, figure\n\n\n"
        "@hookimpl\ndef optlab_figures():\n    return [shares]\n"
    )
    found = optlab.basins("himmelblau", "gd lr=0.01", resolution=3, steps=20)
    names = ["basins_himmelblau.png", "extra_a_b-2.png", "extra_a_b.png"]
    assert sorted(path.name for path in found.plots) == names
    (found.results.folder / "manifest.json").write_text("{")  # a picture of optlab is still recognized by its name
    assert optlab.basins("himmelblau", "gd lr=0.01", resolution=3, steps=20).results.plots == found.plots


def test_a_corrected_picture_is_drawn_without_another_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    file = tmp_path / "plugins" / "extra.py"
    text = "from optlab import hookimpl\n\ndef many(results):\n    return {}\n\n"
    text += "@hookimpl\ndef optlab_figures(): return [many]\n"
    file.write_text(text.replace("{}", "1 / 0"))
    document = {"name": "e", "steps": 2, "problem": [{"name": "beale"}], "optimizer": [{"name": "gd"}]}
    with pytest.warns(PluginWarning, match=r"^left out: figure 'many': .*extra.py:4:12: ZeroDivisionError"):
        first = optlab.run(document)
    assert not first.has_plots("png")
    when = (first.folder / "runs.parquet").stat().st_mtime_ns
    file.write_text(text.replace("{}", "{'many': __import__('matplotlib.figure').figure.Figure()}"))
    again = optlab.run(document)
    assert again.has_plots("png")
    assert "extra_many.png" in {path.name for path in again.plots}
    assert (first.folder / "runs.parquet").stat().st_mtime_ns == when


# ---- commands --------------------------------------------------------------------------------------------------------


def test_help_lists_a_command_and_loads_neither_the_package_nor_anything_heavy(tmp_path):
    code = (
        "import sys; from optlab.cli import main; sys.argv[1:] = ['--help']\n"
        f"try: main()\nfinally: print('loaded:', sorted(({HEAVY} | {{'lab_extras', 'pluggy'}}) & set(sys.modules)))"
    )
    env = os.environ | environment(installed(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "  slowest    A command of the package lab-extras.\n" in done.stdout
    assert done.stdout.endswith("loaded: []\n")


def test_a_command_has_its_own_help(lab):
    done = lab("slowest", "--help")
    assert done.exit_code == 0, done.stderr
    assert "Usage: optlab slowest [OPTIONS] " in done.stdout
    assert "Print the runs with the most gradient evaluations." in done.stdout


APP = """\
import typer
from optlab import hookimpl

app = typer.Typer(name="slowest", help="Two commands.")


@app.command()
def one(): print("the first")


@app.command()
def two(): raise typer.Exit(5)


@hookimpl
def optlab_commands():
    return [app]
"""


def test_a_typer_app_is_a_group_of_commands(lab):
    modules = MODULES | {"lab_extras/commands.py": APP}
    assert lab("slowest", "one", modules=modules).stdout == "the first\n"
    assert lab("slowest", "two", modules=modules).exit_code == 5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    import optlab\n", "    1 / 0\n", "site/lab_extras/commands.py:8:5: ZeroDivisionError: division by zero"),
        ("    import optlab\n", "    raise SystemError\n", "site/lab_extras/commands.py:8:5: SystemError"),
        (
            "from pathlib import Path\n",
            "1 / 0\n",
            "site/lab_extras/commands.py:1:1: ZeroDivisionError: division by zero",
        ),
        (
            "    return [slowest]",
            "    return [3]",
            "optlab_commands returns 3; it must return a list of functions or Typer apps",
        ),
        (
            "    return [slowest]",
            "    return []",
            "lab_extras.commands: has no command 'slowest', which its package declares",
        ),
        ("optlab_commands", "optlab_command", "there is no hook optlab_command (did you mean 'optlab_commands'?)"),
        ("optlab_commands", "optlab_optimizers", "in the entry point group optlab, not in optlab.commands"),
        ("@hookimpl\n", "", "lab_extras.commands: implements no hook; it needs optlab_commands"),
    ],
)
def test_errors_of_a_command_are_one_line(old, new, said, lab):
    done = lab("slowest", "results", modules=edited(old, new, "lab_extras/commands.py"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert said in done.stderr


def test_a_command_of_a_package_cannot_replace_one_of_optlab(lab):
    project = PROJECT.replace("slowest =", "list =")
    assert "options" in lab("list", "kinds", project=project).stdout
    assert lab("--help", project=project).stdout.count("\n  list ") == 1


def test_a_module_of_commands_in_the_wrong_group_is_reported(lab):
    project = PROJECT.replace('extras = "lab_extras.plugins"', 'extras = "lab_extras.commands"')
    said = "a package names the module of optlab_commands in the entry point group optlab.commands, not in optlab"
    assert said in " ".join(lab("plugins", project=project).stdout.split())
