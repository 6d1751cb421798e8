"""Uses of optimizers of torch: a rule of optlab gives the same results as the optimizer of torch."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from optlab import optimizer
from optlab.api.bridges.torch import as_torch
from optlab.errors import UserError
from optlab.plugins import registry

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def ours(params, **options):
    return as_torch("adam", params, **{"lr": 0.1, **options})


def native(params, **options):
    return torch.optim.Adam(params, **{"lr": 0.1, **options}, foreach=False)


def driven(make, params, gradients, steps=3):
    made = make(params)
    for _ in range(steps):
        for p, g in zip(params, gradients, strict=True):
            p.grad = None if g is None else g.clone()
        made.step()
    return [p.detach() for p in params]


def one(values, dtype=torch.float32):
    return torch.tensor(values, dtype=dtype)


GRADIENTS = {
    "NaN": ([one([1.0, 2.0])], [one([np.nan, 1.0])]),
    "infinite": ([one([1.0, 2.0])], [one([np.inf, -np.inf])]),
    "constant": ([one([1.0, 2.0])], [one([1.0, 1.0])]),
    "zero": ([one([1.0, 2.0])], [one([0.0, 0.0])]),
    "a parameter that is NaN": ([one([np.nan, 2.0])], [one([1.0, 1.0])]),
    "a parameter that is infinite": ([one([np.inf, 2.0])], [one([1.0, 1.0])]),
    "none": ([one([1.0]), one([2.0])], [None, one([1.0])]),
    "a number": ([one(1.0)], [one(2.0)]),
    "empty": ([torch.zeros(0), one([1.0])], [torch.zeros(0), one([1.0])]),
    "only empty": ([torch.zeros(0, 3)], [torch.zeros(0, 3)]),
    "not contiguous": ([torch.ones(2, 3).t()], [torch.arange(6.0).reshape(3, 2)]),
    "channels last": ([torch.ones(1, 2, 2, 2).to(memory_format=torch.channels_last)], [torch.ones(1, 2, 2, 2)]),
    "mixed": ([one([1.0]), one([1.0], torch.float64)], [one([1.0]), one([3.0], torch.float64)]),
    **{str(kind): ([torch.ones(3, dtype=kind)], [torch.arange(1, 4).to(kind)]) for kind in DTYPES},
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_parameters_and_gradients(name):
    values, gradients = GRADIENTS[name]
    found, expected = (driven(make, [Parameter(v.clone()) for v in values], gradients) for make in (ours, native))
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.dtype == theirs.dtype
        tolerance = {torch.float16: 2e-3, torch.bfloat16: 2e-2}.get(mine.dtype, 1e-6)
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)


def test_the_tensor_of_a_parameter_is_written_in_place():
    p = Parameter(torch.ones(2))
    memory = p.data
    driven(ours, [p], [torch.ones(2)])
    assert memory.tolist() == p.tolist() != [1.0, 1.0]


# ---- copies ----------------------------------------------------------------------------------------------------------


def pickled(made):
    return pickle.loads(pickle.dumps(made))


def saved(made):
    file = io.BytesIO()
    torch.save(made, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def loaded(made):
    """A fresh optimizer of a fresh parameter, with the state of the other one."""
    file = io.BytesIO()
    torch.save(made.state_dict(), file)
    file.seek(0)
    (p,) = made.param_groups[0]["params"]
    fresh = type(made)([Parameter(p.detach().clone())])
    fresh.load_state_dict(torch.load(file))
    return fresh


MAKES = {
    "adam": ours,
    "with surroundings": lambda params: as_torch(
        "adam",
        params,
        lr=0.1,
        schedule={"name": "cosine", "warmup": 2},
        transforms=["lookahead", {"name": "clip_norm", "max_norm": 0.5}],
        steps=9,
    ),
    "per tensor": lambda params: as_torch("lamb", params, lr=0.1),
    "random": lambda params: as_torch("gd", params, lr=0.1, transforms=["gradient_noise"]),
    "of this file": lambda params: as_torch(heavy, params, lr=0.1),
}


@optimizer
def heavy(x, g, m=0.0, *, lr=0.1):
    """Heavy ball."""
    m = 0.9 * m + g
    return x - lr * m, m


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("copied", [pickled, saved, loaded, copy.deepcopy], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", MAKES)
def test_a_copy_continues_like_the_original(name, copied, before):
    p = Parameter(torch.tensor([1.0, -2.0]))
    made = MAKES[name]([p])
    driven(lambda params: made, [p], [torch.tensor([1.0, 3.0])], before)
    other = copied(made)
    (q,) = other.param_groups[0]["params"]
    assert q is not p
    assert type(other).__name__ == type(made).__name__
    for chosen, parameter in ((made, p), (other, q)):
        driven(lambda params, chosen=chosen: chosen, [parameter], [torch.tensor([2.0, 1.0])], 2)
    assert p.tolist() == q.tolist()
    assert p.tolist() != [1.0, -2.0]


def test_an_optimizer_can_be_sent_to_another_process(tmp_path):
    """In a process of its own with a time limit: a pool waits for ever if its worker cannot receive the optimizer."""
    script = tmp_path / "send.py"
    script.write_text(
        textwrap.dedent(
            """
            import multiprocessing

            import torch

            from optlab.api.bridges.torch import as_torch


            def step(made):
                (p,) = made.param_groups[0]["params"]
                p.grad = torch.ones(2)
                made.step()
                return p.tolist()


            if __name__ == "__main__":
                p = torch.nn.Parameter(torch.ones(2))
                made = as_torch("momentum", [p], lr=0.25)
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.apply_async(step, (made,)).get(timeout=100), p.tolist())  # they share the tensors
            """
        )
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("[0.75, 0.75] [0.75, 0.75]\n", "")


def test_a_rule_of_a_plugin_file_is_found_by_its_file(tmp_path, monkeypatch):
    plugin = tmp_path / "plugins" / "mine.py"
    plugin.parent.mkdir()
    plugin.write_text(
        "from optlab import optimizer\n\n\n@optimizer\ndef mine(x, g, *, lr=0.5):\n    return x - lr * g\n"
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.pkl").write_bytes(pickle.dumps(as_torch("mine", [Parameter(torch.ones(2))])))
    read = textwrap.dedent(
        """
        import pickle
        made = pickle.loads(open("../made.pkl", "rb").read())
        print(type(made).__name__, made.param_groups[0]["lr"])
        """
    )
    command = [sys.executable, "-c", read]
    done = subprocess.run(command, cwd=plugin.parent, check=True, capture_output=True, text=True)
    assert done.stdout == "mine 0.5\n"
    other = tmp_path / "others" / "mine.py"  # a module with the same name
    other.parent.mkdir()
    other.write_text(plugin.read_text().replace("0.5", "0.25"))
    registry.import_file(other)
    content = (tmp_path / "made.pkl").read_bytes()
    assert pickle.loads(content).param_groups[0]["lr"] == 0.5
    plugin.unlink()
    registry.import_file(other)
    with pytest.raises(UserError) as error:
        pickle.loads(content)
    assert f"the pickled optimizer needs mine of {plugin}, which does not exist" in str(error.value)


def test_a_rule_inside_a_function_cannot_be_pickled():
    @optimizer
    def hidden(x, g, *, lr=0.1):
        """No step."""
        return x - lr * g

    with pytest.raises(pickle.PicklingError, match=r"hidden cannot be pickled: .* define it at the top of a file"):
        pickle.dumps(as_torch(hidden, [Parameter(torch.ones(1))]))


def test_a_user_class_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(Own)) is Own


class Own(as_torch("adam")):
    """A class at the top level of a module."""


# ---- in a training loop ----------------------------------------------------------------------------------------------


def scheduled(make, schedule, steps=6):
    p = Parameter(torch.ones(2))
    made = make([p])
    scheduler = schedule(made)
    rates = []
    for _ in range(steps):
        p.grad = torch.ones(2)
        made.step()
        scheduler.step()
        rates.append(float(made.param_groups[0]["lr"]))
    return p.detach(), rates


of_torch = torch.optim.lr_scheduler
SCHEDULERS = {
    "StepLR": lambda o: of_torch.StepLR(o, 2),
    "ExponentialLR": lambda o: of_torch.ExponentialLR(o, 0.9),
    "OneCycleLR": lambda o: of_torch.OneCycleLR(o, max_lr=0.5, total_steps=10, cycle_momentum=False),
    "CyclicLR": lambda o: of_torch.CyclicLR(o, 0.01, 0.1, cycle_momentum=False),
    "LambdaLR": lambda o: of_torch.LambdaLR(o, lambda epoch: 0.5**epoch),
    "CosineAnnealingWarmRestarts": lambda o: of_torch.CosineAnnealingWarmRestarts(o, 3),
    "SequentialLR": lambda o: of_torch.SequentialLR(o, [of_torch.ConstantLR(o), of_torch.ExponentialLR(o, 0.5)], [3]),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers(name):
    (mine, my_rates), (theirs, their_rates) = (scheduled(make, SCHEDULERS[name]) for make in (ours, native))
    assert my_rates == their_rates
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)


def hooked(make):
    p, log = Parameter(torch.ones(2)), []
    made = make([p])
    made.register_step_pre_hook(lambda *_: log.append("before"))
    made.register_step_post_hook(lambda *_: log.append("after"))
    made.register_state_dict_post_hook(lambda *_: log.append("state"))
    p.grad = torch.ones(2)
    made.step()
    made.state_dict()
    return log, p.tolist()


def zeroed(make):
    p = Parameter(torch.ones(2))
    made = make([p])
    p.grad = torch.ones(2)
    made.step()
    made.zero_grad(set_to_none=False)
    made.step()
    made.zero_grad()
    made.step()
    return p.grad, p.tolist()


def closed(make):
    p = Parameter(torch.ones(2))
    made = make([p])

    def closure():
        made.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    return [made.step(closure).item(), made.step(closure=closure).item()], p.tolist()


def scaled(make):
    """With a step that is left out because a gradient is infinite."""
    p = Parameter(torch.ones(2))
    made, scaler = make([p]), torch.amp.GradScaler("cpu")
    for factor in (1.0, np.inf, 1.0):
        made.zero_grad()
        scaler.scale((p**2).sum() * factor).backward()
        scaler.step(made)
        scaler.update()
    return scaler.get_scale(), p.tolist()


def grown(make):
    p, q = Parameter(torch.ones(2)), Parameter(torch.ones(2))
    made = make([p])
    driven(lambda params: made, [p], [torch.ones(2)])
    made.add_param_group({"params": [q], "lr": 0.01})
    made.add_param_group({"params": [Parameter(torch.ones(1), requires_grad=False)]})
    driven(lambda params: made, [p, q], [torch.ones(2)] * 2)
    return len(made.param_groups), p.tolist() + q.tolist()


def named(make):
    made = make(torch.nn.Linear(2, 1).named_parameters())
    return made.param_groups[0]["param_names"], []


def differentiated(make):
    """A gradient with its own graph leaves no graph on the parameter."""
    p = Parameter(torch.ones(2))
    made = make([p])
    p.grad = torch.ones(2, requires_grad=True)
    made.step()
    return (p.requires_grad, p.grad_fn), p.tolist()


@pytest.mark.parametrize("use", [hooked, zeroed, closed, scaled, grown, named, differentiated])
def test_ways_to_use_an_optimizer(use):
    (mine, at), (theirs, expected) = use(ours), use(native)
    assert mine == pytest.approx(theirs) if use is closed else mine == theirs
    assert at == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("is_second_double", [False, True])
def test_a_state_is_loaded_for_parameters_of_another_type(is_second_double):
    def moved(make):
        p = Parameter(torch.ones(2))
        made = make([p])
        driven(lambda params: made, [p], [torch.ones(2)])
        q = Parameter(p.detach().to(torch.float64 if is_second_double else torch.float16))
        fresh = make([q])
        fresh.load_state_dict(made.state_dict())
        return driven(lambda params: fresh, [q], [torch.ones(2, dtype=q.dtype)])[0]

    torch.testing.assert_close(moved(ours), moved(native), rtol=0, atol=1e-6 if is_second_double else 2e-3)


def test_a_sparse_gradient_for_a_rule_without_state():
    def trained(make):
        torch.manual_seed(0)
        table = torch.nn.Embedding(4, 2, sparse=True)
        made = make(table.parameters())
        for _ in range(3):
            made.zero_grad()
            (table(torch.tensor([1, 3, 1])) ** 2).sum().backward()
            made.step()
        return table.weight.detach()

    expected = trained(lambda params: torch.optim.SGD(params, lr=0.1))
    torch.testing.assert_close(trained(as_torch("gd", lr=0.1)), expected, rtol=0, atol=1e-6)
    with pytest.raises(UserError, match="a rule with state needs dense gradients"):
        trained(ours)
    with pytest.raises(RuntimeError):
        trained(native)


# ---- mistakes: both refuse -------------------------------------------------------------------------------------------


def with_two():
    return [Parameter(torch.ones(2))]


def stepped_with(make, change):
    p = Parameter(torch.ones(2))
    made = make([p])
    driven(lambda params: made, [p], [torch.ones(2)])
    return change(made)


def into(make, params):
    def change(made):
        fresh = make(params)
        fresh.load_state_dict(made.state_dict())
        for group in fresh.param_groups:
            for p in group["params"]:
                p.grad = torch.ones_like(p)
        fresh.step()

    return change


MISTAKES = {
    "no parameters": lambda make: make([]),
    "a tensor": lambda make: make(Parameter(torch.ones(2))),
    "numbers": lambda make: make([3]),
    "no leaf": lambda make: make([Parameter(torch.ones(2)) * 2]),
    "groups without parameters": lambda make: make([{"lr": 0.1}]),
    "the same in two groups": lambda make: (lambda p: make([{"params": p}, {"params": p}]))(with_two()),
    "a negative rate": lambda make: make(with_two(), lr=-1.0),
    "an option that is not there": lambda make: make(with_two(), speed=3),
    "a state of another size": lambda make: stepped_with(make, into(make, [*with_two(), *with_two()])),
    "a state of other groups": lambda make: stepped_with(make, into(make, [{"params": with_two()} for _ in range(2)])),
    "a state of another shape": lambda make: stepped_with(make, into(make, [Parameter(torch.ones(3))])),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    for make in (ours, native):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises((UserError, ValueError, TypeError, RuntimeError, KeyError)) as error:
                MISTAKES[name](make)
        if make is ours:
            assert "broadcast" not in str(
                error.value
            )  # a message of NumPy about a value that is not in the user's code


def test_a_parameter_appended_to_a_group():
    made = ours([Parameter(torch.ones(2))])
    p = made.param_groups[0]["params"]
    driven(lambda params: made, p, [torch.ones(2)])
    p.append(Parameter(torch.ones(2)))
    with pytest.raises(
        UserError, match=r"'m' should have the shape \(4,\), but has the shape \(2,\); .* add_param_group"
    ):
        driven(lambda params: made, p, [torch.ones(2)] * 2)


# ---- curvature -------------------------------------------------------------------------------------------------------


@optimizer
def product(x, g, *, hvp, lr=1.0):
    """Leaves the Hessian times 1, 2, ... in place of x."""
    return hvp(np.arange(1.0, x.size + 1))


LOSSES = {
    "a constant gradient beside": (lambda p, q: (p[0] ** 2 * p[1]) + q.sum(), [[4, 2, 0], [2, 0, 0], [0, 0, 0]]),
    "all constant": (lambda p, q: p.sum() + 3 * q.sum(), np.zeros((3, 3))),
    "together": (lambda p, q: (p * q).sum() * p[1], [[0, 3, 2], [3, 6, 5], [2, 5, 0]]),
    "one unused": (lambda p, q: (p**3).sum(), [[6, 0, 0], [0, 12, 0], [0, 0, 0]]),
}


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
@pytest.mark.parametrize("name", LOSSES)
def test_the_hessian_of_a_constant_gradient_is_zero(name):
    f, hessian = LOSSES[name]
    p, q = Parameter(torch.tensor([1.0, 2.0])), Parameter(torch.tensor([3.0]))
    made = as_torch(product, [p, q])

    def closure():
        made.zero_grad()
        loss = f(p, q)
        loss.backward(create_graph=True)
        return loss

    before = q.item()
    made.step(closure)
    found = [*p.tolist(), q.item()]
    expected = np.array(hessian) @ [1, 2, 3]
    if name == "one unused":
        expected[2] = before
    assert found == pytest.approx(expected.tolist())


@pytest.mark.parametrize("keep", [{}, {"retain_graph": True}])
def test_the_hessian_without_a_graph_is_an_error(keep):
    p = Parameter(torch.tensor([1.0, 2.0]))
    made = as_torch(product, [p])

    def closure():
        made.zero_grad()
        loss = (p**3).sum()
        loss.backward(**keep)
        return loss

    with pytest.raises(UserError, match="create_graph=True"):
        made.step(closure)
