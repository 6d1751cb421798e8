"""The gradient of whole programs against torch, the kinks, and branches that are not taken."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab import grad, hessian, hvp, jvp, relu, sigmoid
from optlab.engine.derivatives import gradient_graph
from optlab.engine.trace import trace
from tests.cases import first_cases
from tests.engine.kinks import CURVED, HONEST, KINKS, MASKED

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("block", first_cases(1, range(20)))
def test_random_programs_against_torch(block, random_program):
    for seed in range(50 * block, 50 * block + 50):
        program = random_program(np.random.default_rng(seed))
        everything = tuple(range(len(program.inputs)))
        value, *gradients = gradient_graph(trace(program.numpy, *program.inputs), everything)(*program.inputs)
        leaves = [torch.tensor(x, requires_grad=True) for x in program.inputs]
        y = program.torch(*leaves) + 0.0 * sum(leaf.sum() for leaf in leaves)
        expected = [g.numpy() for g in torch.autograd.grad(y, leaves)]
        assert value == pytest.approx(y.item(), rel=1e-13, abs=1e-13)
        scale = 1 + max(np.abs(e).max() for e in expected)
        for ours, theirs in zip(gradients, expected, strict=True):
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() <= 1e-13 * scale, seed


def test_random_programs_have_shared_subexpressions(random_program):
    programs = [random_program(np.random.default_rng(seed)) for seed in range(100)]
    names = {node.op.name for p in programs for node in trace(p.numpy, *p.inputs).nodes}
    assert {"place", "take", "matmul", "getitem", "reshape", "transpose", "broadcast_to", "detach", "max"} <= names
    assert {"arctan2", "logaddexp", "hypot", "take_along", "argsort", "solve", "det", "cholesky", "fmod"} <= names
    assert np.mean([len(p.steps) for p in programs]) > 12
    shared = [np.bincount([i for _, operands in p.steps for i in operands]).max() for p in programs]
    assert np.mean(np.array(shared) > 1) > 0.9


# ---- kinks: the table of docs/engine.md ----------------------------------------------------------------------


@pytest.mark.parametrize("name", KINKS)
def test_gradients_at_kinks(name):
    f, x, expected = KINKS[name]
    assert grad(f)(np.array(x)) == pytest.approx(np.array(expected), rel=1e-15, abs=0)


@pytest.mark.parametrize("name", CURVED)
def test_second_derivatives_at_kinks_are_right_or_nan(name):
    f, x, expected = CURVED[name]
    x, expected = np.array(x), np.array(expected)
    found = hessian(f)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-300)
    ones = np.ones_like(x)
    for product in (hvp(f)(x, ones), jvp(grad(f))(x, ones)):
        np.testing.assert_allclose(product, expected @ ones if x.ndim else expected, rtol=1e-14, atol=1e-300)


def test_second_derivatives_of_the_norm_away_from_its_kink():
    hessian = [grad(lambda x, i=i: grad(lambda x: np.linalg.norm(x))(x)[i])(np.array([3.0, 4.0])) for i in (0, 1)]
    assert np.allclose(hessian, [[16 / 125, -12 / 125], [-12 / 125, 9 / 125]], rtol=1e-14)


# ---- where: a branch that is not taken leaks nothing --------------------------------------------------------------


@pytest.mark.parametrize("name", MASKED)
def test_a_branch_that_is_not_taken_has_no_effect(name):
    f, x, expected = MASKED[name]
    assert grad(f)(np.array(x)) == pytest.approx(np.array(expected), rel=1e-14, abs=0)


@pytest.mark.parametrize("name", [n for n in MASKED if n not in ("division", "overflowing exp", "sigmoid by hand")])
def test_second_derivatives_under_a_mask_equal_those_without_where_both_are_finite(name):
    """Away from infinite slopes the mask must change nothing, also in second derivatives."""
    f, x, _ = MASKED[name]
    x = np.random.default_rng(0).uniform(2.0, 3.0, size=np.shape(x))
    v = np.random.default_rng(1).normal(size=x.shape)
    h = 1e-5
    ours = grad(lambda x: np.sum(grad(f)(x) * v))(x)
    numeric = (grad(f)(x + h * v) - grad(f)(x - h * v)) / (2 * h)
    assert np.allclose(ours, numeric, rtol=1e-6, atol=1e-8)


def test_a_product_that_happens_to_be_zero_under_a_mask_keeps_its_curvature():
    f = lambda x: np.where(x > -1, np.stack([np.sin(x)]) @ np.stack([x]), 0.0)  # noqa: E731  x sin(x)
    assert grad(grad(f))(0.0) == 2.0


@pytest.mark.parametrize("name", HONEST)
def test_nan_and_infinity_are_not_hidden(name):
    f, expected, x = HONEST[name]
    gradient = grad(f)(np.array(x))
    assert expected(gradient[0])


def test_sigmoid_and_relu_equal_their_formulas():
    x = np.linspace(-3, 3, 13) + 0.1
    assert np.allclose(
        grad(lambda x: np.sum(sigmoid(x)))(x), grad(lambda x: np.sum(1 / (1 + np.exp(-x))))(x), rtol=1e-14
    )
    assert grad(lambda x: np.sum(relu(x)))(x).tolist() == grad(lambda x: np.sum(np.maximum(x, 0)))(x).tolist()


def test_gradients_of_slices_are_added_in_one_array():
    x = np.arange(5.0)
    graph = gradient_graph(optlab.trace(lambda x: np.sum(x[1:] * x[:-1]), x))
    assert [n.op.name for n in graph.nodes].count("place") == 1
    assert graph(x)[1].tolist() == [1.0, 2.0, 4.0, 6.0, 3.0]
