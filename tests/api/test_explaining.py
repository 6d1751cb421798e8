"""`optlab.explanation`: the text and the picture of the command, from Python."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import optimizer, problem, transform
from optlab.errors import UserError
from optlab.explain.equations import Equations
from optlab.figures.figure import InlineFigure
from optlab.markup.svg import Drawing
from tests.cases import every
from tests.digests import digest
from tests.safe_html import assert_safe

COMMANDS = [
    (["(x + y) * z", "x=-2", "y=5", "z=-4"], ["(x + y) * z"], {"x": -2, "y": 5.0, "z": np.float64(-4)}),
    (["rosenbrock", "--at", "-1.5,2", "b=10"], ["rosenbrock"], {"at": [-1.5, 2], "b": 10}),
    (["rosenbrock b=10"], ["rosenbrock b=10"], {}),
    (["ellipsoid", "dim=3"], ["ellipsoid"], {"dim": 3}),
    (["adam"], ["adam"], {}),
    (["adam", "clip_norm", "weight_decay", "cosine"], ["adam", "clip_norm", "weight_decay", "cosine"], {}),
    (["adam", "raw_eps=true"], ["adam"], {"raw_eps": True}),
    (["lookahead"], ["lookahead"], {}),
    (["cosine", "warmup=50", "steps=500"], ["cosine"], {"warmup": 50.0, "steps": 500}),
    (["schedules"], ["schedules"], {}),
    (["backprop"], ["backprop"], {}),
    (
        ["directional", "booth", "--at", "1,2", "--direction", "1,1"],
        ["directional", "booth"],
        {"at": np.array([1.0, 2.0]), "direction": (1, 1)},
    ),
]


@pytest.mark.parametrize(
    ("words", "args", "given"), every(2, COMMANDS), ids=[" ".join(words) for words, _, _ in COMMANDS]
)
def test_text_and_picture_equal_those_of_the_command(words, args, given, tmp_path, invoke):
    found = optlab.explanation(*args, **given, plugins=())
    printed = invoke(*words, "-o", str(tmp_path / "a.svg"))
    assert printed == f"{found.text}\n{tmp_path / 'a.svg'}\n"
    assert str(found) == repr(found) == found.text
    found.save(tmp_path / "b.svg")
    assert digest(tmp_path / "a.svg") == digest(tmp_path / "b.svg")
    assert isinstance(found.draw(), Drawing | InlineFigure)
    if isinstance(found.found, Equations):
        assert found._repr_html_() is None
        assert found.latex == invoke(*words, "--latex").rstrip("\n")
        assert found._repr_latex_() == "$$" + found.latex.replace("align*", "aligned") + "$$"
        assert found._repr_latex_() in found._repr_markdown_()
        assert found.found.notes() in found._repr_markdown_()
    else:
        assert_safe(found._repr_html_(), images=1)
        assert (found._repr_latex_(), found._repr_markdown_()) == (None, None)


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from optlab.cli.app import app

    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(app, ["explain", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    return run


@problem(start=(1.0, 2.0))
def bowl(x, *, tilt=0.5):
    """A bowl."""
    return np.sum(x**2) + tilt * x[0] * x[1]


@optimizer
def slow(x, g, *, lr=0.1):
    """Goes <slowly>."""
    return x - lr * g


@transform
def halved(x, g):
    """Halves the gradient."""
    return g / 2


def plane(x, y, *, a=2.0):
    return a * x + y


def test_objects_instead_of_names():
    assert "f = 6; df/dx = [3 4.5]" in optlab.explanation(bowl).text
    assert "df/dx = [3.5 4.375]" in optlab.explanation(bowl, at=np.array([1.5, 2.0]), tilt=0.25).text
    assert "x ← x − lr g" in optlab.explanation(slow).text
    assert "**Goes &lt;slowly&gt;.**" in optlab.explanation(slow)._repr_markdown_()
    assert optlab.explanation(slow, halved).text.startswith("Goes <slowly>, with halved.")
    assert optlab.explanation(halved).text.startswith("Halves the gradient.")
    assert "df/dx = 3, df/dy = 1" in optlab.explanation(plane, x=1.0, y=2.0, a=3.0).text
    assert "df/dx = 2, df/dy = 1" in optlab.explanation(plane, at=[1.0, 2.0]).text
    assert "f = 3" in optlab.explanation("at + what", values={"at": 1.0, "what": 2.0}).text
    found = optlab.explanation("directional", bowl, at=[1.0, 2.0]).found
    np.testing.assert_allclose(found.gradient, [3.0, 4.5])


def test_a_function_of_a_matrix():
    def total(w):
        return np.sum(w**2)

    gradient = optlab.explanation(total, at=np.array([[1.0, 2.0], [3.0, 4.0]])).found.gradients["w"]
    np.testing.assert_array_equal(gradient, [[2.0, 4.0], [6.0, 8.0]])


@pytest.mark.parametrize(
    ("args", "given", "said"),
    [
        (["adm"], {}, "'adm' is no optimizer, problem, transform or schedule, and no expression with values (did you"),
        (["x * y"], {"x": 1.0}, "'y' is without a value; add y=1.0"),
        (["x * y"], {"x": 1.0, "y": "a"}, "y=a: 'a' is no number"),
        (["x * y"], {"x": 1.0, "y": None}, "y=None: None is no number"),
        (["rosenbrock"], {"at": [1.0, 2.0, 3.0]}, None),
        (["beale"], {"at": [1.0, 2.0, 3.0]}, "at [1.0, 2.0, 3.0]: beale has 2 parameters, not 3"),
        (["beale"], {"at": "here"}, "at here: 'here' is no number"),
        (["beale"], {"at": [np.nan, 1.0]}, "at: [nan, 1.0] is not finite"),
        (["adam"], {"at": [1.0]}, "at does not apply to an optimizer; see help(optlab.explanation)"),
        (["beale", "cosine"], {}, "'cosine' is not NAME=VALUE, like x=-2"),
        (["adam"], {"lr": 0.1}, "the equations of adam hold for any lr; leave it out"),
        (["adam", "clip_nrm"], {}, "there is no transform or schedule 'clip_nrm' for adam (did you mean"),
        (["cosine"], {"warmup": -1.0}, "cosine: 'warmup' must lie in"),
        (["directional"], {}, 'directional takes a problem: explanation("directional", '),
        (["directional", "adam"], {}, "there is no problem 'adam'"),
        ([3], {}, "3 cannot be explained; give a name, an expression, a plugin or a function"),
        ([plane], {"x": 1.0}, "plane needs a value for y; add y=1.0, or at for all of them"),
        (["rastrigin_"], {}, "'rastrigin_' is no optimizer, problem"),
    ],
)
def test_mistakes(args, given, said):
    if said is None:
        optlab.explanation(*args, **given)
        return
    with pytest.raises(UserError) as info:
        optlab.explanation(*args, **given)
    assert str(info.value).startswith(said)


def test_equations_that_are_too_long_for_a_notebook_are_text():
    found = optlab.explanation("newton")
    assert (found._repr_latex_(), found._repr_markdown_()) == (None, None)
    assert_safe(found._repr_html_(), images=1)
    assert len(found.latex) > 4000


def test_an_invalid_path(tmp_path):
    found = optlab.explanation("adam")
    with pytest.raises(UserError, match=r"x\.gif: a picture ends in \.png, \.svg or \.pdf"):
        found.save(tmp_path / "x.gif")
    with pytest.raises(UserError, match="there is no folder"):
        found.save(tmp_path / "none" / "x.svg")
