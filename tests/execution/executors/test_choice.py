"""Executors by name, what they refuse, and the limit on the time in threads."""

from __future__ import annotations

import importlib.metadata

import pytest

from optlab.errors import UserError
from optlab.execution import runner
from optlab.execution.executors import choice
from optlab.execution.executors.protocol import Asked, SweepLimits
from optlab.execution.executors.timed import Timed
from optlab.execution.executors.worker import compute
from optlab.execution.records import TIMEOUT
from tests.execution.executors.sweeps import bits, executed


@pytest.mark.parametrize(("asked", "said"), [
    (Asked("thread"), "there is no executor 'thread' (did you mean 'threads'?); there are: threads, processes, dask"),
    (Asked("threads", limits=SweepLimits(memory=1)),
     'limits.memory needs executor = "processes": threads share their memory'),
    (Asked("processes", scheduler="tcp://127.0.0.1:1"), 'a scheduler is for executor = "dask", not for "processes"'),
])  # fmt: skip
def test_what_is_refused(asked, said, built_in):
    with pytest.raises(UserError) as refusal, choice.opened(asked, built_in):
        pass
    assert str(refusal.value) == said


def test_a_number_of_workers_is_positive():
    with pytest.raises(UserError, match="workers must be at least 1, not 0"):
        Asked(workers=0)


@pytest.mark.parametrize("count", [1, 8])
def test_the_number_of_threads_changes_no_bit(sweeps, built_in, on_threads, count):
    found = executed(sweeps, built_in, Asked("threads", count))
    assert {i: bits(done) for i, (done, _) in found.items()} == {i: bits(done) for i, (done, _) in on_threads.items()}


def test_an_installed_package_can_add_an_executor(sweeps, built_in, on_threads, monkeypatch):
    """Here one whose workers are functions of this process."""

    class Own:
        parallel = 3

        def compute(self, head, begin, end, wait):
            wait()
            return compute(head, begin, end)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    point = importlib.metadata.EntryPoint("own", "own:Own", choice.GROUP)
    monkeypatch.setattr(choice.importlib.metadata, "entry_points", lambda group: [point])
    monkeypatch.setattr(importlib.metadata.EntryPoint, "load", lambda self: lambda asked: Own())
    found = executed(sweeps, built_in, Asked("own"))
    assert {i: bits(done) for i, (done, _) in found.items()} == {i: bits(done) for i, (done, _) in on_threads.items()}


def test_in_threads_the_time_is_read_between_steps(sweeps):
    """The clock of the test advances by one second each time it is read."""
    sweep = sweeps[-2]
    clock, told = iter(range(10**6)), []
    done = Timed(runner.Runner([sweep]), 0.5, lambda: float(next(clock)))(sweep, told.append)
    assert done.status.tolist() == [TIMEOUT] * len(sweep)
    assert done.log == f"{sweep.label}: took longer than limits.seconds = 0.5"
    assert sum(told) == len(sweep) * sweep.steps


def test_within_the_limit_nothing_changes(sweeps, built_in, on_threads):
    found = executed(sweeps, built_in, Asked("threads", limits=SweepLimits(seconds=3600.0)))
    assert {i: bits(done) for i, (done, _) in found.items()} == {i: bits(done) for i, (done, _) in on_threads.items()}


def test_optimizers_of_other_packages_run_in_processes_if_they_have_much_to_do(
    sweeps, built_in, on_threads, monkeypatch
):
    """Unless something cannot be sent there. Other sweeps run in threads."""
    sent, elsewhere = [], choice._elsewhere

    def noting(name, *given):
        sent.append(name)
        return elsewhere(name, *given)

    monkeypatch.setattr(choice, "_elsewhere", noting)
    monkeypatch.setattr(choice, "WORTH_PROCESSES", sum(len(sweep) * sweep.steps for sweep in sweeps[-1:]))
    found = executed(sweeps, built_in, Asked(workers=2))
    assert sent == ["processes"]
    assert {i: bits(done) for i, (done, _) in found.items()} == {i: bits(done) for i, (done, _) in on_threads.items()}
    monkeypatch.setattr(choice, "WORTH_PROCESSES", choice.WORTH_PROCESSES + 1)
    executed(sweeps[-1:], built_in, Asked(workers=2))
    monkeypatch.setattr(choice, "WORTH_PROCESSES", 0)
    monkeypatch.setattr("optlab.execution.executors.travel.written", lambda sweep, known: 1 / 0)
    executed(sweeps[-1:], built_in, Asked(workers=2))
    assert len(sent) == 1


@pytest.mark.parametrize(("asked", "name"), [
    (Asked(limits=SweepLimits(seconds=1.0)), "processes"),
    (Asked(scheduler="tcp://127.0.0.1:1", limits=SweepLimits(seconds=1.0)), "dask"),
])  # fmt: skip
def test_limits_need_processes_and_a_scheduler_needs_dask(asked, name, built_in, monkeypatch):
    """Unless another executor is asked for."""
    asked_for = []
    monkeypatch.setattr(choice, "_pool", lambda name, asked: asked_for.append(name))
    with pytest.raises(TypeError), choice.opened(asked, built_in):
        pass
    assert asked_for == [name]
