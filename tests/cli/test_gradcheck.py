"""`optlab gradcheck`: problems and functions in files, right and wrong ones."""

from __future__ import annotations

import pytest

SOURCE = '''
import numpy as np

import optlab


def product(a, b):
    return np.sum(a * b)


def wrong(x):
    """A gradient that treats a part as constant, while the differences do not."""
    return np.sum(x * optlab.engine.functions.apply("detach", x))


def fails(x):
    return x[5]


@optlab.problem(domain=(-1.0, 1.0), start=(0.0, 1.0))
def corner(x):
    return np.sum(np.abs(x))


@optlab.problem(domain=(-1.0, 1.0))
def without_start(x):
    return np.sum(x**2)


def jump(x):
    return np.sum(np.where(x > 0, 1 + x, x))


def vector(x):
    return x * 2


@optlab.problem(domain=(-1.0, 1.0), start=(0.5, 0.5))
def bowl(x, *, tilt=0.5):
    return np.sum(x**2) + tilt * x[0]
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["rosenbrock"], ["rosenbrock at x = (-1.5, 2): right; largest difference"]),
        (["rosenbrock", "--at", "1,2,3"], ["at x = (1, 2, 3)", "gradient of rosenbrock: right", "df/dx[2]"]),
        (["ackley", "--points", "2"], ["by complex step"]),
        (["mlp", "dataset=xor", "hidden=[3]"], ["mlp at the weights of seed 0: right", "seed 1: right"]),
        (["mlp", "dataset=xor", "hidden=[9]", "--components", "5"], [", 5 of 47 components: right"]),
        (["mine.py:product", "a=1,2", "b=3,4"], ["product by a at a = (1, 2), b = (3, 4): right", "product by b"]),
        (["mine.py:bowl", "tilt=2"], ["bowl at x = (0.5, 0.5): right"]),
        (["rosenbrock b=10 dim=3"], ["rosenbrock at x = (-1.5, 2, -1.5): right"]),
        (["mine.py:without_start", "dim=3", "--points", "0"], ["without_start at x = (0, 0, 0): right"]),
    ],
)
def test_right_gradients(arguments, lines, folder, optlab_command):
    done = optlab_command("gradcheck", *arguments, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    for line in lines:
        assert line in done.stdout


def test_a_kink_is_reported_and_is_no_failure(folder, optlab_command):
    done = optlab_command("gradcheck", "ackley", "--at", "0,0", cwd=folder)
    assert done.returncode == 0
    assert "gradient of ackley: a kink in 2 of 2 components" in done.stdout
    assert done.stdout.count("kink: slopes -2.828, 2.828") == 2
    assert "right" not in done.stdout
    done = optlab_command("gradcheck", "mine.py:corner", cwd=folder)  # a table at the kink, a line at other points
    assert "at x = (0, 1)\ngradient of corner: right; a kink in 1 of 2 components\n" in done.stdout
    assert done.stdout.count(": right; largest difference") == 5


def test_the_number_of_random_points(folder, optlab_command):
    done = optlab_command("gradcheck", "sphere", "--points", "7", cwd=folder)
    assert done.stdout.count(": right; largest difference") == 8


def test_a_wrong_gradient_shows_the_component_and_exits_with_1(folder, optlab_command):
    done = optlab_command("gradcheck", "mine.py:wrong", "--at", "0,3", cwd=folder)
    assert done.returncode == 1
    assert "WRONG in 1 of 2 components" in done.stdout
    assert "df/dx[1]                             3                       6     3.0e+00" in done.stdout


def test_an_undetermined_gradient_exits_with_3(folder, optlab_command):
    done = optlab_command("gradcheck", "mine.py:jump", "--at", "0", cwd=folder)
    assert (done.returncode, done.stderr) == (3, "")
    assert "gradient of jump: undetermined in 1 of 1 component\n" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sphree"], "did you mean 'sphere'?"),
        (["adam"], "adam is an optimizer"),
        (["mlp", "--at", "1,2"], "leave out --at"),
        (["mlp", "hiden=[3]"], "mlp has no option 'hiden' (did you mean 'hidden'?)"),
        (["mlp", "dataset=nothing"], "nothing"),
        (["rosenbrock", "c=1"], "rosenbrock has no option 'c'"),
        (["booth", "--at", "1"], "booth has 2 parameters"),
        (["booth", "dim=3"], "dim=3: booth has 2 parameters"),
        (["rosenbrock", "dim=3", "--at", "1,2"], "--at 1,2: rosenbrock has 3 parameters here, not 2"),
        (["rosenbrock", "dim=0"], "rosenbrock: dim=0 is no whole number from 1 to 1,000,000"),
        (["sphere", "dim=1000000000"], "sphere: dim=1000000000 is no whole number from 1 to 1,000,000"),
        (["sphere", "dim=1" + "0" * 5000], "is no whole number from 1 to 1,000,000"),
        (["booth", "--at", "1," * 5000 + "1"], "...: booth has 2 parameters, not 5001"),
        (["booth", "--at", "1," * 5000 + "a"], "...: 'a' is no number"),
        (["rosenbrock c=1"], "rosenbrock has no option 'c'"),
        (["mine.py:vector", "--at", "1,2"], "mine.py:34: vector returns an array of shape (2,)"),
        (["mine.py:product"], "product needs a value for a, b; add a=1.0, or --at for all of them"),
        (["mine.py:vector"], "vector needs a value for x; add x=1.0, or a point, --at 1.0,2.0"),
        (["mine.py:fails", "--at", "1,2"], "index 5 is out of bounds"),
        (["mine.py:nothing"], "there is no function 'nothing'"),
        (["missing.py:f"], "there is no such file"),
    ],
)
def test_mistakes(arguments, message, folder, optlab_command):
    done = optlab_command("gradcheck", *arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
