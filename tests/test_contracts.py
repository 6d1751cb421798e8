"""The contracts of `pyproject.toml`: each is broken by an import that it forbids.

Forbidden imports are added to a copy of the package, one for each name in a contract, and import-linter must report
each of them. A contract that finds nothing in the real package could also be one that never finds anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
FORBIDDEN = {
    "packages import downwards only, never from one on their own line": [
        ("api.race", "optlab.cli.app"),
        ("engine.ops", "optlab.plugins.scaling"),
        ("results.selection", "optlab.explain.gates"),
        ("errors", "optlab.markup.svg"),
    ],
    "no circles within a package": [("results.store.lock", "optlab.results.store.writing")],
    "built-in plugins see NumPy and the decorators, nothing of the engine": [
        ("plugins.datasets.xor", "optlab.engine"),
        ("plugins.optimizers.adam", "optlab.engine.ops"),
        ("plugins.problems.functions.sphere", "optlab.engine"),
        ("plugins.schedules.cosine", "optlab.engine"),
        ("plugins.suites.classic", "optlab.engine"),
        ("plugins.transforms.ema", "optlab.engine"),
    ],
    "pydantic only in the document and the tables of kinds": [("experiments.plan", "pydantic")],
    "pluggy only in the hooks and the registry": [("plugins.signature", "pluggy")],
    "Typer and rich only in the command line": [("api.gallery", "typer"), ("figures.style", "rich")],
    "pandas and pyarrow only in results, figures, reports and what run returns": [
        ("api.redraw", "pandas"),
        ("explain.gates", "pyarrow"),
    ],
    "Matplotlib only in figures": [("results.selection", "matplotlib")],
    "Pillow only in figures": [("results.selection", "PIL")],
    "llvmlite only in the native back end": [("engine.replay.program", "llvmlite")],
    "other packages of optimizers only where they are bridged to, run or compared with": [
        ("engine.trace", "torch"),
        ("execution.starts", "optax"),
        ("experiments.plan", "jax"),
    ],
    "SciPy only in its optimizers, in statistics and in references": [("results.comparison", "scipy")],
    "readers of others' results only in the programs that run them": [
        ("results.imported.folders", "cocopp"),
        ("results.imported.isolated", "iohinspector"),
    ],
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The report for each contract, by name, on a copy with all forbidden imports."""
    lab = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "optlab", lab / "optlab", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    shutil.copy(ROOT / "pyproject.toml", lab)
    for importer, imported in (pair for pairs in FORBIDDEN.values() for pair in pairs):
        with (lab / "optlab" / f"{importer.replace('.', '/')}.py").open("a", encoding="utf-8") as file:
            file.write(f"\nimport typing\nif typing.TYPE_CHECKING:\n    import {imported}\n")  # types count too
    environment = {**os.environ, "PYTHONPATH": str(lab), "COLUMNS": "1000", "TERM": "dumb"}
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    done = subprocess.run(command, cwd=lab, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    text = done.stdout.partition("Broken contracts\n")[2]
    places = sorted((text.find(f"\n{name}\n----"), name) for name in FORBIDDEN)
    assert places[0][0] >= 0, done.stdout
    ends = [place for place, _ in places[1:]] + [len(text)]
    return {name: text[place:end] for (place, name), end in zip(places, ends, strict=True)}


def test_every_contract_is_broken_by_each_module_that_it_names():
    assert [contract["name"] for contract in CONTRACTS] == list(FORBIDDEN)
    for contract in CONTRACTS:
        done = FORBIDDEN[contract["name"]]
        if contract["type"] == "protected":
            assert [imported for _, imported in done] == contract["protected_modules"]
        if contract["type"] == "forbidden":
            sources = [source.removeprefix("optlab.") for source in contract["source_modules"]]
            assert all(importer.startswith(f"{source}.") for (importer, _), source in zip(done, sources, strict=True))


@pytest.mark.parametrize(
    ("contract", "importer", "imported"), [(name, *pair) for name, pairs in FORBIDDEN.items() for pair in pairs]
)
def test_forbidden_imports_are_found(said, contract, importer, imported):
    text = said[contract]
    if contract == "no circles within a package":
        assert "in optlab.results.store" in text
    else:
        assert f"optlab.{importer} -> {imported} (l." in text
