"""Rules and transforms at gradients of any size: the step of the formula, or a documented, visible overflow.

The oracle is the same formula with 15 bits of exponent (x87), in which squares of 1e300 are numbers like others. What
the formulas are is tested elsewhere, against torch, optax and calculations by hand.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path as File
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest

from optlab import problem
from optlab.execution import runner
from optlab.execution.records import STATUSES
from optlab.execution.rule import Advance, Point, Rule, initial_states
from optlab.execution.runner.state import overflowed
from optlab.plugins import registry
from optlab.plugins.optimizers.gd import gd
from tests.cases import every

BUILT_IN = registry.load(())
WIDE = np.dtype(np.longdouble)
pytestmark = pytest.mark.skipif(np.finfo(WIDE).maxexp <= 1024, reason="no type of numbers here has a wider exponent")

SQUARES = {
    *("adabelief", "adadelta", "adagrad", "adahessian", "adam", "adamw", "adan", "amsgrad", "lamb", "muon", "nadam"),
    *("prodigy", "radam", "rmsprop", "yogi"),
}
"""Rules that keep squares, as published: they are infinite above the root of the largest number."""
PRODUCTS = {"conjugate_gradient"}
"""Rules whose inner products overflow, to NaN, or underflow."""

CURVATURE = np.array([1.0, 2.0, 0.5, 3.0, 1.5, 0.7, 2.2, 0.9, 1.1])
CENTRE = np.array([0.3, -0.7, 1.1, 0.4, -0.9, 0.6, -0.2, 0.8, -1.3])
START = np.array([0.1, 0.2, -0.3, 0.15, -0.25, 0.35, -0.4, 0.05, 0.22])
TENSORS = ((2, 3), (3,))
STEPS = 4
SIZES = {
    "float64": [1e-300, 1e-250, 1e-200, 1e-160, 1e-100, 1e-50, 1.0, 1e50, 1e100, 1e150, 1e160, 1e200, 1e250, 1e300],
    "float32": [1e-38, 1e-30, 1e-24, 1e-20, 1.0, 1e10, 1e17, 1e21, 1e30, 1e37],
}
ROOT = {"float64": 1e154, "float32": 1e19}
"""From about here on squares are infinite."""


@problem(start=tuple(START), minimum=tuple(CENTRE))
def bowl(x, *, size=1.0):
    """A bowl whose gradients are about as large as `size`."""
    return size * np.sum(CURVATURE.astype(x.dtype) * (x - CENTRE.astype(x.dtype)) ** 2) / 2


def solved(a, b):
    """Gaussian elimination, since LAPACK has no longer type."""
    a, b = a.copy(), b.copy()
    for i in range(len(b)):
        for j in range(i + 1, len(b)):
            share = a[j, i] / a[i, i]
            a[j], b[j] = a[j] - share * a[i], b[j] - share * b[i]
    for i in reversed(range(len(b))):
        b[i] = (b[i] - a[i, i + 1 :] @ b[i + 1 :]) / a[i, i]
    return b


class Drawn:
    """Random numbers in a dtype, as in experiments."""

    def __init__(self, real):
        self._real, self._rng = real, np.random.default_rng(0)

    def standard_normal(self, size):
        return self._rng.standard_normal(size).astype(self._real)

    def random(self, size):
        return self._rng.random(size).astype(self._real)


class Path(NamedTuple):
    """Where a rule goes, the largest number that it met up to each step, and whether the lab sees an infinite one: in
    the loss at x, or in the state of the rule."""

    x: Any
    largest: Any
    is_lost: bool


def path(rule: Rule, size: float, dtype: Any, numbers: Any = None, tensors: Any = None) -> Path:
    """The path of a rule on the quadratic, called as a plain function."""
    real = np.dtype(dtype)
    scale, curvature, centre = real.type(size), CURVATURE.astype(real), CENTRE.astype(real)
    met, largest, losses = [np.abs(START).max()], [], []

    def seen(values):
        met.append(np.abs(values).max())
        return values

    def loss(p):
        return seen(scale * np.sum(curvature * (p - centre) ** 2) / 2)

    def grad(p):
        return seen(scale * (curvature * (seen(p) - centre)))

    def look(p):
        losses.append(loss(p))
        return Point(losses[-1], grad(p), lambda v: scale * (curvature * v))

    tensors = tensors or (TENSORS if rule.optimizer.per == "tensor" else ((START.size,),))
    x, rng = START.astype(real), Drawn(real)
    state = list(initial_states(rule, tensors, x).values())
    began = [np.isfinite(v)[..., None] for v in state]
    plugins = {"hyperparameter": rule.optimizer.signature.numbers}
    plugins["transform"] = {f"{t.name}.{n}": v for t in rule.transforms for n, v in t.signature.numbers.items()}
    values = {(owner, n): real.type(v) for owner, named in plugins.items() for n, v in named.items()}
    values |= {key: real.type(v) for key, v in (numbers or {}).items()}
    passed = [x]
    solve = solved if real == WIDE else np.linalg.solve
    with np.errstate(all="ignore"), mock.patch.object(np.linalg, "solve", solve):
        for t in range(1, STEPS + 1):
            offer = {"t": real.type(t), "steps": real.type(STEPS), "grad": grad, "loss": loss, "rng": rng}
            x, *state = map(np.asarray, Advance(rule, tensors, state, values, look, offer)(x))
            assert x.dtype == real
            passed.append(seen(x))
            largest.append(max(met))
    is_lost = overflowed(began, [v[..., None] for v in state]).any() or not np.isfinite(losses).all()
    return Path(np.array(passed), np.array(largest), bool(is_lost))


def check(rule: Rule, size: float, dtype: str, documented: bool, numbers: Any = None) -> None:
    """Check that the path is that of the formula, and that an overflow is visible."""
    found, expected = path(rule, size, dtype, numbers), path(rule, size, WIDE, numbers)
    is_seen = found.is_lost or not np.isfinite(found.x).all()
    if documented or expected.largest[-1] > np.finfo(dtype).max:
        assert is_seen, f"{size:g}: it overflows, and nothing shows it"
    if documented:
        return
    upto = 1 + int((expected.largest < np.finfo(dtype).max / 1e3).sum())  # the number is outside the range of the dtype
    assert upto <= STEPS or not is_seen
    got, want = found.x[:upto], expected.x[:upto]
    moved = np.abs(np.diff(want, axis=0, prepend=want[:1]))
    far = np.abs(got - want) > {"float64": 1e-9, "float32": 1e-3}[dtype] * (np.abs(want) + moved)
    assert not far.any(), f"{size:g}: {got[far.any(axis=1)][0]} in place of {want[far.any(axis=1)][0]}"


def rule_of(name: str, **choices: Any) -> Rule:
    one = BUILT_IN.optimizer(name)
    return Rule(one, {**one.signature.choices, **choices})


@pytest.mark.parametrize("dtype", SIZES)
@pytest.mark.parametrize("name", sorted(BUILT_IN.optimizers))
def test_every_rule_follows_its_formula(name, dtype):
    """Except for documented exceptions, which are strict: they overflow at every large size."""
    for size in SIZES[dtype]:
        squared = size * 1e-6 if name == "prodigy" else size  # which squares d g, and d is 1e-6 in the beginning
        documented = name in SQUARES | PRODUCTS and squared > ROOT[dtype] / 10
        if name not in PRODUCTS or (documented and dtype == "float64"):
            check(rule_of(name), size, dtype, documented)


@pytest.mark.parametrize(("dtype", "sizes"), [("float64", [1e-100, 1e-29, 1e100]), ("float32", [1e-10, 1.0, 1e10])])
def test_products_of_middle_size(dtype, sizes):
    """One step of conjugate gradients, whose secant has few digits in float32."""
    for size in sizes:
        found, expected = (path(rule_of("conjugate_gradient"), size, kind) for kind in (dtype, WIDE))
        np.testing.assert_allclose(found.x[1], expected.x[1].astype(float), rtol=1e-2 if dtype == "float32" else 1e-9)


@pytest.mark.parametrize(("dtype", "sizes"), [("float64", [1e-300, 1e-200]), ("float32", [1e-38, 1e-30])])
def test_products_that_vanish(dtype, sizes):
    """Then the direction is the gradient, and the step lr: x moves by no more than that."""
    for size in sizes:
        assert (path(rule_of("conjugate_gradient"), size, dtype).x == START.astype(dtype)).all()


VARIANTS = [
    *(("barzilai_borwein", {"step": "long"}), ("lars", {"nesterov": True}), ("muon", {"corrected": True})),
    *(("muon", {"nesterov": False}), ("sgd", {"nesterov": True}), ("adamax", {"eps_outside": True})),
]


@pytest.mark.parametrize(("name", "choices"), VARIANTS)
def test_variants_of_rules(name, choices):
    for size in SIZES["float64"]:
        check(rule_of(name, **choices), size, "float64", size > 1e153 and name in SQUARES)


def test_matrices_of_muon():
    """Muon for matrices, where only normalized values are squared."""
    for size in SIZES["float64"]:
        found, expected = (path(rule_of("muon"), size, kind, tensors=((3, 3),)).x for kind in ("float64", WIDE))
        np.testing.assert_allclose(found, expected.astype(float), rtol=1e-9)


# ---- transforms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", SIZES)
@pytest.mark.parametrize("name", sorted(BUILT_IN.transforms))
@pytest.mark.parametrize("lr", [0.01, 1e-38])
def test_every_transform_follows_its_formula(name, dtype, lr):
    one = BUILT_IN.transform(name)
    for size in SIZES[dtype]:
        rule = Rule(gd, {}, transforms=(one,), transform_choices=(one.signature.choices,))
        check(rule, size, dtype, documented=False, numbers={("hyperparameter", "lr"): lr})


@pytest.mark.parametrize("most", [1e-100, 1e-3, 1.0, 1e100])
def test_a_clipped_gradient_has_the_requested_norm(most):
    direction = np.array([3.0, -4.0]) / 5
    for size in (1e-300, 1e-160, 1e-99, 1.0, 1e99, 1e160, 1e300, 1.7e308):
        clipped = BUILT_IN.transform("clip_norm")(np.zeros(2), size * direction, max_norm=most)
        np.testing.assert_allclose(clipped, min(size, most) * direction, rtol=1e-14)


# ---- in the lab ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("backend", "dtype"), [("replay", "float64"), ("native", "float64"), ("replay", "float32")])
@pytest.mark.parametrize("name", every(3, sorted(BUILT_IN.optimizers)))
def test_every_overflow_in_a_run_is_a_divergence(name, backend, dtype, planned):
    """Each run goes where the plain rule goes; where that overflows, it has diverged."""
    record = {"points": STEPS + 1, "trajectories": True}
    tables = {"problem": [{"name": "bowl", "size": SIZES[dtype]}], "optimizer": [{"name": name}]}
    sweep = planned(tables | {"steps": STEPS, "record": record, "precision": dtype}, bowl).sweeps[0]
    done = runner.Runner([one := replace(sweep, backend=backend)])(one)
    random = "rng" in BUILT_IN.optimizer(name).signature.supplied
    for run, size in enumerate(sweep.numbers["option", "size"]):
        plain = path(rule_of(name), size, dtype, tensors=((START.size,),))
        diverged = STATUSES[done.status[run]] == "diverged"
        assert not np.isfinite(done.final_loss[run]) or not diverged
        with np.errstate(all="ignore"):
            losses = [float(bowl(x, size=size)) for x in plain.x]
        if name in SQUARES and size > (1e163 if dtype == "float64" else 1e25):
            assert diverged
        if not random:
            assert diverged == (plain.is_lost or not np.isfinite(losses).all() or not np.isfinite(plain.x).all()), size
        sensitive = dtype == "float32" and name in PRODUCTS  # its line search amplifies roundings
        if not random and not diverged and not sensitive:
            np.testing.assert_allclose(
                done.x[:, :, run], plain.x, rtol=1e-8 if dtype == "float64" else 1e-3, err_msg=f"{size:g}"
            )


@pytest.mark.parametrize("name", sorted(SQUARES | PRODUCTS))
def test_every_exception_is_in_the_docstring_and_on_the_page(name):
    said = inspect.getdoc(BUILT_IN.optimizer(name).function)
    page = File("docs/sizes.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and f"`{name}`" in line]
    assert len(rows) == 1
    for numbers in ("1e154", "1e19"):
        assert numbers in said, numbers
        assert numbers in rows[0], numbers
    assert "diverged" in said
    assert "diverged" in rows[0]


def test_no_other_rule_is_on_the_page():
    page = File("docs/sizes.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    named = {word.strip("`,") for line in rows for word in line.split("|")[1].split()}
    assert named == SQUARES | PRODUCTS
