"""A Dask cluster on this machine."""

from __future__ import annotations

import pytest

from optlab.errors import UserError
from optlab.execution import runner
from optlab.execution.executors import dask, opened
from optlab.execution.executors.protocol import Asked, SweepLimits
from tests.execution.executors.sweeps import bits

pytest.importorskip("distributed")


def test_the_bits_are_those_of_threads(sweeps, built_in, on_threads):
    with opened(Asked("dask", 2), built_in) as execute:
        found = {}
        for sweep, done, _ in execute(sweeps, runner.Graphs(), lambda run_steps: None):
            found[sweep.id] = bits(done)
    assert found == {i: bits(done) for i, (done, _) in on_threads.items()}


def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(dask, "_PATIENCE", 0.2)
    with pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 .*; start one with `dask "):
        dask.Cluster(Asked("dask", scheduler="tcp://127.0.0.1:9"))


def test_the_memory_of_its_workers_is_not_limited_here():
    with pytest.raises(UserError, match=r"limits.memory is for executor = \"processes\""):
        dask.Cluster(Asked("dask", limits=SweepLimits(memory=1)))
