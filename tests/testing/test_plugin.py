"""The pytest plugin as a user runs it: pytest in a separate process and folder."""

import subprocess
import sys
import textwrap

import pytest

from optlab.testing import conformance
from tests.cases import first_cases

LION = '''
"""A module with an example.

>>> float(lion(1.0, 2.0, 0.0, lr=0.5)[0])
0.5
"""
import numpy as np
import pytest
from optlab import optimizer

@optimizer(exempt={"comes_to_rest": "the sign of the momentum has always the same size"})
def lion(x, g, m=0.0, *, lr=1e-4, beta1=0.9, beta2=0.99):
    """Lion (Chen et al., 2023). lr: length of a step; beta1, beta2: weight and memory of m"""
    return x - lr * np.sign(beta1 * m + (1 - beta1) * g), beta2 * m + (1 - beta2) * g
'''
OWN_TESTS = """
@pytest.fixture
def rule():
    return lion

@pytest.mark.parametrize("lr", [0.5, 0.25])
def test_own(rule, lr, tmp_path):
    assert rule(1.0, 2.0, 0.0, lr=lr)[0] == 1.0 - lr
"""
OTHERS = dict(skipped=3, xfailed=1)
"""It declares no ranges and no counterpart, asks for no t, and never comes to rest."""
CHECKS = len(conformance.CHECKS) - sum(OTHERS.values())
FEW = "keeps_ or comes_to_rest or quadratic or names_its_source or any_kind_of_t or test_own"
"""Checks for tests that need not make all of them: with -k, these are made of `LION`, and `OF_FEW` with outcomes."""
OF_FEW = dict(passed=7, skipped=1, xfailed=1)


@pytest.fixture
def drop_in(pytester):
    """Write a file, by default plugins/lion.py."""

    def write(text, path="plugins/lion.py"):
        file = pytester.path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def run(pytester, forks):
    """Run pytest in a process of its own."""

    def run(*args):
        done = forks.run("pytest", "-p", "no:cacheprovider", *args, cwd=pytester.path)
        return pytest.RunResult(done.returncode, done.stdout.splitlines(), done.stderr.splitlines(), 0.0)

    return run


@pytest.mark.parametrize(
    ("mode", "path"),
    first_cases(
        1, [("importlib", "else/my-rules.py"), ("prepend", "plugins/lion.py"), ("importlib", "plugins/lion.py")]
    ),
)
def test_a_file_on_the_command_line(pytester, drop_in, mode, path):
    given = [drop_in(LION + OWN_TESTS, path), "-v", "-k", FEW, f"--import-mode={mode}"]
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *given)
    result.assert_outcomes(**OF_FEW | dict(passed=7 + 2))
    result.stdout.fnmatch_lines(
        [
            f"{path}::test_own[[]0.5[]] PASSED*",
            f"{path}::TestLion::test_converges[[]quadratic[]] PASSED*",
            f"{path}::TestLion::test_keeps_dtype[[]float32[]] PASSED*",
        ]
    )


@pytest.mark.parametrize("mode", ["importlib", "prepend"])
def test_a_file_imports_modules_of_its_folder(run, drop_in, mode):
    """As it does in the lab: each file from its own folder."""
    for folder, rate in (("plugins", 0.5), ("else", 0.25)):
        drop_in(f"RATE = {rate}\n", f"{folder}/_shared.py")
        text = f"from _shared import RATE\n{LION.replace('lr=1e-4', 'lr=RATE')}"
        own = f"\ndef test_own():\n    assert lion.signature.numbers['lr'] == {rate}\n"
        drop_in(
            text.replace("def lion", f"def lion_{folder}").replace("lion(1.0", f"lion_{folder}(1.0")
            + own.replace("lion.", f"lion_{folder}."),
            f"{folder}/lion_{folder}.py",
        )
    result = run(
        "plugins/lion_plugins.py",
        "else/lion_else.py",
        f"--import-mode={mode}",
        "-k",
        "test_own or keeps_shape",
        "--doctest-modules",
    )
    result.assert_outcomes(passed=4, deselected=2 * (len(conformance.CHECKS) - 1))


def test_functions_of_a_file_import_modules_of_its_folder_when_called(run, drop_in):
    """In the checks, in the file's own tests, and in its doctests."""
    drop_in("def rate():\n    from _numbers import RATE\n    return RATE\n", "plugins/_shared.py")
    drop_in("RATE = 1.0\n", "plugins/_numbers.py")
    later = LION.replace("    return x - lr *", "    from _shared import rate\n    return x - lr * rate() *")
    result = run(drop_in(later + OWN_TESTS), "--doctest-modules")
    result.assert_outcomes(passed=CHECKS + 3, **OTHERS)


def test_transforms_and_schedules_have_test_classes_too(run, drop_in):
    text = """
    from optlab import schedule, transform

    @transform
    def turns(x, g, *, share=0.5):
        "The wrong way. share"
        return -share * g

    @schedule
    def halves(t):
        "A half."
        return 0.5
    """
    result = run(drop_in(text, "plugins/around.py"), "-v", "-k", "goes_downhill or is_a_factor")
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"]) == (1, 1)
    for line in ("*::TestTurns::test_first_step_goes_downhill FAILED*", "*::TestHalves::test_is_a_factor PASSED*"):
        result.stdout.fnmatch_lines([line])


def test_doctests_of_the_file_run_too(run, drop_in):
    result = run(drop_in(LION + OWN_TESTS), "-v", "--doctest-modules")
    result.assert_outcomes(passed=CHECKS + 3, **OTHERS)
    run("plugins/lion.py::lion", "--doctest-modules").assert_outcomes(passed=1)


def test_ids_and_keywords_select(run, drop_in):
    path = drop_in(LION + OWN_TESTS)
    for count, *selection in [
        (2, f"{path}::TestLion::test_keeps_dtype[float32]", f"{path}::test_own[0.25]"),
        (2, f"{path}::TestLion::test_keeps_dtype"),
        (3, path, "-k", "(TestLion and keeps_dtype and float32) or test_own"),
    ]:
        deselected = CHECKS + sum(OTHERS.values()) + 2 - count if "-k" in selection else 0
        run(*selection).assert_outcomes(passed=count, deselected=deselected)


def test_a_class_can_be_selected(run, drop_in):
    path = drop_in(LION)
    result = run(f"{path}::TestLion", f"{path}::TestLion::test_keeps_inputs", "-k", FEW)
    result.assert_outcomes(**OF_FEW)


def test_skipped_and_exempt_checks_are_shown_with_their_reason(run, drop_in):
    path = drop_in(LION)
    run(path, "-rsx", "-k", FEW).stdout.fnmatch_lines(
        [
            "SKIPPED * it has no argument t",
            f"XFAIL {path}::TestLion::test_comes_to_rest - the sign of the momentum has always the same size",
        ]
    )


@pytest.mark.parametrize("option", ["", "--optlab-strict", "--strict"])
def test_advice_fails_where_the_suite_is_strict(run, drop_in, option):
    """It is a skip with its text, or with either option a failure."""
    path = drop_in(LION.replace(" (Chen et al., 2023)", ""))
    result = run(path, "-rsf", "-k", FEW, *([option] if option else []))
    if option:
        result.assert_outcomes(passed=6, failed=1, skipped=1, xfailed=1)
        result.stdout.fnmatch_lines(["FAILED *::test_names_its_source*"])
    else:
        result.assert_outcomes(passed=6, skipped=2, xfailed=1)
        result.stdout.fnmatch_lines(["SKIPPED * advice: lion says in the first line of its docstring*"])


def test_an_exemption_without_need_is_a_failure(run, drop_in):
    result = run(drop_in(LION.replace("comes_to_rest", "keeps_shape")), "-k", FEW)
    result.assert_outcomes(passed=6, failed=1, skipped=2)
    result.stdout.fnmatch_lines(["lion is exempt from keeps_shape *, but passes", "  hint: remove the exemption"])


def test_an_exemption_from_no_check_is_an_error_at_once(run, drop_in):
    path = drop_in(LION.replace("comes_to_rest", "come_to_rest"))
    result = run(path)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"{path}:11: optimizer 'lion' is exempt from 'come_to_rest'*did you mean*"])


def test_a_folder_of_plugins_through_python_files(pytester, run, drop_in):
    pytester.makeini(
        "[pytest]\npython_files = test_*.py plugins/*.py\npython_classes = Check\npython_functions = check_*\n"
    )
    drop_in(LION)
    drop_in(LION.replace("lion", "tiger"), "plugins/tiger.py")
    run("-k", FEW).assert_outcomes(passed=14, skipped=2, xfailed=2)


def test_a_folder_of_plugins_on_the_command_line(run, drop_in):
    drop_in(LION)
    drop_in(LION.replace("lion", "tiger"), "plugins/tiger.py")
    drop_in("1 / 0\n", "plugins/unrelated.py")
    drop_in("def test_own(): pass\n", "plugins/test_own.py")
    run("plugins", "-k", "keeps_dtype or test_own").assert_outcomes(passed=2 * 2 + 1, deselected=2 * (CHECKS + 4 - 2))
    run("-k", "test_own").assert_outcomes(passed=1)


def test_one_class_for_each_optimizer_of_a_file(run, drop_in):
    two = LION + LION[LION.index("@optimizer") :].replace("def lion", "def signed_momentum") + "\nsame = lion\n"
    result = run(drop_in(two), "-v", "-k", FEW)
    result.assert_outcomes(passed=14, skipped=2, xfailed=2)
    result.stdout.fnmatch_lines(["*::TestLion::*", "*::TestSignedMomentum::*"])


def test_a_test_class_of_the_same_name_keeps_its_tests(run, drop_in):
    own = "\nclass TestLion:\n    def test_own(self):\n        assert lion.name == 'lion'\n"
    result = run(drop_in(LION + own), "-v", "-k", FEW)
    result.assert_outcomes(**OF_FEW | dict(passed=7 + 1))
    result.stdout.fnmatch_lines(["*::TestLion::test_own PASSED*", "*::TestLionConformance::test_keeps_inputs PASSED*"])


def test_only_what_a_file_declares_itself_is_checked(run, drop_in):
    path = drop_in(
        "from optlab.plugins.optimizers.adam import adam\nfrom optlab import optimizer\ndef test_own(): pass\n"
    )
    run(path).assert_outcomes(passed=1)


@pytest.mark.parametrize(("ci", "lines"), [(None, 30), ("true", 36)])
def test_failures_are_short(run, drop_in, monkeypatch, ci, lines):
    """Where CI is set, pytest's summary repeats the messages in full: three lines for each of the three."""
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    monkeypatch.delenv("CI", raising=False)
    if ci:
        monkeypatch.setenv("CI", ci)
    result = run(drop_in(LION.replace("x - lr", "x + lr")), "-k", "keeps_ or converges or goes_downhill")
    result.assert_outcomes(passed=5, failed=3)
    result.stdout.fnmatch_lines(
        [
            "*TestLion.test_converges[[]quadratic[]]*",
            "lion goes from loss *",
            "  expected: a loss below *",
            "  hint: look at the sign*",
            "FAILED plugins/lion.py::TestLion::test_converges[[]quadratic[]] - Failed: lion*",
        ]
    )
    assert len(result.outlines) < lines
    assert "conformance.py" not in result.stdout.str()


BROKEN = {
    "syntax": ("@optimizer\ndef lion(x, g:\n    return x\n", "3: SyntaxError: *"),
    "module": ("import numpyy\n", "2: ModuleNotFoundError: *'numpyy'"),
    "name": ("from optlab import optimiser\n", "2: ImportError: *'optimiser'*"),
    "exception": ("\n1 / 0\n", "3: ZeroDivisionError: division by zero"),
    "exit": ("import sys\nsys.exit(3)\n", "3: SystemExit: 3"),
    "signature": (
        "@optimizer\ndef lion(x, *, lr=0.1):\n    return x\n",
        "2: optimizer 'lion' takes (x) by position instead of (x, g); write it as: *",
    ),
    "supplied": ("@optimizer\ndef lion(x, g, *, tt, lr=0.1):\n    return x\n", "2: *needs 'tt'*"),
}


@pytest.mark.parametrize("options", [[], ["--import-mode=importlib", "--doctest-modules"]], ids=["plain", "doctests"])
def test_a_broken_file_is_one_clear_error(run, drop_in, options):
    paths = [drop_in(f"from optlab import optimizer\n{text}", f"plugins/{n}.py") for n, (text, _) in BROKEN.items()]
    result = run(*paths, *options)
    result.assert_outcomes(errors=len(paths))
    for path, (_, message) in zip(paths, BROKEN.values(), strict=True):
        result.stdout.fnmatch_lines([f"*ERROR collecting {path}*", f"{path}:{message}"])
    assert "Traceback" not in result.stdout.str()
    assert len(result.outlines) < 16 + 5 * len(paths)


def test_a_broken_file_does_not_stop_the_collection_of_others(run, drop_in):
    drop_in("from optlab import optimizer\n1 / 0\n", "plugins/broken.py")
    result = run("plugins/broken.py", drop_in(LION), "--continue-on-collection-errors", "-k", FEW)
    result.assert_outcomes(errors=1, **OF_FEW)


def test_a_file_may_skip_itself(run, drop_in):
    path = drop_in("import pytest\npytest.importorskip('numpyy')\nfrom optlab import optimizer\n")
    run(path, "--doctest-modules").assert_outcomes(skipped=1)


def test_other_files_are_not_affected(run, drop_in):
    broken = LION.replace("x - lr", "x + lr")
    drop_in("def test_own(): pass\n", "plugins/test_unrelated.py")
    drop_in(broken + "def test_own(): pass\n", "tests/test_rules.py")
    drop_in("def test_own(): pass\n", "plugins/unrelated.py")
    result = run("plugins/test_unrelated.py", "tests/test_rules.py", "plugins/unrelated.py", "-v")
    result.assert_outcomes(passed=3)


def test_a_broken_unrelated_file_is_reported_by_pytest_itself(run, drop_in):
    result = run(drop_in("1 / 0\n", "plugins/unrelated.py"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E   ZeroDivisionError*"])


def test_starting_pytest_loads_nothing_heavy():
    heavy = {"numpy", "optlab.plugins.registry", "optlab.errors"}
    code = f"import sys, optlab.testing.plugin; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
