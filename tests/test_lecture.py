"""docs/lecture.ipynb runs from beginning to end in a separate kernel, and shows the expected output."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.safe_html import assert_safe

ROOT = Path(__file__).parents[1]
LECTURE = ROOT / "docs" / "lecture.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook with its outputs. An error in any cell is an error here."""
    folder = tmp_path_factory.mktemp("lecture")
    notebook = nbformat.read(LECTURE, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    client.execute(env={**os.environ, "PYTHONPATH": paths, "MPLCONFIGDIR": str(folder / "matplotlib")})
    return notebook


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def shown(notebook, source):
    """The output of the cell that contains a text, by type."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and source in cell.source]
    (output,) = cell.outputs
    return output["data"]


def test_the_notebook_is_stored_without_outputs():
    notebook = nbformat.read(LECTURE, as_version=4)
    nbformat.validate(notebook)
    assert outputs(notebook) == []
    assert all(cell.get("execution_count") is None for cell in notebook.cells)
    assert LECTURE.stat().st_size < 20_000


def test_nothing_is_printed_to_stderr(executed):
    printed = [output for output in outputs(executed) if output.output_type == "stream"]
    assert [output.text for output in printed if output.name == "stderr"] == []


def test_every_piece_of_html_is_safe(executed):
    pages = [output["data"]["text/html"] for output in outputs(executed) if "text/html" in output.get("data", {})]
    ours = [page for page in pages if "dataframe" not in page]  # the HTML of pandas is not checked
    assert len(ours) >= 9
    for page in ours:
        assert_safe(page)


@pytest.mark.parametrize("kind", ["contour", "lr"])
def test_figures_are_shown_without_magic(executed, kind):
    data = shown(executed, f'results.figure("{kind}"')
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "%matplotlib" not in "".join(cell.source for cell in executed.cells)


def test_results_maps_and_runs_are_tables_and_pictures(executed):
    assert "data:image/png" in shown(executed, "optlab.run(")["text/html"]
    for source in ("optlab.basins(", "optlab.stability("):
        assert "data:image/png" in shown(executed, source)["text/html"]
    for source in ("scaled, x0=", '"gd", x0=[4.0, 1.0], steps=100, lr=0.09'):
        assert "<svg" in shown(executed, source)["text/html"]
    assert "<table" in shown(executed, "optlab.check_grad(")["text/html"]


def test_equations_are_latex(executed):
    for source in ('explanation("adam")', "explanation(scaled)"):
        assert r"\leftarrow" in shown(executed, source)["text/latex"]
        assert "$$\\begin{aligned}" in shown(executed, source)["text/markdown"]


def test_the_network_is_drawn(executed):
    (cell,) = [cell for cell in executed.cells if cell.source == "optlab.backprop()"]
    assert cell.outputs[0]["data"]["image/svg+xml"].startswith("<svg")


def test_the_ranking_has_the_rule_of_the_notebook(executed):
    text = shown(executed, "results.ranking()")["text/html"]
    assert "scaled" in text
    assert text.count("<tr") == 1 + 8
