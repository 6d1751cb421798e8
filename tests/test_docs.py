"""README and docs are true: what they show is run, and what it prints is what they print."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optlab.engine.functions import supported

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/architecture.md")
FURTHER = ("docs/performance.md", "CONTRIBUTING.md", "optlab/problems/datasets/data/README.md", "docs/functions.md")
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)
BIN = Path(sys.executable).parent


def blocks(page):
    """Every fenced block of a page: language, title, text."""
    for language, rest, text in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        title = re.search(r'title="([^"]+)"', rest)
        yield language, title and title[1], text


@pytest.fixture
def checkout(tmp_path):
    """What a reader has before the first command: the experiments and plugins of the repository."""
    for folder in ("experiments", "plugins"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(command, folder):
    """Run a command as a reader would, with the tools of this environment first on the path."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def without_numbers(text):
    """A line with every number as #, since digits may differ between machines."""
    return re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "#", " ".join(text.split()))


def assert_shown(expected, printed):
    """The lines a page shows appear in what was printed, in that order; `...` stands for any lines."""
    lines = iter([without_numbers(line) for line in printed.splitlines()])
    for line in expected:
        if line.strip() not in ("", "..."):
            wanted = without_numbers(line)
            assert any(wanted == line for line in lines), f"not printed, or out of order: {line}\n\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_does_what_it_says(page, checkout):
    printed = ""
    for language, title, text in blocks(page):
        if title:
            (checkout / title).write_text(text, encoding="utf-8")
        elif language == "python":
            (checkout / "block.py").write_text(text, encoding="utf-8")
            run(f"{sys.executable} -W error block.py", checkout)
        elif language == "console":
            printed = run_console(text, checkout)
        elif language == "text" and page == "README.md":
            assert_shown(text.splitlines(), printed)


def run_console(text, folder):
    """Run the commands of a block and compare what they print with the lines below them."""
    printed = ""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, *expected = part.splitlines()
        if command.startswith("make "):
            targets = run(f"make --dry-run {command.removeprefix('make ')}", ROOT)
            assert "optlab run experiments/sgd_vs_adam.toml" in targets or "pytest" in targets
        else:
            printed = run(command, folder)
            assert_shown(expected, printed)
    return printed


def test_the_list_of_supported_functions_is_the_code():
    """To make it true again: python scripts/list_functions.py > docs/functions.md"""
    script = runpy.run_path(str(ROOT / "scripts/list_functions.py"))
    page = script["page"]()
    assert (ROOT / "docs/functions.md").read_text(encoding="utf-8") == page
    assert all(f"`{name}(" in page for name, _ in supported())
    assert all(f"`{name}(" in page for name in script["REMARKS"])


@pytest.mark.parametrize("page", [*PAGES, *FURTHER])
def test_links_and_pictures_exist(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), target


def test_the_table_of_rooms_names_those_that_exist():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text[text.index("## The rooms") : text.index("## The engine")]
    named = {name for cell in re.findall(r"^\| ([^|]+) \|", table, re.M) for name in re.findall(r"`(\w+)`", cell)}
    here = {p.stem for p in (ROOT / "optlab").iterdir() if p.stem not in ("__init__", "__pycache__", "py")}
    assert named == here
