"""The addresses of sweeps whose code is traced in a process of its own."""

from __future__ import annotations

import os
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import optimizer, problem
from optlab.errors import UserError
from optlab.execution.cache.addresses import Address, Addresses, Apart
from optlab.execution.cache.identity import Identity
from optlab.execution.cache.timeouts import key_of
from optlab.execution.runner import Graphs
from tests.api.test_reuse_generated import document

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

LIMITS = Apart(20.0, 2_000_000_000)


@optimizer
def plain(x, g, *, lr=0.1):
    print("traced")
    return x - lr * g


@problem(dim=2, start=[1.0, 1.0], domain=[-2.0, 2.0])
def bowl(x):
    return x[0] ** 2 + x[1] ** 2


def harmful(harm):
    @optimizer
    def hostile(x, g, *, lr=0.1):
        harm()
        return x - lr * g

    return hostile


def plan_of(planned, *more, **settings):
    names = [{"name": "gd", "lr": [0.1, 0.2]}, {"name": "plain", "lr": [0.1, 0.2]}, *({"name": m.name} for m in more)]
    problems = [{"name": "beale"}, {"name": "bowl", "start": "random"}]
    return planned({"problem": problems, "optimizer": names, "seeds": 3} | settings, plain, bowl, *more)


def of(planned, apart=None):
    addresses = Addresses(Graphs(), apart)
    return addresses.of(planned.sweeps), addresses.faults


def assert_same(found, other):
    assert found.identity == other.identity
    assert [*found.numbers] == [*other.numbers]
    assert np.array_equal(found.rows, other.rows)


@pytest.mark.parametrize("more", [{}, {"seed": 3}, {"steps": 7, "stop": {"loss": 0.1}}])
def test_they_are_those_of_this_process(planned, more, capfd):
    plan = plan_of(planned, **more)
    apart, faults = of(plan, LIMITS)
    assert faults == []
    assert capfd.readouterr().out == ""  # what code of the user prints there
    here, _ = of(plan)
    assert apart.keys() == here.keys() == {sweep.id for sweep in plan.sweeps}
    for name, address in apart.items():
        assert_same(address, here[name])


def test_no_code_of_the_user_is_executed_here(planned):
    calls = []
    plan = plan_of(planned, harmful(lambda: calls.append(1)))
    found, _ = of(plan, LIMITS)
    assert all(found.values())
    assert calls == []


ENDS = {
    "ended the process with status 3": lambda: os._exit(3),
    "did not end within 0.5 s": lambda: time.sleep(60),
}


@pytest.mark.parametrize("why", ENDS)
def test_what_ends_its_process_has_none_and_is_named(planned, why):
    plan = plan_of(planned, harmful(ENDS[why]))
    (found, faults), (here, _) = of(plan, Apart(0.5, LIMITS.memory)), of(plan_of(planned))
    without = [sweep.id for sweep in plan.sweeps if found.get(sweep.id) is None]
    assert without == [sweep.id for sweep in plan.sweeps if sweep.label == "hostile"]
    assert [f"runs of {names} are not kept for later: its code {why}" for names in ("hostile", "bowl and hostile")] == [
        fault.partition(", ")[0] for fault in faults
    ]
    for own in (found[sweep.id] for sweep in plan.sweeps if sweep.label == "plain"):
        assert any(own.identity == other.identity for other in here.values())


def test_what_changes_functions_of_numpy_changes_no_other_address(planned, monkeypatch):
    def patch():
        for name in ("ascontiguousarray", "stack", "sort", "unique"):
            setattr(np, name, lambda *given, **more: np.zeros(3))

    plan = plan_of(planned, harmful(patch))
    (found, _), (here, _) = of(plan, LIMITS), of(plan_of(planned))
    kept = {(other.identity.key, other.rows.tobytes()) for other in here.values()}
    mine = {(one.identity.key, one.rows.tobytes()) for one in
            (found[sweep.id] for sweep in plan.sweeps if sweep.label != "hostile")}  # fmt: skip
    assert mine == kept


def test_generated_experiments_have_the_same_addresses(planned):
    """The documents of the generated test of the store, with a rule and a problem of the user."""
    compared = 0
    for seed in range(20):
        made = document(random.Random(seed))
        made["optimizer"] = [*made["optimizer"], {"name": "plain", "lr": [0.1, 0.01]}]
        made["problem"] = [*made["problem"], {"name": "bowl", "start": "random"}]
        try:
            plan = planned(made, plain, bowl)
        except UserError:
            continue
        (apart, faults), (here, _) = of(plan, LIMITS), of(plan)
        assert faults == []
        for name, address in apart.items():
            assert_same(address, here[name])
        compared += len(apart)
    assert compared > 100


@settings(max_examples=50)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=8, unique=True), st.randoms(use_true_random=False))
def test_the_key_of_a_timeout_is_that_of_its_runs_in_any_order(numbers, chance):
    address = Address(Identity(bytes(16), "native", bytes(8), {}), (), np.array(numbers, np.uint64)[:, None])
    places, other = np.arange(len(numbers)), [*range(len(numbers))]
    chance.shuffle(other)
    assert key_of(address, places, 2.0) == key_of(address, np.array(other), 2.0)
    different = {key_of(address, places, 2.0), key_of(address, places, 3.0), key_of(address, places[1:], 2.0)}
    assert len(different | {address.identity.key}) == 4
