"""`optlab new` writes working files; `optlab check` runs the conformance suite on plugins."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app
from optlab.cli.new import renamed, write
from optlab.errors import UserError
from optlab.plugins import registry
from optlab.testing.conformance import CHECKS, checks_for, verdict

BUILT_IN = registry.load(())
WRONG = '''
from optlab import optimizer


@optimizer
def uphill(x, g, *, lr=0.01):
    """Ascent (Cauchy, 1847). lr: learning rate"""
    return x + lr * g
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "uphill.py").write_text(WRONG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def check(folder, monkeypatch):
    """`optlab check` in this process, which has imported torch and JAX: they take most of the time."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        with contextlib.chdir(folder):
            return CliRunner().invoke(app, ["check", "--in-process", *words])

    return run


# ---- optlab check --------------------------------------------------------------------------------------------------


def test_a_rule_that_passes(check):
    """In this process, which may have imported the packages with its counterparts."""
    done = check("gd")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *lines, summary = done.stdout.splitlines()
    assert first.startswith("gd  ")
    count = len(checks_for(BUILT_IN.optimizer("gd")))
    assert count > len(CHECKS)  # its counterparts, and its invariances
    assert re.fullmatch(rf"{count} checks: \d+ passed, [12] skipped", summary)
    assert "  keeps_inputs                    passed" in lines
    assert "  takes_any_kind_of_t             skipped  it has no argument t" in lines
    assert "\x1b" not in done.stdout


def test_a_failing_rule_prints_observation_and_hint(folder, optlab_command):
    done = optlab_command("check", "plugins/uphill.py", "gd", "--only", "converges", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[:7] == [
        "uphill  plugins/uphill.py:5",
        "  converges[quadratic]   failed   the update has the wrong length",
        "      uphill goes from loss 19.31 to 21.42 in 200 steps at lr = 0.0001, its best of 6",
        "        expected: a loss below 9.656 on quadratic, at some learning rate",
        "        hint: look at the sign of the update: x - lr * ... goes down",
        "  converges[rosenbrock]  failed   the update has the wrong length",
        "      uphill goes from loss 12.5 to inf in 1,000 steps at lr = 0.0001, its best of 6",
    ]
    assert done.stdout.splitlines()[-2:] == [
        "2 checks: 2 passed",
        "2 plugins in all, 4 checks: 2 passed, 2 failed; uphill fails",
    ]


@pytest.mark.parametrize(("option", "status", "outcome"), [([], 0, "advice"), (["--strict"], 1, "failed")])
def test_advice_fails_only_with_strict(folder, optlab_command, option, status, outcome):
    wordless = WRONG.replace("x + lr", "x - lr").replace("Ascent (Cauchy, 1847). lr: learning rate", "Descent.")
    (folder / "plugins" / "uphill.py").write_text(wordless, encoding="utf-8")
    done = optlab_command(
        "check", "plugins/uphill.py", "--only", "names_*", "--only", "documents_*", *option, cwd=folder
    )
    assert (done.returncode, done.stderr) == (status, "")
    _, first, observed, expected, hint, *_, summary = done.stdout.splitlines()
    assert first.split()[:2] == ["names_its_source", outcome]
    assert observed == "      uphill says in the first line of its docstring: 'Descent.'"
    assert expected.startswith("        expected: ")
    assert hint.startswith("        hint: ")
    assert summary == f"2 checks: 2 {outcome}"


@pytest.mark.parametrize(
    ("only", "count"),
    [(["keeps_dtype[float32]"], 1), (["keeps_dtype"], 2), (["keeps_*"], 5), (["keeps_*", "*[float32]", "shows"], 8)],
)
def test_checks_are_selected(only, count, folder, optlab_command):
    done = optlab_command("check", "gd", *(word for name in only for word in ("--only", name)), cwd=folder)
    assert done.stdout.splitlines()[-1].startswith(f"{count} check")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plugins/uphil.py"], "plugins/uphil.py: there is no such file (did you mean 'plugins/uphill.py'?)"),
        (["elsewhere/x.py"], "elsewhere/x.py: there is no such file; there is no folder elsewhere here ("),
        (["adm"], "there is no optimizer 'adm' (did you mean 'adam'?)"),
        (["gd", "--only", "keeps_dtyp"], "--only keeps_dtyp: gd has no such check (did you mean 'keeps_dtype'?)"),
        (["torch:Adam"], "torch:Adam is not a rule of optlab but an optimizer of torch"),
        (["broken.py"], "broken.py:2:1: ZeroDivisionError: division by zero"),
        (["empty.py", "nothing"], "empty.py: declares no optimizer, schedule or transform"),
        (["nothing"], "nothing: there is no drop-in file in this folder"),
        (["empty.py"], "empty.py: declares no optimizer, schedule or transform"),
        (["unknown.py"], "unknown.py:5: optimizer 'uphill' is exempt from 'keeps_shap', and there is no such check"),
    ],
)
def test_mistakes(arguments, message, folder, optlab_command):
    (folder / "broken.py").write_text("\n1 / 0\n", encoding="utf-8")
    (folder / "nothing").mkdir()
    (folder / "empty.py").write_text("from optlab import optimizer\n", encoding="utf-8")
    unknown = WRONG.replace("@optimizer", '@optimizer(exempt={"keeps_shap": "so"})')
    (folder / "unknown.py").write_text(unknown, encoding="utf-8")
    done = optlab_command("check", *arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_files_without_a_plugin_do_not_stop_other_files(folder, optlab_command):
    """As with plugins/*.py. A folder means its files, unless an optimizer has the name of the folder."""
    (folder / "plugins" / "hills.py").write_text("from optlab import problem\n", encoding="utf-8")
    (folder / "gd").mkdir()
    for what in (["plugins/hills.py", "plugins/uphill.py"], ["plugins"]):
        done = optlab_command("check", *what, "gd", "--only", "keeps_shape", cwd=folder)
        assert done.returncode == 0
        said = "declares no optimizer, schedule or transform; decorate an update rule with @optimizer"
        assert done.stderr == f"plugins/hills.py: {said}\n"
        *lines, total = done.stdout.splitlines()
        assert [line.split()[0] for line in lines[::3]] == ["uphill", "gd"]
        assert total == "2 plugins in all, 2 checks: 2 passed"


HALFWAY = '''
from optlab import schedule, transform


@transform
def halfway(x, *, step, share=0.5):
    """Go a share of the way only."""
    return x + share * (step(x) - x)


@schedule
def third(t):
    """A third of the learning rate."""
    return 1 / 3
'''


def test_transforms_and_schedules_are_checked_too(folder, optlab_command):
    (folder / "plugins" / "halfway.py").write_text(HALFWAY, encoding="utf-8")
    done = optlab_command("check", "plugins/halfway.py", "clip_value", "cosine", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^halfway  plugins/halfway.py:5\n", done.stdout, re.M)
    assert re.search(r"^third  plugins/halfway.py:11\n", done.stdout, re.M)
    assert re.search(r"^4 plugins in all, \d+ checks: \d+ passed, \d+ skipped\n\Z", done.stdout, re.M)
    (folder / "plugins" / "halfway.py").write_text(HALFWAY.replace("step(x) - x", "x - step(x)"), encoding="utf-8")
    done = optlab_command("check", "halfway", "--only", "first_step_*", cwd=folder)
    assert done.returncode == 1
    assert "halfway takes the first step" in done.stdout


# ---- optlab new ----------------------------------------------------------------------------------------------------


def test_a_new_plugin_passes_all_checks(folder, check, optlab_command, forks):
    for kind in ("optimizer", "problem", "schedule", "transform", "dataset", "suite"):
        done = optlab_command("new", kind, f"my_{kind}", cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"plugins/my_{kind}.py is written. Next steps:\n    ")
    copied = optlab_command("new", "optimizer", "my_adam", "--from", "adam", cwd=folder)
    assert "    optlab check plugins/my_adam.py\n" in copied.stdout
    checked = check("plugins/my_optimizer.py", "my_adam")
    assert (checked.exit_code, checked.stderr) == (0, "")
    files = [str(path) for path in sorted(folder.glob("plugins/my_*.py"))]
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        "-k",
        "not matches_reference",
    ]  # checked above
    done = forks.run("pytest", *options, *files, cwd=folder)
    assert done.returncode == 0, done.stdout
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "check", "--isolated", *files], check=True, capture_output=True)
    subprocess.run([*ruff, "format", "--isolated", "--line-length=120", "--check", *files], check=True)


def test_a_new_experiment_runs(folder, optlab_command):
    done = optlab_command("new", "experiment", "my_grid", cwd=folder)
    assert done.stdout.startswith("experiments/my_grid.toml is written. Next steps:\n    optlab validate")
    run = optlab_command("run", "experiments/my_grid.toml", "--no-plots", "--quiet", cwd=folder)
    assert (run.returncode, run.stderr) == (0, "")
    again = optlab_command("new", "experiment", "my_grid", cwd=folder)
    assert (again.returncode, again.stderr) == (2, "experiments/my_grid.toml exists already; nothing was written\n")
    wrong = optlab_command("new", "experiment", "../my_grid", cwd=folder)
    assert (wrong.returncode, wrong.stdout) == (2, "")


@pytest.mark.parametrize("origin", BUILT_IN.optimizers)
def test_a_copy_of_any_optimizer_has_the_same_outcomes(origin, tmp_path):
    path = write("optimizer", "mine", origin, tmp_path, BUILT_IN)
    assert path.read_text(encoding="utf-8").startswith(f"# Copied from {origin}, in optlab/plugins/optimizers/")
    (rule,) = registry.declared(registry.import_file(path))["optimizers"]
    assert rule.name == "mine"
    read, same = rule.signature, BUILT_IN.optimizer(origin).signature
    assert (read.options, list(read.state), read.supplied, read.ranges) == (
        *(same.options, list(same.state), same.supplied),
        same.ranges,
    )
    assert [c.name for c in checks_for(rule)] == [c.name for c in checks_for(BUILT_IN.optimizer(origin))]
    quick = [check for check in checks_for(rule) if check.name.startswith(("keeps_", "traced_"))]
    assert {verdict(check, rule).outcome for check in quick} == {"passed"}


@pytest.mark.parametrize(
    ("kind", "name", "origin", "message"),
    [
        ("optimizer", "my-rule", None, r"'my-rule' is not a valid name .+\(did you mean 'my_rule'\?\)"),
        ("optimizer", "2nd", None, "'2nd' is not a valid name of a Python function$"),
        ("optimizer", "lambda", None, "'lambda' is a keyword of Python; use another name, such as lambda_"),
        ("optimizer", "test_rule", None, "a file called test_rule.py is not loaded from plugins/"),
        ("optimizer", "optimizer", None, "'optimizer' is used for something else in the file"),
        (
            "optimizer",
            "numpy",
            None,
            "'numpy' is a built-in function or an importable module, which the file would hide; use another name",
        ),
        ("optimizer", "print", None, "'print' is a built-in function or"),
        ("problem", "colorsys", None, "'colorsys' is a built-in function or an importable module"),
        ("optimizer", "adam", None, r"the optimizer 'adam' exists already: .+adam.py:\d+; use another name"),
        ("schedule", "cosine", None, r"the schedule 'cosine' exists already: .+cosine.py:\d+"),
        ("optimizer", "mine", "adm", r"there is no optimizer 'adm' \(did you mean 'adam'\?\)"),
        ("optimizer", "mine", "torch:Adam", "torch:Adam is not a rule of optlab but an optimizer of torch"),
        ("problem", "mine", "adam", "--from adam: only an optimizer can be a copy of another optimizer"),
        ("optimizer", "there", None, r"there\.py exists already; nothing was written"),
    ],
)
def test_what_cannot_be_created(kind, name, origin, message, tmp_path):
    there = tmp_path / "there.py"
    there.write_text("my work", encoding="utf-8")
    with pytest.raises(UserError, match=message):
        write(kind, name, origin, tmp_path, BUILT_IN)
    assert list(tmp_path.iterdir()) == [there]
    assert there.read_text(encoding="utf-8") == "my work"


def test_renaming_changes_identifiers_only():
    text = 'def gd(x):\n    """gd"""\n    return gd.gd2 + gd  # gd\n\n\ndef test_gd_by_hand(): gd(1)\n'
    wanted = 'def my(x):\n    """gd"""\n    return my.gd2 + my  # gd\n\n\ndef test_my_by_hand(): my(1)\n'
    assert renamed(text, "gd", "my") == wanted


def test_templates_are_in_the_package():
    found = {path.stem for path in Path(optlab.__file__).parent.glob("cli/templates/*.*")}
    assert found == {"optimizer", "problem", "schedule", "transform", "dataset", "suite", "experiment"}
