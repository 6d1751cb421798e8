"""A Dask cluster on this machine."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import CancelledError
from contextlib import suppress

import pytest

from optlab.engine.containment import Interrupted
from optlab.errors import UserError
from optlab.execution.executors import dask, local
from optlab.execution.executors.protocol import Asked, Died, SweepLimits
from optlab.execution.executors.travel import Head
from tests.execution.executors.sweeps import bits, executed

pytest.importorskip("distributed")


def test_the_bits_are_those_of_threads(sweeps, built_in, on_threads):
    found = executed(sweeps, built_in, Asked("dask", 2))
    assert {i: bits(done) for i, (done, _) in found.items()} == {i: bits(done) for i, (done, _) in on_threads.items()}


def test_a_second_cluster_finds_ports_of_its_own():
    """The port that schedulers serve HTTP at by default is taken."""
    with socket.socket() as other:
        with suppress(OSError):  # it is taken already
            other.bind(("127.0.0.1", 8787))
            other.listen()
        with dask.Cluster(Asked("dask", 1)) as cluster:
            assert cluster.parallel == 1


def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(dask, "_PATIENCE", 0.2)
    with pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 .*; start one with `dask "):
        dask.Cluster(Asked("dask", scheduler="tcp://127.0.0.1:9"))


def test_the_memory_of_its_workers_is_not_limited_here():
    with pytest.raises(UserError, match=r"limits.memory is for executor = \"processes\""):
        dask.Cluster(Asked("dask", limits=SweepLimits(memory=1)))


class Lost:
    """A future whose data died with a worker."""

    def add_done_callback(self, told):
        told(self)

    def result(self):
        raise CancelledError("lost dependencies")


class Client:
    """A client of a cluster that loses each block; of one whose scheduler is gone, if there is an error."""

    def __init__(self, error=None):
        self.scattered, self.error = [], error

    def scatter(self, head, hash):
        if self.error is not None:
            raise self.error
        self.scattered.append(head)
        return object()

    def submit(self, *given, pure):
        return Lost()


@pytest.fixture
def cluster():
    made = object.__new__(dask.Cluster)
    made._seconds, made._heads, made._one_at_a_time, made._stopped = 60.0, {}, threading.Lock(), set()
    return made


def test_a_head_that_died_with_a_worker_is_sent_again(cluster):
    cluster._client = client = Client()
    head = Head((), {}, b"")
    for _ in range(2):
        with pytest.raises(Died, match="lost dependencies"):
            cluster.compute(head, 0, 1, lambda: None)
    assert client.scattered == [head, head]


def test_a_scheduler_that_dies_is_named(cluster):
    cluster._client = Client(RuntimeError("ConnectionPool is closed"))
    sentence = r"the Dask scheduler does not answer any more \(ConnectionPool is closed\); start it again"
    with pytest.raises(UserError, match=sentence):
        cluster.compute(Head((), {}, b""), 0, 1, lambda: None)


class Silent:
    """A client of a cluster whose workers do not answer."""

    def __init__(self):
        self.asked, self.is_closed = [], False

    def run(self, function, keys, seconds, *, on_error, callback_timeout):
        self.asked.append((keys, seconds, on_error))
        assert seconds < callback_timeout < 2 * seconds
        raise TimeoutError

    def close(self):
        self.is_closed = True


def test_workers_that_do_not_answer_hold_nobody(cluster):
    cluster._client, cluster._cluster, cluster._stopped = Silent(), None, {"block"}
    with pytest.raises(Interrupted), cluster:
        raise Interrupted
    assert cluster._client.asked == [({"block"}, local.SAVING, "ignore")]
    assert cluster._client.is_closed
