"""Ctrl-C and SIGTERM during runs: the first lets blocks finish, the second ends at once."""

from __future__ import annotations

import signal
import threading
from contextlib import nullcontext

import pytest

from optlab.engine.containment import Interrupted, contained
from optlab.execution import runner
from optlab.execution.executors import drain as drains
from optlab.execution.executors import local
from optlab.execution.executors.drain import GRACE, Drain, draining

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def as_in_the_command(monkeypatch):
    """SIGTERM has a handler, as in the command."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def sweeps(planned):
    rules = [{"name": name, "lr": [0.1, 0.2]} for name in ("gd", "adam", "momentum", "adagrad")]
    return planned({"problem": [{"name": "sphere"}], "optimizer": rules, "steps": 5}).sweeps


class Task:
    """Tells when a block begins, and waits before it ends until that is allowed."""

    def __init__(self):
        self.begun, self.may_end = [], threading.Event()
        self.two_began, self.lock = threading.Event(), threading.Lock()

    def __call__(self, block, progress):
        with self.lock:
            self.begun.append(block.id)
            if len(self.begun) == 2:
                self.two_began.set()
        while not self.may_end.wait(0.01):
            progress(0)
        return runner.run(block)

    def divides(self, sweep):
        return False


def test_the_time_that_is_left():
    now, said = 10.0, []
    drain = Drain(said.append, lambda: now)
    drain.check()
    assert (drain.is_requested, drain.left(), said) == (False, None, [])
    drain.request()
    now += 1
    assert (drain.is_requested, drain.left()) == (True, GRACE - 1)
    drain.request()
    drain.check()
    assert (drain.left(), said) == (GRACE - 1, [drains.SENTENCE])
    now += GRACE
    assert drain.left() == 0
    with pytest.raises(Interrupted):
        drain.check()


def signalled(numbers, reached, aside=nullcontext):
    """Raise signals in the context, and note after each that it was reached."""
    with draining() as drain, aside():
        for number in numbers:
            signal.raise_signal(number)
            reached.append(drain.is_requested)


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS)
def test_the_second_signal_ends_at_once(first, second):
    before, reached = signal.getsignal(first), []
    with pytest.raises(KeyboardInterrupt):
        signalled([first, second], reached)
    assert reached == [True]
    assert signal.getsignal(first) is before
    with pytest.raises(Interrupted):
        signalled([first], reached)
    assert reached == [True, True]


def test_the_second_signal_passes_through_code_of_plugins():
    reached = []
    with pytest.raises(Interrupted):
        signalled([signal.SIGINT, signal.SIGINT], reached, contained)
    assert reached == [True]


def test_no_signal_is_handled_in_another_thread():
    before, seen = signal.getsignal(signal.SIGINT), []

    def body():
        with draining() as drain:
            seen.append((signal.getsignal(signal.SIGINT), drain.is_requested))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == [(before, False)]


def test_blocks_in_flight_finish_and_no_other_begins(sweeps):
    task, drain, done = Task(), Drain(), []

    def ask():
        task.two_began.wait(60)
        drain.request()
        task.may_end.set()

    asking = threading.Thread(target=ask)
    asking.start()
    with local.threads(2) as pool:
        results = local.execute(sweeps, task, pool, lambda run_steps: None, 2, drain)
        with pytest.raises(Interrupted):
            done.extend(sweep.id for sweep, _, _ in results)
    asking.join()
    assert len(task.begun) == 2
    assert sorted(done) == sorted(task.begun)


def test_blocks_that_do_not_finish_in_time_are_stopped(sweeps, monkeypatch):
    monkeypatch.setattr(drains, "GRACE", 0.05)
    task, drain = Task(), Drain()
    asking = threading.Thread(target=lambda: (task.two_began.wait(60), drain.request()))
    asking.start()
    with local.threads(2) as pool, pytest.raises(Interrupted):
        list(local.execute(sweeps, task, pool, lambda run_steps: None, 2, drain))
    asking.join()
    assert len(task.begun) == 2
    assert not task.may_end.is_set()


def test_a_sweep_on_the_calling_thread_is_stopped_in_time(sweeps, monkeypatch):
    monkeypatch.setattr(drains, "GRACE", 0.05)
    task, drain = Task(), Drain()
    drain.request()
    with local.threads(2) as pool, pytest.raises(Interrupted):
        list(local.execute(sweeps[:1], task, pool, lambda run_steps: None, 2, drain))
    assert task.begun == [sweeps[0].id]
