"""`optlab explain` of expressions, problems and functions in files, and its error messages."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from PIL import Image
from typer.testing import CliRunner

from optlab.cli.app import app

MINE = """\
import numpy as np
from optlab import optimizer, problem

def gates(x, y, z, k=2.0, *, sign="plus"):
    return (x + y) * z * k if sign == "plus" else (x - y) * z * k

def squares(x):
    return np.sum(x**2)

def beyond(x):
    return x[5]

def faulty(x):
    raise RuntimeError("on purpose")

def several(x):
    return x * 2

def starred(*x):
    return x[0]

def constant():
    return 1.0

def deep(x):
    for _ in range(200):
        x = np.sin(x)
    return x

@problem(domain=(-5.0, 5.0), start=(4.0, -3.0))
def bowl(x, *, tilt=0.5, n=2, mode="a", where=(0, 1)):
    return np.sum(x**n) + tilt * x[where[0]] * x[where[1]]

@problem(domain=(-5.0, 5.0))
def without_start(x):
    return np.sum(x**2)

NUMBER = 3
"""
TABLE = """\
gate       value  gradient  input  value  local  flows back  the gate
q = x + y      3        -4      x     -2      1          -4  distributes
                                y      5      1          -4
f = q * z    -12         1      q      3     -4          -4  swaps
                                z     -4      3           3

distributes: each input gets the gradient unchanged
swaps: each input gets the gradient times the other input

f = -12; df/dx = -4, df/dy = -4, df/dz = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "broken.py").write_text("x = 1\n1 / 0\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(folder):
    """The command in this process: its exit status, stdout and stderr."""

    def run(*arguments):
        result = CliRunner().invoke(app, ["explain", *arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


# ---- in separate processes -------------------------------------------------------------------------------------------


def test_an_expression(optlab_command, folder):
    done = optlab_command("explain", "(x + y) * z", "x=-2", "y=5", "z=-4", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, TABLE, "")


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_picture(optlab_command, folder, ending, begins):
    values = ("x=-2", "y=5", "z=-4")
    done = optlab_command("explain", "(x + y) * z", *values, "-o", f"gates.{ending}", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"gates.{ending}"
    assert (folder / f"gates.{ending}").read_bytes().startswith(begins)


def test_a_mistake(optlab_command, folder):
    done = optlab_command("explain", "x +* y", "x=1", "y=2", "-o", "gates.svg", cwd=folder)
    said = "a number, a name or a parenthesis is missing before '*'\n    x +* y\n       ^\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not (folder / "gates.svg").exists()


def test_a_problem(optlab_command, folder):
    done = optlab_command("explain", "rosenbrock", "--at", "-1.5,2", cwd=folder)
    assert done.stdout.startswith("f(x) = 100 (x₁ − x₀²)² + (1 − x₀)²\n\ngate")
    assert done.stdout.splitlines()[-1] == "f = 12.5; df/dx = [-155 -50]"


def test_a_function_in_a_file(optlab_command, folder):
    done = optlab_command("explain", "mine.py:gates", "--at", "-2,5,-4", "k=1", cwd=folder)
    assert done.stdout.splitlines()[-1] == "f = -12; df/dx = -4, df/dy = -4, df/dz = 3"


def test_help(optlab_command, folder):
    done = optlab_command("explain", "--help", cwd=folder)
    assert done.returncode == 0
    for word in ("an expression, with values", "FILE.py:NAME", "backprop", "directional", "--latex", "--at"):
        assert word in done.stdout


# ---- in this process -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["rosenbrock"], "f = 12.5; df/dx = [-155 -50]"),
        (["rosenbrock", "b=10", "--at", "-1.5, 2"], "f = 6.875; df/dx = [-20 -5]"),
        (["x", "x=3"], "f = 3; df/dx = 1"),
        (["--", "-x*2", "x=1e0"], "f = -2; df/dx = -2"),
        (["mine.py:squares", "--at", "1,2"], "f = 5; df/dx = [2 4]"),
        (["mine.py:squares", "x=1,2"], "f = 5; df/dx = [2 4]"),
        (["mine.py:squares", "--at", "3"], "f = 9; df/dx = 6"),
        (["mine.py:gates", "z=-4", "x=-2", "y=5", "sign=minus"], "f = 56; df/dx = -8, df/dy = 8, df/dz = -14"),
        (["mine.py:bowl"], "f = 19; df/dx = [6.5 -4]"),
        (["mine.py:bowl", "n=3", "tilt=0", "--at", "1,2"], "f = 9; df/dx = [3 12]"),
        (["mine.py:bowl", "where=[0, 0]", "mode=b"], "f = 33; df/dx = [12 -6]"),
        (["mine.py:without_start", "--at", "1,2"], "f = 5; df/dx = [2 4]"),
    ],
)
def test_the_last_line_has_the_values(call, arguments, last):
    status, out, err = call(*arguments)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == last


def test_a_rule_with_transforms_and_a_schedule(call):
    status, out, _ = call("adam", "clip_value", "weight_decay", "step")
    assert status == 0
    assert out.splitlines()[0] == "Adam (Kingma & Ba, 2015), with clip_value, weight_decay, step."
    equations = [" ".join(line.split()) for line in out.splitlines() if "←" in line or " = " in line]
    assert equations[:4] == [
        "u = lr factor^floor_divide(t − 1, every)",
        "m ← β₁ m + (1 − β₁) clip(g, −limit, limit)",
        "v ← β₂ v + (1 − β₂) clip(g, −limit, limit)²",
        "x ← x − u · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε) − u decay x",
    ]


def test_choices_and_transforms_of_gradient_descent(call):
    _, plain, _ = call("lars")
    _, nesterov, _ = call("lars", "nesterov=true")
    assert "choices  nesterov = False" in plain
    assert "choices  nesterov = True" in nesterov
    assert "x ← x − (β b + w)" in nesterov
    status, out, _ = call("lookahead")
    assert status == 0
    assert out.startswith("After every few steps, go back towards the point before them (Zhang et al., 2019).")
    assert "slow ← where(mod(t, every) < 1, slow + α · (x − lr g − slow), slow)" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["rosenbrock", "b=10", "--at", "1,3"],
        ["directional", "rosenbrock", "b=10"],
        ["directional", "rosenbrock b=10"],
        ["adam", "clip_norm", "cosine"],
        ["cosine", "warmup=5", "steps=50"],
        ["mine.py:bowl", "n=3"],
    ],
)
def test_a_name_with_values_may_be_one_word_as_for_the_maps(call, arguments):
    at = arguments.index("--at") if "--at" in arguments else len(arguments)
    status, out, _ = call(" ".join(arguments[:at]), *arguments[at:])
    assert (status, out) == (0, call(*arguments)[1])


def test_an_expression_of_names_of_plugins_is_not_split(call):
    assert call("adam * step", "adam=2", "step=3")[1].endswith("f = 6; df/dadam = 3, df/dstep = 2\n")


def test_a_problem_in_three_dimensions(call):
    assert call("rosenbrock", "dim=3", "--at", "1,2,-3")[1].endswith("f = 5001; df/dx = [-400 5802 -1400]\n")
    assert call("rosenbrock", "dim=3")[1].endswith("df/dx = [-155 4352 -1100]\n")  # from -1.5, 2, -1.5


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        (["--", "-x", "x=3"], "f = -3; df/dx = -1"),
        (["--", "-x-y", "x=3", "y=1"], "f = -4; df/dx = -1, df/dy = -1"),
        (["x-y", "x=3", "y=1"], "f = 2; df/dx = 1, df/dy = -1"),
        (["x-2", "x=3"], "f = 1; df/dx = 1"),
    ],
)
def test_a_minus_sign_is_no_part_of_a_name(call, arguments, end):
    status, out, _ = call(*arguments)
    assert (status, out.splitlines()[-1]) == (0, end)


UNKNOWN = "'{}' is no optimizer, problem, transform or schedule, and no expression with values"

MISTAKES = [
    (["--", "-x"], "'x' is without a value; add x=1.0"),
    (["x-y", "x=1"], "'y' is without a value; add y=1.0"),
    (["clip-norm"], UNKNOWN.format("clip-norm")),
    (["adam", "cosine", "step"], "cosine and step are two schedules; a rule has at most one"),
    (["gd", "clip_nor"], "there is no transform or schedule 'clip_nor' for gd (did you mean 'clip_norm'?)"),
    (["lars", "nestrov=true"], "lars has no option 'nestrov' (did you mean 'nesterov'?)"),
    (["x*y", "x=1"], "'y' is without a value; add y=1.0"),
    (["x*y*z", "x=1"], "'y', 'z' are without a value; add y=1.0 z=1.0"),
    (["x*y", "x=1", "y=2", "w=3"], "there is no 'w' in 'x*y'; its names are x, y"),
    (["rate*y", "rat=1", "y=2"], "there is no 'rat' in 'rate*y' (did you mean 'rate'?)"),
    (["x*y", "x=one", "y=2"], "x=one: 'one' is no number"),
    (["x*y", "x=", "y=2"], "'x=' is not NAME=VALUE, like x=-2"),
    (["x*y", "x=nan", "y=2"], "x=nan: 'nan' is no finite number"),
    (["x*y", "x=1", "2"], "'2' is not NAME=VALUE, like x=-2"),
    (["x*y", "x=1", "x=2"], "'x' is given twice: x=1 and x=2"),
    (["x*y", "x=1", "y=2", "--at", "1,2"], "--at does not apply to an expression"),
    (["x*y", "x=1", "y=2", "--latex"], "--latex does not apply to an expression"),
    (["x*y", "x=1", "y=2", "--direction", "1,0"], "--direction does not apply to an expression"),
    (["x*y", "x=1", "y=2", "-o", "a.gif"], "--output a.gif: a picture ends in .png, .svg or .pdf"),
    (["x*y", "x=1", "y=2", "-o", "gates"], "--output gates: a picture ends in"),
    (["x*y", "x=1", "y=2", "-o", "no/a.svg"], "--output no/a.svg: there is no folder no"),
    (["3 + 4"], "there is no name in '3 + 4', so it has no gradient; its value is 7"),
    (["__import__('os').system('ls')"], "there is no function '__import__'"),
    (
        ["rosenbrok"],
        UNKNOWN.format("rosenbrok") + " (did you mean",
    ),
    (["qqq"], UNKNOWN.format("qqq") + "; optlab list optimizers, or another kind, shows all\n"),
    (["directonal", "booth"], UNKNOWN.format("directonal") + " (did you mean 'directional'?)"),
    (["directonal", "booth", "--at", "1,2"], UNKNOWN.format("directonal") + " (did you mean 'directional'?)"),
    (["adm", "cosine"], UNKNOWN.format("adm") + " (did you mean 'adam'?)"),
    (["clip_nrm"], UNKNOWN.format("clip_nrm") + " (did you mean 'clip_norm'?)"),
    (["gd", "l2", "cosine", "l2"], "l2 is given twice; a rule can have each transform once"),
    (["gd", "cosine", "l2", "step"], "cosine and step are two schedules; a rule has at most one"),
    (["mlp"], "mlp is trained on data; optlab explain backprop goes through a network step by step"),
    (["rosenbrock", "bb=1"], "rosenbrock has no option 'bb' (did you mean 'b'?)"),
    (["rosenbrock", "b=x"], "rosenbrock: 'b' takes a number, not the text 'x'"),
    (["rosenbrock", "--at", "1,x"], "--at 1,x: 'x' is no number"),
    (["rosenbrock", "--latex"], "--latex does not apply to a problem"),
    (["booth", "--at", "1,2,3"], "--at 1,2,3: booth has 2 parameters, not 3"),
    (["adam", "lr=1"], "the equations of adam hold for any lr; leave it out"),
    (["adam", "--at", "1"], "--at does not apply to an optimizer"),
    (["directional"], "directional takes a problem: optlab explain directional rosenbrock --at -1.5,2"),
    (["directional", "rosenbrok"], "there is no problem 'rosenbrok' (did you mean 'rosenbrock'?)"),
    (["backprop", "a.toml", "b.toml"], "backprop takes one file, not 2"),
    (["nowhere.py:f"], "nowhere.py: there is no such file"),
    (["mine.py"], "mine.py: name the function, as in mine.py:NAME; there is gates, squares,"),
    (["mine.py:gate"], "mine.py: there is no function 'gate' (did you mean 'gates'?)"),
    (["mine.py:NUMBER"], "mine.py: there is no function 'NUMBER'"),
    (["broken.py:f"], "broken.py:2:1: ZeroDivisionError: division by zero"),
    (["mine.py:gates", "--at", "1,2"], "--at 1,2: gates takes 3 numbers (x, y, z), not 2"),
    (["mine.py:gates", "--at", "1,2,3", "x=1"], "x=1: 'x' has a value from --at already"),
    (["mine.py:gates", "x=1"], "gates needs a value for y, z; add y=1.0, or --at for all of them"),
    (["mine.py:gates", "--at", "1,2,3", "sig=1"], "sig=1: gates has no argument 'sig' (did you mean 'sign'?)"),
    (["mine.py:starred", "--at", "1"], "starred takes *x; write each argument with its own name"),
    (["mine.py:constant"], "constant has no argument without a default"),
    (
        ["mine.py:several", "--at", "1,2"],
        "the function must return a single number, and this one returns an array of shape (2,)",
    ),
    (["mine.py:bowl", "n=1.5"], "bowl: 'n' takes an integer, not 1.5"),
    (["mine.py:without_start"], "without_start has no start; give a point, --at X,Y"),
    (["mine.py:deep", "--at", "1", "-o", "deep.png"], "--output deep.png: "),
    (["x", "x=1", "--plugins", "nowhere"], "--plugins nowhere: there is no such folder"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes(call, folder, arguments, message):
    before = sorted(folder.rglob("*.[sp]?g"))
    status, _, err = call(*arguments)
    assert status == 2
    assert err.startswith(message)
    assert "Traceback" not in err
    assert sorted(folder.rglob("*.[sp]?g")) == before


@pytest.mark.parametrize(
    ("name", "message"), [("beyond", "getitem of shapes (2,): index 5"), ("faulty", "RuntimeError: on purpose")]
)
def test_a_fault_in_a_users_function_is_shown_with_its_line(call, folder, name, message):
    status, out, err = call(f"mine.py:{name}", "--at", "1,2")
    line = next(i for i, text in enumerate(MINE.splitlines(), 1) if f"def {name}" in text) + 1
    assert (status, out) == (2, "")
    assert re.search(rf"mine\.py:{line}:\d+: {re.escape(message)}", err)


def test_a_fault_in_a_built_in_problem_is_shown_with_its_line(call):
    status, _, err = call("rosenbrock", "--at", "1")
    assert status == 2
    assert "rosenbrock.py:" in err
    assert err.endswith("ValueError: Rosenbrock's valley needs at least two dimensions\n")


def test_a_deep_function_can_be_drawn_as_svg(call, folder):
    assert call("mine.py:deep", "--at", "1", "-o", "deep.svg")[0] == 0
    assert float(ET.parse(folder / "deep.svg").getroot().get("width")) > 16_000


def test_a_plugin_that_cannot_be_loaded_is_a_warning(call, folder):
    (folder / "plugins").mkdir()
    (folder / "plugins" / "bad.py").write_text("1 / 0\n")
    status, out, err = call("x*y", "x=1", "y=2")
    assert (status, out.splitlines()[-1]) == (0, "f = 2; df/dx = 2, df/dy = 1")
    assert err.startswith("warning: not loaded: ")


def test_backprop_is_animated(tmp_path, optlab_command):
    done = optlab_command("explain", "backprop", "--animate", "net.gif", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "net.gif", "")
    with Image.open(tmp_path / "net.gif") as image:
        assert (image.n_frames, image.info["loop"]) == (19, 0)  # the first has no numbers; 6 values and 12 gradients


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["backprop", "--animate", "net.gfi"],
            "--animate net.gfi: an animation ends in .gif, .webp, .png, .mp4 or .svg",
        ),
        (["cosine", "--animate", "x.gif"], "--animate x.gif: there are no values and gradients to animate"),
        (["adam", "--animate", "x.gif"], "--animate x.gif: there are no values and gradients to animate"),
    ],
)
def test_what_cannot_be_animated_is_refused(tmp_path, optlab_command, words, message):
    done = optlab_command("explain", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not [*tmp_path.iterdir()]
