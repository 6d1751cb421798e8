"""Names of classes: each stands for one thing, so that a search for it finds one place. Files: few and short.

Names of folders: pytest passes over some, which must not be those of tests."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import optlab

PACKAGE = Path(optlab.__file__).parent
ROOT = Path(__file__).parents[1]
WELL_KNOWN = {
    "Path",
    "Figure",
    "Axes",
    "DataFrame",
    "Series",
    "Tensor",
    "Lock",
    "Thread",
    "Future",
    "Decimal",
}


def classes() -> Counter[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    return Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def test_no_name_of_a_class_is_used_twice():
    assert [name for name, count in classes().items() if count > 1] == []


def test_no_class_has_the_name_of_a_well_known_one():
    assert set(classes()) & (WELL_KNOWN | set(vars(builtins))) == set()


def test_few_entries_in_the_package():
    entries = {path.name for path in PACKAGE.iterdir()} - {"__init__.py", "__pycache__", "py.typed"}
    assert len(entries) <= 13


def test_no_file_has_more_than_300_lines():
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > 300} == {}


def test_pytest_passes_over_no_folder_with_tests(pytestconfig):
    patterns = pytestconfig.getini("norecursedirs")
    files = [path for name in ("tests", "optlab", "plugins") for path in (ROOT / name).rglob("*.py")]
    passed_over = {part for path in files for part in path.relative_to(ROOT).parts[:-1] for pattern in patterns
                   if fnmatch(part, pattern)}  # fmt: skip
    assert len(files) > 800
    assert passed_over == set()
