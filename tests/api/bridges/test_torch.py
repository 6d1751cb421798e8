"""Rules of optlab as optimizers of torch: a small network trained by both, and the interface of torch optimizers."""

from __future__ import annotations

import copy
import io
import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from torch import nn

from optlab import optimizer
from optlab.api.bridges.torch import RuleOptimizer, as_torch
from optlab.errors import PluginError, UnknownName, UserError
from tests.cases import every

NATIVE = [
    ("gd", {"lr": 0.1}, torch.optim.SGD, {"lr": 0.1}),
    ("momentum", {"lr": 0.05, "beta": 0.8}, torch.optim.SGD, {"lr": 0.05, "momentum": 0.8}),
    ("adagrad", {"lr": 0.05, "lr_decay": 0.01}, torch.optim.Adagrad, {"lr": 0.05, "lr_decay": 0.01}),
    ("rmsprop", {"lr": 0.003}, torch.optim.RMSprop, {"lr": 0.003}),
    ("adam", {"lr": 0.01, "beta1": 0.8}, torch.optim.Adam, {"lr": 0.01, "betas": (0.8, 0.999)}),
]


@optimizer
def sam(x, g, *, grad, lr=0.05, rho=0.05):
    """Sharpness-aware minimisation (Foret et al., 2021)."""
    return x - lr * grad(x + rho * g / (np.linalg.norm(g) + 1e-12))


@optimizer
def polyak(x, g, *, f, lr=0.5):
    """Polyak's step towards a minimum of 0."""
    return x - lr * f / (np.sum(g * g) + 1e-12) * g


@optimizer
def cautious(x, g, *, loss, f, lr=0.05):
    """A step only in entries in which it decreases the loss."""
    return np.where(loss(x - lr * g) < f, x - lr * g, x)


@optimizer
def cauchy(x, g, *, hvp, lr=1.0):
    """The best step along the gradient of a quadratic."""
    return x - lr * np.sum(g * g) / np.sum(g * hvp(g)) * g


@optimizer
def falling(x, g, *, t, steps, lr=0.1):
    """A learning rate that falls to 0."""
    return x - lr * (1 - t / steps) * g


@optimizer
def wandering(x, g, m=0.0, *, rng, lr=0.1):
    """Noise on the gradient."""
    m = 0.5 * m + g + rng.standard_normal(x.shape)
    return x - lr * m, m


@optimizer(per="tensor", ranges={"lr": "(0, inf)"})
def normalized(x, g, m=0.0, *, lr=0.1):
    """A step of the same length for each tensor."""
    m = 0.9 * m + g
    return x - lr * m / (np.sqrt(np.sum(m * m)) + 1e-12), m


@optimizer
def adagrad_norm(x, g, b=lambda x: 0.0, *, lr=0.5):
    """AdaGrad with one number for all parameters (Ward et al., 2019)."""
    b = np.sqrt(b * b + np.sum(g * g))
    return x - lr * g / b, b


def network(dtype):
    """A small network and its data, the same each time."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(dtype)
    inputs = torch.randn(32, 4, dtype=dtype)
    return net, inputs, torch.sin(inputs[:, :3] * 2)


def closure_of(net, inputs, targets, optimizer, **backward):
    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(inputs), targets)
        loss.backward(**backward)
        return loss

    return closure


def trained(dtype, make, steps=100, scheduler=None):
    """The parameters after training with an optimizer."""
    net, inputs, targets = network(dtype)
    made = make(net.parameters())
    schedule = scheduler and scheduler(made)
    closure = closure_of(net, inputs, targets, made)
    for _ in range(steps):
        made.step(closure)
        if schedule:
            schedule.step()
    return parameters(net)


def parameters(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()]).clone()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_state_that_is_one_number(dtype):
    w = torch.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    made = as_torch(adagrad_norm, [w])
    x, b = np.array([1.0, 2.0]), 0.0
    for _ in range(3):
        made.zero_grad()
        (w[0] ** 2 + 3 * w[1] ** 2).backward()
        made.step()
        x, b = adagrad_norm(x, 2 * SCALES * x, b)
    np.testing.assert_allclose(w.detach().numpy(), x, rtol=10 * torch.finfo(dtype).eps)
    assert w.dtype == made.state[w]["b"].dtype == dtype


# ---- against torch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=str)
@pytest.mark.parametrize(
    ("name", "ours", "native", "theirs"), every(2, NATIVE), ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_network_learns_as_by_the_native_optimizer(name, ours, native, theirs, dtype, most):
    found = trained(dtype, as_torch(name, **ours))
    expected = trained(dtype, lambda params: native(params, foreach=False, **theirs))
    assert found.dtype == dtype
    assert float((found - expected).abs().max()) <= most
    assert (
        float((expected - trained(dtype, as_torch(name, **ours), steps=0)).abs().max()) > 0.1
    )  # the parameters have changed


def test_every_reference_that_a_rule_declares(built_in):
    """A rule with a declared torch reference equals it. NAdam of torch keeps a product in the default dtype."""
    torch.set_default_dtype(torch.float64)
    try:
        _every_reference(built_in)
    finally:
        torch.set_default_dtype(torch.float32)


def _every_reference(built_in):
    for rule in built_in.optimizers.values():
        for name, arguments in rule.references.items():
            package, _, native = name.partition(":")
            if package != "torch" or rule.per != "vector":
                continue
            ours = arguments.get("where", {})
            options = {**rule.signature.options, **ours}

            def value(of, options=options):
                if isinstance(of, tuple):
                    return tuple(value(part) for part in of)
                return options[of] if isinstance(of, str) and of in options else of

            theirs = {argument: value(of) for argument, of in arguments.items() if argument != "where"}
            found = trained(torch.float64, as_torch(rule, **ours), steps=50)
            expected = trained(
                torch.float64, lambda params, n=native, a=theirs: getattr(torch.optim, n)(params, **a), 50
            )
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-12, msg=rule.name)


def test_a_scheduler_of_torch_changes_the_learning_rate():
    def falling(made):
        return torch.optim.lr_scheduler.StepLR(made, step_size=5, gamma=0.5)

    found = trained(torch.float64, as_torch("adam", lr=0.05), 30, falling)
    expected = trained(torch.float64, lambda p: torch.optim.Adam(p, lr=0.05, foreach=False), 30, falling)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    constant = trained(torch.float64, as_torch("adam", lr=0.05), 30)
    assert float((found - constant).abs().max()) > 0.1


def test_a_scheduler_may_leave_the_range_of_the_learning_rate():
    w = nn.Parameter(torch.ones(2))
    made = as_torch(normalized, [w], lr=0.1)
    made.param_groups[0]["lr"] = 0.0
    w.grad = torch.ones(2)
    made.step()
    assert w.tolist() == [1.0, 1.0]


def test_a_rule_may_count_its_steps_itself():
    @optimizer
    def counting(x, g, step=0.0, *, lr=1.0):
        """Counts."""
        return x - lr * step, step + 1

    w = nn.Parameter(torch.zeros(1))
    made = as_torch(counting, [w])
    for _ in range(3):
        w.grad = torch.ones(1)
        made.step()
    assert w.tolist() == [-3.0]
    assert {name: float(value) for name, value in made.state[w].items()} == {"step": 3, "step number": 3}


def test_groups_have_hyperparameters_of_their_own():
    def groups(params):
        first, *rest = params
        return [{"params": [first], "lr": 0.1, "beta": 0.5}, {"params": rest}]

    def native(params):
        (one, two) = groups(params)
        one["momentum"] = one.pop("beta")
        return torch.optim.SGD([one, two], lr=0.01, momentum=0.9, foreach=False)

    found = trained(torch.float64, lambda params: as_torch("momentum", groups(params), lr=0.01, beta=0.9))
    torch.testing.assert_close(found, trained(torch.float64, native), rtol=0, atol=1e-12)


def test_a_parameter_without_a_gradient_stays():
    used, unused = (nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64)) for _ in range(2))
    made = as_torch("adam", [unused, used], lr=0.1)
    for _ in range(3):
        made.zero_grad()
        (used**2).sum().backward()
        made.step()
    assert unused.tolist() == [1.0, -2.0]
    alone = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    native = torch.optim.Adam([alone], lr=0.1, foreach=False)
    for _ in range(3):
        native.zero_grad()
        (alone**2).sum().backward()
        native.step()
    torch.testing.assert_close(used, alone, rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", ["momentum", normalized], ids=["vector", "tensor"])
def test_the_state_of_a_parameter_without_a_gradient_is_unchanged(rule):
    first, second = (nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    made = as_torch(rule, [first, second], lr=0.1)
    (first.sum() + second.sum()).backward()
    made.step()
    before = copy.deepcopy(made.state_dict()["state"][0])
    at = second.tolist()
    made.zero_grad()
    first.sum().backward()
    made.step()
    after = made.state_dict()["state"][0]
    names = ("b", "b") if rule == "momentum" else ("m.0", "m.1")
    held = slice(2, 4) if rule == "momentum" else slice(None)
    moved = slice(0, 2) if rule == "momentum" else slice(None)
    assert after[names[1]][held].tolist() == before[names[1]][held].tolist()
    assert after[names[0]][moved].tolist() != before[names[0]][moved].tolist()
    assert second.tolist() == at


def test_a_step_without_any_gradient_changes_nothing():
    w = nn.Parameter(torch.ones(2))
    made = as_torch("adam", [w])
    assert made.step() is None
    assert w.tolist() == [1.0, 1.0]
    assert made.state_dict()["state"] == {}


# ---- with schedules and transforms -----------------------------------------------------------------------------------

STEPS = 60


def natively(make, before=lambda params: None, after=lambda step: None):
    """The parameters after a training loop of torch, with a function before and after each step of the optimizer."""
    net, inputs, targets = network(torch.float64)
    params = list(net.parameters())
    made = make(params)
    closure = closure_of(net, inputs, targets, made)
    for step in range(STEPS):
        closure()
        before(params)
        made.step()
        after(step)
    return parameters(net)


def sgd(params, lr=0.5, **options):
    return torch.optim.SGD(params, lr, foreach=False, **options)


def adam(params):
    return torch.optim.Adam(params, lr=0.05, foreach=False)


def cosine(params):
    made = adam(params)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(made, T_max=STEPS - 1)
    made.register_step_post_hook(lambda *_: schedule.step())
    return made


AROUND = {
    "clip_value": (
        as_torch("gd", lr=0.5, transforms=[{"name": "clip_value", "limit": 0.02}]),
        lambda: natively(sgd, lambda params: nn.utils.clip_grad_value_(params, 0.02, foreach=False)),
    ),
    "clip_norm": (
        as_torch("gd", lr=0.5, transforms=[{"name": "clip_norm", "max_norm": 0.05}]),
        lambda: natively(sgd, lambda params: nn.utils.clip_grad_norm_(params, 0.05, foreach=False)),
    ),
    "l2": (
        as_torch("momentum", lr=0.05, transforms=[{"name": "l2", "decay": 0.3}]),
        lambda: natively(lambda params: sgd(params, 0.05, momentum=0.9, weight_decay=0.3)),
    ),
    "weight_decay": (
        as_torch("adam", lr=0.05, transforms=[{"name": "weight_decay", "decay": 0.3}]),
        lambda: natively(lambda params: torch.optim.AdamW(params, lr=0.05, weight_decay=0.3, foreach=False)),
    ),
    "cosine": (as_torch("adam", lr=0.05, schedule="cosine", steps=STEPS), lambda: natively(cosine)),
    "both": (
        as_torch("adam", lr=0.05, schedule="cosine", transforms=[{"name": "clip_value", "limit": 0.02}], steps=STEPS),
        lambda: natively(cosine, lambda params: nn.utils.clip_grad_value_(params, 0.02, foreach=False)),
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_schedules_and_transforms_equal_those_of_torch(name):
    ours, theirs = AROUND[name]
    found = trained(torch.float64, ours, STEPS)
    most = 1e-5 if name == "clip_norm" else 1e-12  # torch adds 1e-6 to the norm that it divides by
    torch.testing.assert_close(found, theirs(), rtol=0, atol=most)
    alone = as_torch(ours.rule, **{k: v for k, v in ours.given.items() if k != "steps"})
    assert float((found - trained(torch.float64, alone, STEPS)).abs().max()) > 0.05


def test_a_schedule_and_a_scheduler_of_torch_are_multiplied():
    def halved(made):
        return torch.optim.lr_scheduler.StepLR(made, step_size=5, gamma=0.5)

    found = trained(
        torch.float64, as_torch("gd", lr=0.5, schedule={"name": "step", "every": 10, "factor": 0.1}), 20, halved
    )
    rates = [0.5 * 0.5 ** (t // 5) * 0.1 ** (t // 10) for t in range(20)]
    net, inputs, targets = network(torch.float64)
    made = sgd(net.parameters())
    for rate in rates:
        made.param_groups[0]["lr"] = rate
        made.step(closure_of(net, inputs, targets, made))
    torch.testing.assert_close(found, parameters(net), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "mean"), [("average", None), ("ema", 0.9)])
def test_an_average_equals_that_of_torch(name, mean):
    """As by `AveragedModel` of torch, with a native optimizer that takes its gradients at its own parameters."""
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    net, inputs, targets = network(torch.float64)
    made = sgd(net.parameters(), 0.1)
    averaged = AveragedModel(net, multi_avg_fn=mean and get_ema_multi_avg_fn(mean))
    if mean:
        averaged.update_parameters(net)  # begins with the start, as here
    closure = closure_of(net, inputs, targets, made)
    for _ in range(20):
        made.step(closure)
        averaged.update_parameters(net)
    expected = parameters(averaged.module)
    options = {"name": name, "decay": mean} if mean else {"name": name}
    found = trained(torch.float64, as_torch("gd", lr=0.1, transforms=[options]), 20)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert float((expected - parameters(net)).abs().max()) > 0.05


def test_lookahead_by_hand():
    w = nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
    made = as_torch("gd", [w], lr=0.1, transforms=[{"name": "lookahead", "every": 2.0}])
    slow = x = np.array([1.0, 2.0])
    for t in range(1, 5):
        made.zero_grad()
        (w**2).sum().backward()
        made.step()
        x = 0.8 * x
        if t % 2 == 0:
            slow = x = slow + 0.5 * (x - slow)
        np.testing.assert_allclose(w.detach().numpy(), x, rtol=1e-14)
    assert set(made.state[w]) == {"lookahead.slow", "step number"}


def test_a_transform_keeps_a_state_for_each_tensor():
    first, second = (nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64)) for _ in range(2))
    made = as_torch(normalized, [first, second], lr=0.1, transforms=["lookahead"])
    for still in (False, True):
        made.zero_grad()
        ((first**2).sum() + 0.0 * second.sum() if still else (first**2).sum() + (second**2).sum()).backward()
        second.grad = None if still else second.grad
        made.step()
    state = made.state[first]
    assert {name: tuple(value.shape) for name, value in state.items() if name != "step number"} == {
        "m.0": (2,),
        "m.1": (2,),
        "lookahead.slow": (4,),
    }
    assert state["lookahead.slow"].tolist() == [1.0, -2.0, 1.0, -2.0]
    # the second parameter had only the first step
    torch.testing.assert_close(second, torch.tensor([1 - 0.1 / 5**0.5, -2 + 0.2 / 5**0.5], dtype=torch.float64))


# ---- the interface of torch ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    ("rule", "around"),
    [
        ("adam", {}),
        (normalized, {}),
        (wandering, {}),
        ("adam", {"transforms": ["gradient_noise", "ema"], "schedule": "cosine", "steps": 20}),
    ],
    ids=["vector", "tensor", "noise", "around"],
)
def test_training_from_a_saved_state_is_equal_to_the_bit(rule, around, dtype):
    net, inputs, targets = network(dtype)
    made = as_torch(rule, net.parameters(), lr=0.02, **around)
    closure = closure_of(net, inputs, targets, made)
    for _ in range(5):
        made.step(closure)
    file = io.BytesIO()
    torch.save({"net": net.state_dict(), "optimizer": made.state_dict()}, file)
    for _ in range(5):
        made.step(closure)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    again, _, _ = network(dtype)
    torch.manual_seed(1)
    other = as_torch(rule, again.parameters(), lr=0.5, **around)
    again.load_state_dict(saved["net"])
    other.load_state_dict(saved["optimizer"])
    assert other.param_groups[0]["lr"] == 0.02
    closure = closure_of(again, inputs, targets, other)
    for _ in range(5):
        other.step(closure)
    assert torch.equal(parameters(net), parameters(again))
    for name, value in made.state_dict()["state"][0].items():
        found = other.state_dict()["state"][0][name]
        assert torch.equal(value, found) if isinstance(value, torch.Tensor) else value == found


def test_it_is_an_optimizer_of_torch_as_a_class_and_as_an_object():
    kind = as_torch("adam", lr=0.5)
    assert issubclass(kind, torch.optim.Optimizer)
    assert (kind.__name__, kind.rule.name) == ("adam", "adam")
    w = nn.Parameter(torch.ones(1))
    assert kind([w]).param_groups[0]["lr"] == 0.5
    assert kind([w], lr=0.25).param_groups[0]["lr"] == 0.25
    made = as_torch("adam", [w])
    assert isinstance(made, RuleOptimizer)
    assert made.defaults == {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "raw_eps": False}


def test_a_plugin_from_a_folder(tmp_path):
    (tmp_path / "half.py").write_text(
        textwrap.dedent("""
        from optlab import optimizer

        @optimizer
        def half(x, g, *, lr=1.0):
            '''Half the way.'''
            return 0.5 * x
        """)
    )
    w = nn.Parameter(torch.tensor([4.0]))
    w.grad = torch.zeros(1)
    as_torch("half", [w], plugins=[tmp_path]).step()
    assert w.tolist() == [2.0]


def test_the_closure_is_called_once_and_its_loss_is_returned():
    w = nn.Parameter(torch.tensor([3.0]))
    made = as_torch("gd", [w], lr=0.5)
    calls = []

    def closure():
        calls.append(w.item())
        made.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    assert made.step(closure).item() == 9.0
    assert (calls, w.tolist()) == ([3.0], [0.0])


# ---- rules that need more than the gradient --------------------------------------------------------------------------


def bowl(rule, steps=3, groups=1, horizon=None):
    """Steps on f(w) = w0^2 + 3 w1^2 from (1, 2), with w in one group or in two."""
    start = [torch.tensor([1.0, 2.0], dtype=torch.float64)]
    w = [nn.Parameter(p) for p in (start if groups == 1 else start[0].split(1))]
    made = as_torch(rule, [{"params": [p]} for p in w], **(horizon or {}))

    def closure():
        made.zero_grad()
        x = torch.cat(w)
        loss = x[0] ** 2 + 3 * x[1] ** 2
        loss.backward(create_graph=rule is cauchy)
        return loss

    for _ in range(steps):
        made.step(closure)
    assert not any(p.grad.requires_grad for p in w)
    return torch.cat(w).detach().numpy()


SCALES = np.array([1.0, 3.0])


def f(x):
    return np.sum(SCALES * x**2)


def by_numpy(rule):
    x = np.array([1.0, 2.0])
    for _ in range(3):
        offer = {"f": f(x), "loss": f, "grad": lambda p: 2 * SCALES * p, "hvp": lambda v: 2 * SCALES * v}
        x = rule(x, 2 * SCALES * x, **{name: offer[name] for name in rule.signature.supplied})
    return x


@pytest.mark.parametrize("rule", [sam, polyak, cautious], ids=lambda rule: rule.name)
def test_a_closure_returns_the_loss_and_gradients_at_other_points(rule):
    np.testing.assert_allclose(bowl(rule), by_numpy(rule), rtol=1e-14)


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
def test_a_hessian_times_a_vector():
    np.testing.assert_allclose(bowl(cauchy), by_numpy(cauchy), rtol=1e-14)


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
def test_a_hessian_is_available_only_at_x():
    with pytest.raises(UserError, match="hvp can only be computed at x"):
        bowl(cauchy, horizon={"transforms": ["ema"]})


def test_the_number_of_steps():
    x = np.array([1.0, 2.0])
    for t in range(1, 5):
        x = falling(x, 2 * SCALES * x, t=t, steps=4)
    np.testing.assert_allclose(bowl(falling, 4, horizon={"steps": 4}), x, rtol=1e-14)
    with pytest.raises(UserError, match="falling needs the number of steps; pass it, as in steps=1000"):
        as_torch(falling, [nn.Parameter(torch.ones(1))])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_numbers_overflow_as_in_numpy(dtype):
    """t^gamma is infinite in a late step, so that the noise is 0. Powers of Python floats raise there."""
    w = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=dtype))
    made = as_torch("gd", [w], lr=0.25, transforms=[{"name": "gradient_noise", "gamma": 100.0}])
    w.grad = torch.tensor([4.0, -8.0], dtype=dtype)
    made.step()
    made.state[w]["step number"] = 10**6
    with torch.no_grad():
        w.copy_(torch.tensor([1.0, -2.0]))
    made.step()
    assert w.dtype == dtype
    assert w.tolist() == [0.0, 0.0]


def test_a_division_by_zero_is_infinite_as_in_numpy():
    @optimizer
    def halves(x, g, *, lr=0.1, beta=0.5):
        """x - lr g / (1 - beta)."""
        return x - lr / (1 - beta) * g

    w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
    made = as_torch(halves, [w], beta=1.0)
    w.grad = torch.tensor([1.0, -1.0, 2.0])
    made.step()
    assert w.tolist() == [-math.inf, math.inf, -math.inf]


def test_groups_are_updated_together():
    """The gradient that a rule gets at another point does not depend on the steps or trials of the previous group."""
    w = [nn.Parameter(torch.tensor([value], dtype=torch.float64)) for value in (1.0, 2.0)]
    made = as_torch(sam, [{"params": [p]} for p in w])

    def closure():
        made.zero_grad()
        loss = (w[0] * w[1] ** 2).sum()
        loss.backward()
        return loss

    made.step(closure)
    # the gradient is (w1^2, 2 w0 w1) = (4, 4); each group looks 0.05 ahead along its own entry
    np.testing.assert_allclose(w[0].item(), 1 - 0.05 * 4, rtol=1e-11)
    np.testing.assert_allclose(w[1].item(), 2 - 0.05 * 2 * 2.05, rtol=1e-11)


def test_noise_comes_from_the_seed_of_torch():
    def ends(seed):
        torch.manual_seed(seed)
        w = nn.Parameter(torch.zeros(3))
        made = as_torch(wandering, [w])
        for _ in range(3):
            w.grad = torch.ones(3)
            made.step()
        return w.tolist()

    assert ends(5) == ends(5) != ends(6)
    torch.manual_seed(5)
    w = nn.Parameter(torch.zeros(3))
    made, path = as_torch(wandering, [w]), []
    for _ in range(2):
        w.grad = torch.zeros(3)
        made.step()
        path.append(w.detach().clone())
    first, second = path[0], path[1] - 1.5 * path[0]  # the state of the second step contains half of the first gradient
    assert not torch.allclose(first, second)


# ---- mistakes --------------------------------------------------------------------------------------------------------


def one():
    return [nn.Parameter(torch.ones(2))]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: as_torch("adm"), UnknownName, "there is no optimizer 'adm' .did you mean 'adam'"),
        (
            lambda: as_torch("torch:Adam"),
            UserError,
            "torch:Adam is not a rule of optlab, but already an optimizer of torch",
        ),
        (lambda: as_torch(3), UserError, "3 is not an optimizer; pass a name, or a rule"),
        (lambda: as_torch("adam", beta_1=0.5), UserError, "adam has no option 'beta_1' .did you mean 'beta1'"),
        (lambda: as_torch("adam", lr="x"), UserError, "adam: 'lr' takes a number, not the text 'x'"),
        (lambda: as_torch(normalized, lr=-1.0), UserError, r"normalized: 'lr' must lie in \(0, inf\), not -1"),
        (lambda: as_torch(normalized)(one(), lr=0.0), UserError, r"'lr' must lie in \(0, inf\), not 0"),
        (lambda: as_torch("adam", [{"params": one(), "beta_1": 0.5}]), UserError, "no option 'beta_1' .did you mean"),
        (lambda: as_torch("adam", [{"params": one(), "lr": "x"}]), UserError, "'lr' takes a number, not the text 'x'"),
        (lambda: as_torch("adam", [nn.Parameter(torch.ones(1).cfloat())]), UserError, "not torch.complex64"),
        (lambda: as_torch(sam, one()).step(), UserError, "sam needs 'grad': pass a closure"),
        (lambda: bowl(no_graph), UserError, "create_graph=True"),
        (lambda: as_torch("gd", transforms=["clip_nrm"]), UnknownName, "no transform 'clip_nrm' .did you mean"),
        (lambda: as_torch("gd", schedule="cosin"), UnknownName, "no schedule 'cosin' .did you mean 'cosine'"),
        (lambda: as_torch("gd", schedule=as_torch), UserError, "is not a schedule; give a name, or a table"),
        (
            lambda: as_torch("gd", schedule={"name": "cosine", "ned": 1}),
            UserError,
            "no option 'ned' .did you mean 'end'",
        ),
        (lambda: as_torch("gd", transforms="clip_norm"), UserError, r"a list, as in transforms=\['clip_norm'\]"),
        (lambda: as_torch("gd", transforms=["l2", "l2"]), UserError, "l2 is given twice"),
        (
            lambda: as_torch("gd", transforms=[{"name": "l2", "decay": -1}]),
            UserError,
            r"'decay' must lie in \[0, inf\)",
        ),
        (
            lambda: as_torch(half, schedule="cosine"),
            UserError,
            "multiplies the hyperparameter 'lr'; half has none",
        ),
        (lambda: as_torch("gd", one(), schedule="cosine"), UserError, "cosine needs the number of steps; pass it"),
        (lambda: steps_without_closure("ema"), UserError, "needed away from x: pass a closure"),
        (lambda: bowl(silent), PluginError, r"optimizer 'silent' returns nothing \(None\); end it with: return x"),
    ],
)
def test_error_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def steps_without_closure(transform):
    (w,) = params = one()
    made = as_torch("gd", params, lr=0.1, transforms=[transform])
    for _ in range(2):
        w.grad = torch.ones(2)
        made.step()


@optimizer
def half(x, g):
    """Half a step."""
    return 0.5 * x


@optimizer
def no_graph(x, g, *, hvp, lr=1.0):
    """Needs the Hessian, but backward kept no graph."""
    return x - lr * hvp(g)


@optimizer
def silent(x, g, *, lr=1.0):
    """Returns nothing."""


def test_a_rejected_group_is_not_added():
    made = as_torch("adam", one())
    with pytest.raises(UserError, match="complex64"):
        made.add_param_group({"params": [nn.Parameter(torch.ones(1).cfloat())]})
    assert len(made.param_groups) == 1


def test_a_sparse_gradient():
    table = nn.Embedding(3, 2, sparse=True)
    made = as_torch("adam", table.parameters())
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(UserError, match="sparse=True"):
        made.step()


def test_without_torch_the_message_says_what_to_install():
    code = textwrap.dedent("""
        import sys
        sys.modules["torch"] = None
        try:
            import optlab.bridges.torch
        except ImportError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "torch is not installed; pip install 'optlab[torch]'\n"
