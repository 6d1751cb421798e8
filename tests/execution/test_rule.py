"""A rule with transforms of the gradient and the step, with random numbers, and for one tensor at a time."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

import optlab
from optlab import optimizer, problem, transform
from optlab.errors import PluginError, SpecError
from optlab.execution import runner
from optlab.execution.randomness import Draw, Draws, normal, uniform
from optlab.execution.records import Case, FixedPoint
from optlab.execution.rule import Rule
from optlab.execution.step import build, build_for

START = np.array([3.0, -2.0])


@problem(start=START)
def slope(x):
    """f = x^2 + 2 y^2, with the gradient (2x, 4y)."""
    return np.sum(np.array([1.0, 2.0]) * x**2)


def gradient(x):
    return np.array([2.0, 4.0]) * x


@transform
def doubled(x, g, *, by=2.0):
    """The gradient times a number."""
    return by * g


@transform
def summed(x, g, total=0.0, *, keep=True):
    """The sum of all gradients so far."""
    total = total + g
    return total if keep else g, total


@transform
def halfway(x, count=0.0, *, step, share=0.5):
    """A fraction of the step."""
    return x + share * (step(x) - x), count + 1


@transform
def ahead(x, *, step):
    """The step, computed at a point ahead."""
    return step(x + 0.1)


@transform
def lazy(x, *, step):
    """Calls no step."""
    return x


@transform
def twofold(x, *, step):
    """Calls step twice."""
    return step(step(x))


@optimizer(per="tensor")
def rowwise(x, g, m=0.0, biggest=lambda x: np.zeros(()), *, lr=0.1):
    """Each tensor is moved by its own largest gradient."""
    m = 0.5 * m + g
    largest = np.max(np.abs(g))
    return x - lr * m / (1 + largest), m, np.maximum(biggest, largest)


@optimizer
def shaken(x, g, *, rng, lr=0.1, heat=0.5):
    """Gradient descent with noise."""
    return x - lr * g + heat * rng.standard_normal(x.shape) + 0.0 * rng.random(3)[0]


OURS = (slope, doubled, summed, halfway, ahead, lazy, twofold, rowwise, shaken)


def sweep_of(planned, transforms=(), rule="gd", steps=12, problem="slope", **table):
    optimizer = {"name": rule, "lr": 0.1, "transforms": list(transforms), **table}
    tables = {"problem": [{"name": problem}], "optimizer": [optimizer], "steps": steps}
    (sweep,) = planned(tables | {"record": {"points": steps + 1}}, *OURS).sweeps
    return sweep


def path(planned, *args, run=0, **kwargs):
    return runner.run(sweep_of(planned, *args, **kwargs)).x[:, :, run]


def followed(move, steps=12):
    """x after every step, by hand; `move(x, memory)` may keep state in a dictionary."""
    x, memory, found = START, {}, [START]
    for _ in range(steps):
        x = move(x, memory)
        found.append(x)
    return np.array(found)


def sum_of(memory, g):
    memory["total"] = memory.get("total", 0) + g
    return memory["total"]


BY_HAND = {
    "one of the gradient": (["doubled"], lambda x, m: x - 0.1 * 2 * gradient(x)),
    "with an option": ([{"name": "doubled", "by": 3.0}], lambda x, m: x - 0.1 * 3 * gradient(x)),
    "in their order": (["doubled", "summed"], lambda x, m: x - 0.1 * sum_of(m, 2 * gradient(x))),
    "a choice": ([{"name": "summed", "keep": False}], lambda x, m: x - 0.1 * gradient(x)),
    "one of the step": (["halfway"], lambda x, m: x + 0.5 * (-0.1 * gradient(x))),
    "both kinds": (["halfway", "doubled"], lambda x, m: x + 0.5 * (-0.2 * gradient(x))),
    "from another point": (["ahead"], lambda x, m: x + 0.1 - 0.1 * gradient(x + 0.1)),
    "one around the other": (["ahead", "halfway"], lambda x, m: x + 0.5 * (0.1 - 0.1 * gradient(x + 0.1))),
    "the other around the one": (["halfway", "ahead"], lambda x, m: x + 0.1 + 0.5 * (-0.1 * gradient(x + 0.1))),
}


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize("name", BY_HAND)
def test_transforms_against_calculations_by_hand(planned, name, backend):
    transforms, move = BY_HAND[name]
    sweep = dataclasses.replace(sweep_of(planned, transforms), backend=backend)
    task = runner.Runner([sweep])
    np.testing.assert_allclose(task(sweep).x[:, :, 0], followed(move), rtol=1e-12)
    assert task.backend(sweep) == backend


def test_decoupled_decay_equals_adamw(planned):
    """torch.optim.AdamW, its learning rate halved every five steps."""
    import torch

    table = {"rule": "adam", "schedule": {"name": "step", "every": 5, "factor": 0.5}}
    ours = path(planned, [{"name": "weight_decay", "decay": 0.2}], **table)
    x = torch.tensor(START, requires_grad=True)
    theirs = torch.optim.AdamW([x], lr=0.1, weight_decay=0.2)
    found = [START]
    for t in range(12):
        theirs.param_groups[0]["lr"] = 0.1 * 0.5 ** (t // 5)
        x.grad = torch.tensor(gradient(x.detach().numpy()))
        theirs.step()
        found.append(x.detach().numpy().copy())
    np.testing.assert_allclose(ours, found, rtol=1e-13)


def test_clipping_equals_that_of_torch(planned):
    import torch

    x = torch.tensor(START, requires_grad=True)
    found = [START]
    for _ in range(12):
        x.grad = torch.tensor(gradient(x.detach().numpy()))
        torch.nn.utils.clip_grad_norm_([x], 1.5)
        with torch.no_grad():
            x -= 0.1 * x.grad
        found.append(x.detach().numpy().copy())
    ours = path(planned, [{"name": "clip_norm", "max_norm": 1.5}])
    np.testing.assert_allclose(ours, found, rtol=1e-6)  # torch divides by the norm + 1e-6


def test_options_are_swept_and_stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    transforms = [{"name": "clip_norm", "max_norm": [0.5, 2.0]}, {"name": "weight_decay", "decay": [0.0, 0.1, 0.2]}]
    table = {"name": "gd", "lr": [0.01, 0.1], "transforms": transforms}
    document = {"name": "e", "steps": 5, "problem": [{"name": "sphere"}], "optimizer": [table, {"name": "gd"}]}
    results = optlab.run(document, plots=False)
    runs = results.runs[results.runs["transforms"].notna()]
    assert len(runs) == 12
    assert set(runs["transforms"]) == {"clip_norm, weight_decay"}
    assert set(runs["label"]) == {"gd, clip_norm, weight_decay"}
    found = runs[["transform.clip_norm.max_norm", "transform.weight_decay.decay"]].drop_duplicates().to_numpy()
    assert sorted(map(tuple, found)) == [(c, d) for c in (0.5, 2.0) for d in (0.0, 0.1, 0.2)]
    assert results.runs["transform.clip_norm.max_norm"].isna().sum() == 1
    names = {"optimizer gd", "problem sphere", "transform clip_norm", "transform weight_decay"}
    assert results.manifest["hashes"].keys() == names


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        (["clip_nrm"], "there is no transform 'clip_nrm' (did you mean 'clip_norm'?)"),
        (["clip_norm", "clip_norm"], "clip_norm is given twice; a rule can have each transform once"),
        ([{"name": "clip_norm", "max": 1.0}], "clip_norm has no option 'max'; it has max_norm"),
        ([{"name": "clip_norm", "max_norm": -1.0}], "clip_norm: 'max_norm' must lie in (0, inf), not -1"),
        ([{"max_norm": 1.0}], 'name is missing: write name = "clip_norm"'),
        ("clip_norm", "transforms must be a list of names or tables, not the text 'clip_norm'"),
        ([3], "transforms[0] must be a name or a table, not 3"),
    ],
)
def test_mistakes_in_a_file(planned, transforms, message):
    tables = {"problem": [{"name": "sphere"}], "optimizer": [{"name": "gd", "transforms": transforms}], "steps": 3}
    with pytest.raises(SpecError) as caught:
        planned(tables)
    assert message in str(caught.value)
    assert ": optimizer 1, transforms" in str(caught.value)


def test_a_rule_without_a_learning_rate_has_no_decay(planned):
    @optimizer
    def fixed(x, g, *, length=0.1):
        return x - length * g

    tables = {"problem": [{"name": "sphere"}], "optimizer": [{"name": "fixed", "transforms": ["weight_decay"]}]}
    with pytest.raises(SpecError, match="weight_decay needs 'lr', but fixed has no such hyperparameter"):
        planned(tables | {"steps": 3}, fixed)


@pytest.mark.parametrize(
    ("around", "message"),
    [(lazy, "transform 'lazy' never calls step"), (twofold, "transform 'twofold' calls step more than once")],
)
def test_a_transform_may_call_step_once_only(built_in, around, message):
    rule = Rule(built_in.optimizer("gd"), {}, transforms=(around,), transform_choices=({},))
    with pytest.raises(PluginError, match=rf"test_rule\.py:\d+: {message}"):
        build(Case(slope, 2, FixedPoint(START)), rule, 10)


def test_the_values_returned_by_a_transform_are_checked(built_in):
    @transform
    def forgets(x, g, m=0.0):
        return g

    rule = Rule(built_in.optimizer("gd"), {}, transforms=(forgets,), transform_choices=({},))
    message = "transform 'forgets' returns 1 value, but its signature needs 2: return g, m"
    with pytest.raises(PluginError, match=message):
        build(Case(slope, 2, FixedPoint(START)), rule, 10)


def test_gradients_are_counted_wherever_they_are_taken(planned):
    assert build_for(sweep_of(planned, ["halfway", "doubled"])).grad_evals == 1
    assert build_for(sweep_of(planned, ["ahead"])).grad_evals == 1


# ---- random numbers --------------------------------------------------------------------------------------------------


def test_noise_of_a_seed_does_not_depend_on_other_runs():
    draws = (Draw("standard_normal", (2, 3)), Draw("random", ()))
    seeds = np.array([4, 0, 7, 4])
    together, alone = Draws(1, seeds, draws), Draws(1, seeds[2:3], draws)
    many, one = ([np.empty((2, 3, n)), np.empty(n)] for n in (4, 1))
    seen = []
    for step in (1, 2):
        together.fill(step, many)
        alone.fill(step, one)
        for a, b in zip(many, one, strict=True):
            assert a[..., 2].tolist() == b[..., 0].tolist()
            assert a[..., 0].tolist() == a[..., 3].tolist()
            assert a[..., 0].tolist() != a[..., 1].tolist()
        seen.append(many[0].copy())
    assert (seen[0] != seen[1]).all()


def test_normal_numbers_are_normal():
    from scipy import stats

    values = normal(0, "test", np.arange(2000), 25)
    assert values.shape == (2000, 25)
    assert stats.kstest(values.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(values[:, 0], values[:, 1])[0, 1]) < 0.1
    assert stats.kstest(uniform(0, "test", np.arange(2000), 25).ravel(), "uniform").pvalue > 1e-3


def test_a_rule_gets_new_random_numbers_in_each_step_that_depend_on_the_seed_only(planned):
    table = {"name": "shaken", "lr": [0.1, 0.2], "heat": 0.5}
    tables = {"problem": [{"name": "slope"}], "optimizer": [table], "steps": 9, "seeds": 3}
    (sweep,) = planned(tables | {"record": {"points": 10}}, *OURS).sweeps
    assert len(sweep) == 6  # the rule is random, though the start is not
    done = runner.run(sweep)
    lr = sweep.numbers["hyperparameter", "lr"]
    x = done.x
    noise = (x[1:] - x[:-1] + lr * np.array([2.0, 4.0])[:, None] * x[:-1]) / 0.5
    np.testing.assert_allclose(noise[:, :, :3], noise[:, :, 3:], rtol=1e-9)  # the same for either learning rate
    assert len(np.unique(noise[:, :, :3].round(9))) == 9 * 2 * 3
    block = runner.run(sweep.block(slice(4, 5)))
    assert block.x[:, :, 0].tolist() == x[:, :, 4].tolist()
    native = runner.run(dataclasses.replace(sweep, backend="native"))
    np.testing.assert_allclose(native.x, x, rtol=1e-12)


def test_an_unknown_random_distribution_is_an_error(planned):
    @optimizer
    def poisson(x, g, *, rng, lr=0.1):
        return x - lr * rng.poisson(1.0, x.shape)

    sweep = planned({"problem": [{"name": "sphere"}], "optimizer": [{"name": "poisson"}], "steps": 3}, poisson).sweeps[
        0
    ]
    with pytest.raises(
        Exception, match=r"rng has no poisson here.*standard_normal, standard_exponential, random, normal, uniform"
    ):
        build_for(sweep)


# ---- one tensor at a time --------------------------------------------------------------------------------------------


def test_a_rule_for_tensors_gets_weights_and_biases_in_their_shapes(planned):
    """By hand, with the gradients of the whole vector."""
    from optlab import grad

    mlp = {"name": "mlp", "dataset": "xor", "hidden": [3]}
    tables = {"problem": [mlp], "optimizer": [{"name": "rowwise"}], "steps": 4, "record": {"trajectories": True}}
    (sweep,) = planned(tables, *OURS).sweeps
    assert sweep.case.tensors == ((2, 3), (3,), (3, 2), (2,))
    done = runner.run(sweep)
    split, choices = sweep.case.split, sweep.case.choices
    f = grad(lambda x: sweep.case.problem(x, inputs=split.train_inputs, targets=split.train_targets, **choices))
    x, m = done.x[0, :, 0], np.zeros(17)
    for n in range(4):
        g = f(x)
        m = 0.5 * m + g
        largest = np.concatenate(
            [np.full(k, np.abs(g[at : at + k]).max()) for at, k in ((0, 6), (6, 3), (9, 6), (15, 2))]
        )
        x = x - 0.1 * m / (1 + largest)
        np.testing.assert_allclose(done.x[n + 1, :, 0], x, rtol=1e-9, atol=1e-12)
    assert [v.name for v in build_for(sweep).graph.inputs[1:4]] == ["m.0", "biggest.0", "m.1"]


def test_a_test_function_is_one_tensor(planned):
    sweep = sweep_of(planned, rule="rowwise")
    assert sweep.case.tensors == ((2,),)
    m = {}

    def move(x, memory):
        g = gradient(x)
        m["m"] = 0.5 * m.get("m", 0) + g
        return x - 0.1 * m["m"] / (1 + np.abs(g).max())

    np.testing.assert_allclose(runner.run(sweep).x[:, :, 0], followed(move), rtol=1e-12)


def test_a_rule_for_tensors_gets_no_gradient_at_other_points():
    @optimizer(per="tensor")
    def looks_around(x, g, *, grad, lr=0.1):
        return x - lr * grad(x)

    with pytest.raises(PluginError, match="needs grad, which is not available to a rule for one tensor"):
        build(Case(slope, 2, FixedPoint(START)), Rule(looks_around, {}), 10)


def test_an_initial_state_may_depend_on_choices():
    @optimizer
    def remembers(x, g, past=lambda x, history: np.zeros((history, x.size)), *, lr=0.1, history=3):
        return x - lr * g - 0.0 * np.sum(past), np.concatenate([past[1:], g[None]])

    for history in (2, 5):
        graph = build(Case(slope, 2, FixedPoint(START)), Rule(remembers, {"history": history}), 10)
        assert graph.graph.inputs[1].shape == (history, 2)


def test_any_callable_can_be_the_initial_state():
    def repeated(value, x, history):
        return np.full((history, x.size), value)

    ones = functools.partial(repeated, 1.0)

    @optimizer
    def remembers(x, g, past=ones, *, lr=0.1, history=3):
        return x - lr * g - 0.0 * np.sum(past), np.concatenate([past[1:], g[None]])

    graph = build(Case(slope, 2, FixedPoint(START)), Rule(remembers, {"history": 4}), 10)
    assert graph.graph.inputs[1].shape == (4, 2)
