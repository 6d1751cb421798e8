"""Pictures in processes with other configurations of Matplotlib."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import optlab
from optlab.api import pipeline
from optlab.figures.experiment import pictures
from tests.digests import digest

OPTLAB = str(Path(sys.executable).with_name("optlab"))
EXPERIMENT = """\
name  = "e"
steps = 5

[[problem]]
name = "beale"

[[optimizer]]
name  = "gd"
label = "_$x$"
lr    = [1e-4, 1e-3]
"""
OTHER_STYLE = """\
backend: nonsense
text.usetex: True
font.family: serif
font.size: 30
font.weight: bold
figure.facecolor: black
savefig.facecolor: black
savefig.bbox: tight
savefig.transparent: True
axes.facecolor: black
axes.grid: True
path.sketch: 1, 100, 2
lines.linewidth: 8
figure.autolayout: True
a line without a colon
"""


def run(folder, *more, **environment):
    (folder / "e.toml").write_text(EXPERIMENT)
    given = {name: value for name, value in os.environ.items() if not name.startswith(("MPL", "MATPLOTLIB"))}
    command = [OPTLAB, "run", "e.toml", *more]
    return subprocess.run(command, cwd=folder, env=given | environment, capture_output=True, text=True)


def test_the_back_end_and_style_of_the_user_have_no_effect(tmp_path, optlab_command):
    (tmp_path / "style").mkdir()
    (tmp_path / "style" / "matplotlibrc").write_text(OTHER_STYLE)
    inherited = {"MPLBACKEND": "module://matplotlib_inline.backend_inline_of_a_notebook", "MATPLOTLIBRC": "style"}
    other = run(tmp_path, "--out=other", **inherited)
    assert (other.returncode, "Traceback" in other.stderr) == (0, False)
    assert optlab_command("run", "e.toml", "--out=plain", cwd=tmp_path, rendered=True).returncode == 0
    plain = {path.name: digest(path) for path in (tmp_path / "plain" / "e" / "plots").iterdir()}
    assert len(plain) == 4
    assert {path.name: digest(path) for path in (tmp_path / "other" / "e" / "plots").iterdir()} == plain


def test_failing_imports_of_matplotlib_are_reported_before_any_run(tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(b"axes.facecolor: \xff\xfe")
    refused = run(tmp_path)
    assert refused.returncode == 2
    assert "running" not in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "Matplotlib cannot be imported (UnicodeDecodeError" in refused.stderr
    assert "--no-plots" in refused.stderr
    assert not (tmp_path / "results" / "e" / "runs.parquet").exists()
    assert run(tmp_path, "--no-plots").returncode == 0


BACK_END = """\
import os, sys
{before}
import optlab.figures
import matplotlib
assert "matplotlib.pyplot" not in sys.modules
print(os.environ.get("MPLBACKEND"), matplotlib.rcParams["backend"])
"""


@pytest.mark.parametrize(
    ("before", "given", "said"),
    [
        ("", "svg", "svg svg"),
        ("import matplotlib; matplotlib.use('pdf')", "svg", "svg pdf"),
        ("import os; os.environ.pop('DISPLAY', None)", "nonsense", "nonsense agg"),
    ],
    ids=["known", "chosen before", "unknown"],
)
def test_the_calling_program_keeps_its_back_end(before, given, said):
    command = [sys.executable, "-c", BACK_END.format(before=before)]
    # without a display Matplotlib itself chooses Agg
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name} | {"MPLBACKEND": given}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == said.split()


def test_an_exception_while_drawing_keeps_the_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.toml").write_text(EXPERIMENT)

    def broken(*_):
        raise RuntimeError("a fault in a picture")

    monkeypatch.setattr(pictures, "figures", broken)
    done = pipeline.carry_out(pipeline.prepare("e.toml"), "png")
    assert str(done.drawing_error) == "a fault in a picture"
    assert optlab.load("results/e").runs["status"].tolist() == ["done", "done"]
    with pytest.raises(RuntimeError, match="a fault in a picture"):  # nothing is run again
        optlab.run("e.toml")


def test_the_ranking_is_printed_before_an_exception_while_drawing(tmp_path, monkeypatch, capsys):
    from optlab.cli.running import Running

    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.toml").write_text(EXPERIMENT)

    def broken(*_):
        raise RuntimeError("a fault in a picture")

    monkeypatch.setattr(pictures, "figures", broken)
    with pytest.raises(RuntimeError, match="a fault in a picture"):
        Running().carry_out(Running().prepared(tmp_path / "e.toml"))
    assert "2 runs of 2 cells: 2 done" in capsys.readouterr().out
