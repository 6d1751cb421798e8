"""The gallery: docs/optimizers.md equals the output of `optlab gallery`, and every optimizer has a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from optlab.api import gallery
from optlab.cli.app import app
from optlab.plugins import registry
from optlab.testing.conformance import judgement, sentence

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_equals_the_output_of_the_command(built_in):
    """The verdicts are those that tests/testing assert: built-in optimizers pass all checks without an exemption."""
    assert (DOCS / "optimizers.md").read_text(encoding="utf-8") == gallery.text(built_in.optimizers, built_in, sentence)


def test_every_optimizer_has_its_picture(built_in):
    pictures = {path.stem for path in (DOCS / "pictures" / "gallery").glob("*.png")}
    assert pictures == set(built_in.optimizers)


def test_each_section_has_the_docstring_and_verdict_of_an_optimizer(built_in):
    text = gallery.text(["adam", "newton"], built_in, sentence)
    assert "x ← x − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)" in text
    assert "numbers  lr = 0.001, β₁ (beta1) = 0.9" in text
    assert "Compared with `torch:Adam`" in text
    assert "x <- x - a (H + damping I)^-1 g" in text  # its docstring, since its equations would fill pages
    assert max(map(len, text.splitlines())) <= gallery.WIDEST + 200


def test_the_command_writes_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    uphill = "from optlab import optimizer\n\n\n@optimizer\ndef uphill(x, g, *, lr=0.01):\n"
    uphill += '    """Ascent (Cauchy, 1847). lr: length"""\n    return x + lr * g\n'
    (tmp_path / "plugins" / "uphill.py").write_text(uphill, encoding="utf-8")
    result = CliRunner().invoke(app, ["gallery", "qhm", "uphill", "--out", "page/mine.md"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == "page/mine.md and 2 pictures in page/pictures/gallery/"
    text = (tmp_path / "page" / "mine.md").read_text(encoding="utf-8")
    assert text.count("Passes the conformance suite.") == 1
    assert "Fails first_step_goes_downhill" in text
    with Image.open(tmp_path / "page" / "pictures" / "gallery" / "uphill.png") as picture:
        assert picture.size == (1280, 432)


def test_a_verdict_as_text(built_in):
    assert judgement(built_in.optimizer("qhm")) == "Passes the conformance suite."
    exempt = judgement(built_in.optimizer("sgld"))
    reason = "it is a random walk by design"
    assert exempt == f"Passes the conformance suite. Exempt from stands_still_without_slope ({reason})."
    assert sentence(built_in.optimizer("gd"), ["a", "b"]) == "Fails a, b of the conformance suite."


def test_an_unknown_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["gallery", "adm"])
    assert result.exit_code == 2
    assert "there is no optimizer 'adm' (did you mean 'adam'?)" in result.stderr
    assert registry.load(()).optimizers


RULE = """import numpy as np
from optlab import optimizer

@optimizer
def rule(x, g, *, lr=0.1):
    return {result}
"""


@pytest.mark.parametrize(
    ("result", "arguments", "message"),
    [
        ("x - lr * float(g[0])", ["rule"], "plugins/rule.py:6:21: a traced value is turned into a Python number"),
        ("x - lr * g * x[2]", ["rule"], "plugins/rule.py:6:25: getitem of shapes (2,): index 2 is out of bounds"),
        ("x", ["torch:Adam"], "torch:Adam is not a rule of optlab but an optimizer of torch"),
        ("x", ["gd", "--out", "file/x.md"], "file/x.md: its folder cannot be created: Not a directory"),
    ],
)
def test_mistakes(result, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "plugins" / "rule.py").write_text(RULE.format(result=result), encoding="utf-8")
    done = CliRunner().invoke(app, ["gallery", *arguments, "--quiet"])
    assert done.exit_code == 2, done.exception
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.md"))
