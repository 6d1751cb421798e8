"""README and docs are right: their commands and code are executed, and the output is compared."""

import dataclasses
import functools
import json
import math
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import deque
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from optlab.engine.functions import supported
from optlab.experiments.document import NoiseSpec, OptimizerSpec, ProblemSpec, RecordSpec, StopSpec, TuningSpec, axes
from optlab.experiments.document.experiment import experiment_of
from optlab.experiments.kinds.basins import BASINS, BasinsSpec
from optlab.experiments.kinds.stability import STABILITY, StabilitySpec
from optlab.testing.checks import CHECKS
from tests.digests import digest
from tests.forked import Forks

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/engine.md",
    "docs/gradients.md",
    "docs/maps.md",
    "docs/python.md",
    "docs/bridges.md",
    "docs/experiments.md",
    "docs/conformance.md",
    "docs/sizes.md",
    "docs/verdicts.md",
    "docs/reports.md",
    "docs/animations.md",
    "docs/play.md",
    "docs/reuse.md",
    "docs/sharing.md",
    "docs/executors.md",
)
FURTHER = (
    *("docs/architecture.md", "docs/decisions.md", "docs/performance.md", "docs/reliability.md", "docs/scale.md"),
    *("CONTRIBUTING.md", "optlab/plugins/datasets/data/README.md", "docs/functions.md"),
    "docs/packages.md",  # which test_packages.py executes
)
GUIDES = ("docs/gradients.md", "docs/gradients.zh.md")  # of the same code blocks: test_translation.py
PICTURE = re.compile(r'(?:!\[[^]]*\]\(|<img src=")([^)"]+)[)"]')
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)
BIN = Path(sys.executable).parent


def blocks(page):
    """Every fenced block of a page: language, title, text."""
    for language, rest, text in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        title = re.search(r'title="([^"]+)"', rest)
        yield language, title and title[1], text


@pytest.fixture
def checkout(tmp_path):
    """The files before the first command: experiments, plugins and docs of the repository, without pictures."""
    for folder in ("experiments", "plugins", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
    (tmp_path / "docs" / "pictures").mkdir()
    return tmp_path


@pytest.fixture
def run(forks):
    """Run a command as a user does, with the tools of this environment first on the path."""
    return functools.partial(_run, forks)


@pytest.fixture
def run_with_torch():
    """The same in a process that has imported torch and optax, which takes longer than most commands."""
    forks = Forks("torch", "optax")
    yield functools.partial(_run, forks)
    forks.close()


def _run(forks, command, folder, rendered=False):
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("COLUMNS", None)  # the width of the terminal of a user is unknown
    words = shlex.split(command)
    if words[0] in ("optlab", "python"):
        done = forks.run(*words, cwd=folder, env=environment, rendered=rendered)
    else:
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?")


def same(shown, printed):
    """Whether two lines are the same but for spaces and numbers, since digits may differ between machines."""
    shown, printed = (NUMBER.sub("#", " ".join(line.split())) for line in (shown, printed))
    return shown == printed


def numbers(text):
    return [float(number.rstrip(".,").replace(",", "")) for number in NUMBER.findall(text)]


def same_numbers(shown, printed):
    """Whether the numbers are the same as well, but for rounding: in the last digits, and of what should be 0."""
    return same(shown, printed) and all(
        math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12) for a, b in zip(numbers(shown), numbers(printed), strict=True)
    )


def assert_shown(expected, printed):
    """The lines a page shows appear in what was printed, in that order; `...` stands for any lines."""
    lines = iter(printed.splitlines())
    for line in expected:
        if line.strip() not in ("", "..."):
            assert any(same(line, other) for other in lines), f"not printed, or out of order: {line}\n\n{printed}"


def assert_equal(expected, printed):
    """The lines a guide shows are those printed, with the same numbers; only where it has `...`, lines are left out."""
    lines = deque(filter(str.strip, printed.splitlines()))
    left_out = False
    for line in filter(str.strip, expected):
        if line.strip() == "...":
            left_out = True
            continue
        while left_out and lines and not same_numbers(line, lines[0]):
            lines.popleft()
        assert lines, f"not printed, or out of order: {line}\n\n{printed}"
        assert same_numbers(line, lines[0]), f"shown: {line}\nprinted: {lines[0]}\n\n{printed}"
        lines.popleft()
        left_out = False
    assert left_out or not lines, f"printed, but not shown: {lines[0]}"


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_prints_what_is_shown(page, checkout, request):
    run = request.getfixturevalue("run_with_torch" if page == "docs/bridges.md" else "run")
    run = functools.partial(run, rendered=page in GUIDES)  # whose pictures are compared
    compare = assert_equal if page in GUIDES else assert_shown
    printed = None
    # the first block of one page has a process that imports what it uses, others have forks
    python = f"{sys.executable} -W error" if page == "docs/python.md" else "python"
    for language, title, text in blocks(page):
        if title:
            (checkout / title).write_text(text, encoding="utf-8")
        elif language == "python":
            (checkout / "block.py").write_text(text, encoding="utf-8")
            printed = run(f"{python} block.py", checkout)
            python = "python"
        elif language == "console":
            printed = run_console(text, checkout, compare, run)
        elif language != "js" and printed is not None:  # text, or an equation
            compare(text.splitlines(), printed)
    if page in GUIDES:
        for path in pictures(page):
            assert looks(checkout / path) == looks(ROOT / path), f"docs show another {path.name} than is drawn"


def run_console(text, folder, compare, run):
    """Run the commands of a block and compare what they print with the lines below them."""
    printed = ""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, *expected = part.splitlines()
        if command.startswith("make "):
            targets = run(f"make --dry-run {command.removeprefix('make ')}", ROOT)
            assert "optlab run experiments/sgd_vs_adam.toml" in targets or "pytest" in targets
        else:
            printed = run(command, folder)
            if expected:
                compare(expected, printed)
    return printed


def pictures(page):
    """The pictures on a page, as paths from the root."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Path(page).parent / target for target in PICTURE.findall(text)]


def looks(path):
    """The properties in which a picture equals the one in the docs: the digest of an SVG, and of a PNG the width and
    height, since Matplotlib's fonts differ a little between machines."""
    return path.read_bytes()[16:24] if path.suffix == ".png" else digest(path)


@pytest.mark.parametrize("page", GUIDES)
def test_numbers_in_the_text_of_a_guide_are_printed(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    printed = [abs(number) for _, _, body in blocks(page) for number in numbers(body)]
    for spoken in re.findall(r"\d+\.\d+", BLOCK.sub("", text[: text.rindex("\n## ")])):  # the sources come last
        digits = len(spoken.split(".")[1])
        assert any(f"{number:.{digits}f}" == spoken for number in printed), f"{spoken} is not printed"


@pytest.mark.parametrize("page", GUIDES)
def test_formulas_of_a_guide_are_rendered_by_github(page):
    """GitHub renders a formula on one line that follows a space and is not followed by a letter or digit.
    Markdown removes a backslash before anything but a letter, and keeps stars that are no emphasis."""
    text = (ROOT / page).read_text(encoding="utf-8")
    prose = BLOCK.sub("", text)
    for line in re.sub(r"^\$\$\n.*?^\$\$\n", "", prose, flags=re.M | re.S).splitlines():
        assert line.count("$") % 2 == 0, line
        for before, after in re.findall(r"(?:^|(.))\$[^$]+\$(.?)", line):
            assert before in ("", " "), line
            assert not after.isalnum(), line
    assert not re.search(r"\\[^a-zA-Z]", prose)
    inline = [token for token in MarkdownIt().enable("table").parse(prose) if token.type == "inline"]
    assert not [part.content for token in inline for part in token.children or [] if "*" in part.content]


def test_the_list_of_supported_functions_equals_the_code():
    """To make it true again: python scripts/list_functions.py > docs/functions.md"""
    script = runpy.run_path(str(ROOT / "scripts/list_functions.py"))
    page = script["page"]()
    assert (ROOT / "docs/functions.md").read_text(encoding="utf-8") == page
    assert all(f"`{name}(" in page for name, _ in supported())
    assert all(f"`{name}(" in page for name in script["REMARKS"])


def test_the_table_of_checks_equals_the_code():
    """To make it true again: python scripts/list_checks.py > docs/conformance.md"""
    page = runpy.run_path(str(ROOT / "scripts/list_checks.py"))["page"]()
    assert (ROOT / "docs/conformance.md").read_text(encoding="utf-8") == page
    assert all(f"| `{check.name}` | " in page for check in CHECKS)
    assert f"{len(CHECKS)} checks" in page
    assert f"[{len(CHECKS)} checks](docs/conformance.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


KEYS_OF = {  # the spec of each table of docs/experiments.md, by the text above it
    "## Tuning": TuningSpec,
    "If points are drawn": axes.Range,
    "## The experiment": experiment_of((BASINS, STABILITY)),
    "## Problems": ProblemSpec,
    "### Noise": NoiseSpec,
    "## Optimizers": OptimizerSpec,
    "## Values": axes.Grid,
    "## What is recorded": RecordSpec,
    "## Stopping early": StopSpec,
    "`[basins]`:": BasinsSpec,
    "`[stability]`:": StabilitySpec,
}


@pytest.mark.parametrize(("place", "table"), KEYS_OF.items())
def test_the_page_of_experiments_names_every_key_in_a_table_and_in_a_file(place, table, built_in):
    page = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    section = page[page.index(f"\n{place}") :]
    section = section[: section.index("\n\n", section.index("\n|---"))]
    own = {f.name for f in dataclasses.fields(table)} - {"options", "hyperparameters", "path"}
    own = {{"problems": "problem", "optimizers": "optimizer", "schedules": "schedule"}.get(name, name) for name in own}
    own |= set(built_in.problem("mlp").data_options) if table is ProblemSpec else set()
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.M)) == own
    files = [tomllib.loads(text) for language, _, text in blocks("docs/experiments.md") if language == "toml"]
    assert own <= set(_keys(files))


def test_defaults_on_the_page_of_experiments_equal_the_code(built_in):
    page = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, re.M))
    code = {f.name: f.default for table in KEYS_OF.values() for f in dataclasses.fields(table)}
    code |= built_in.problem("mlp").data_options | {"transforms": [], "zip": [], "trials": []}
    assert len(shown) > 10
    assert {key: json.loads(value) for key, value in shown.items()} == {key: code[key] for key in shown}


def _keys(node):
    """Every key of a document, at any depth."""
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            yield from _keys(child)
    if isinstance(node, dict):
        yield from node


@pytest.mark.parametrize("page", [*PAGES, *GUIDES[1:], *FURTHER])
def test_links_and_pictures_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text) + PICTURE.findall(text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), target


def test_the_table_of_packages_names_all_packages():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text[text.index("## The packages") : text.index("## Words")]
    named = {name for cell in re.findall(r"^\| ([^|]+) \|", table, re.M) for name in re.findall(r"`(\w+)`", cell)}
    here = {p.stem for p in (ROOT / "optlab").iterdir() if p.stem not in ("__init__", "__pycache__", "py")}
    assert named == here
