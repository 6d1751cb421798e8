"""Sweeps on a Dask cluster that are interrupted save their states, free the workers, and are continued to the bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

import optlab
from optlab.execution import executors
from optlab.execution.cache import Reuse, RunStore, segments
from optlab.execution.executors import dask
from optlab.execution.executors.drain import Drain
from optlab.execution.executors.protocol import Asked
from optlab.execution.runner import Graphs
from tests.execution.cache.test_checkpoints import document, of_sweep
from torture.tables import tables
from torture.within import OFTEN

distributed = pytest.importorskip("distributed")

PATIENCE = 120.0
"""Seconds. Other programs may share the machine."""
LONG = """\
name = "e"
steps = 6000
seeds = 3

[[problem]]
name = "ackley"
noise = { kind = "normal", scale = 0.1 }

[[optimizer]]
name = "adam"
schedule = "cosine"
lr = { log = [1e-4, 1e-1], num = 40 }
"""


AT_ONCE = f"""\
from optlab.execution.executors import drain
drain.GRACE = 0.0
{OFTEN}"""
"""The command with fifty checkpoints each second. After Ctrl-C, its blocks have no time to finish."""


@pytest.fixture(scope="module")
def cluster():
    """A running cluster that others may use too."""
    with dask._own(distributed, 2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    """A client of somebody else."""
    with distributed.Client(cluster, set_as_default=False) as client:
        yield client


def executing(client):
    """The number of tasks that the workers execute."""
    return sum(client.run(lambda dask_worker: len(dask_worker.active_keys)).values())


def becomes_idle(client):
    deadline = time.monotonic() + PATIENCE
    while (left := executing(client)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not left


def test_ctrl_c_saves_the_blocks_that_are_stopped(planned, tmp_path, built_in, cluster, client, monkeypatch):
    """No checkpoint is due by its interval, and the workers outlive this client."""
    monkeypatch.setattr(executors.drain, "GRACE", 0.0)
    monkeypatch.setattr(dask, "SAVING", PATIENCE)
    store = tmp_path / "results" / "kept"
    store.parent.mkdir()
    plan = planned(document("replay", steps=1_000_000, seeds=40, record={"points": 3}))
    (sweep,) = plan.sweeps
    of, drain, asked = of_sweep(sweep, store, least=0.0), Drain(), Asked("dask", 2, cluster.scheduler_address)

    def progress(run_steps):
        if executing(client):
            drain.request()

    with pytest.raises(KeyboardInterrupt), executors.opened(asked, built_in, drain) as execute:
        list(execute([replace(sweep, savers=of)], Graphs(), progress))
    assert of.held()
    assert any("continued at step" in said for said in Reuse(RunStore(store)).prospect(plan.sweeps))
    assert executing(client) == 0


# ---- the whole command -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The tables of an uninterrupted run."""
    room = tmp_path_factory.mktemp("expected")
    (room / "e.toml").write_text(LONG)
    return tables(optlab.run(room / "e.toml", out=room / "results", plots=False).folder)


@pytest.fixture
def started(tmp_path):
    """Starts the command."""
    (tmp_path / "e.toml").write_text(LONG)
    processes = []

    def start(*options):
        words = [sys.executable, "-c", AT_ONCE, "run", "e.toml", "--no-plots", *options]
        processes.append(subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, process_group=0))
        return processes[-1]

    yield start
    for process in processes:
        process.stderr.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def interrupt(process, store, number):
    """Send a signal after the first checkpoint: Ctrl-C of a terminal goes to all processes. Returns the exit status."""
    deadline = time.monotonic() + PATIENCE
    while not list(store.glob(f"*{segments.CHECKPOINT}")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    return process.wait(PATIENCE)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
@pytest.mark.parametrize("whose", ["own", "running"])
def test_an_interrupted_command_is_continued(started, tmp_path, expected, cluster, client, whose, number, status):
    options = ("--workers=2",) if whose == "own" else (f"--scheduler={cluster.scheduler_address}",)
    store = tmp_path / "results" / ".optlab-cache"
    assert interrupt(started("--executor=dask", *options), store, number) == status
    assert becomes_idle(client)
    again = started("--executor=dask", *options)
    said = again.communicate(timeout=PATIENCE)[1]
    assert again.returncode == 0
    assert "continued at step" in said
    assert tables(tmp_path / "results" / "e") == expected
    assert [path for path in store.iterdir() if path.suffix in (segments.CHECKPOINT, segments.SAVING)] == []


def test_the_workers_are_free_when_the_command_is_killed(started, tmp_path, cluster, client):
    """Its sweep would take hours."""
    (tmp_path / "e.toml").write_text(LONG.replace("6000", "600_000_000"))
    process = started("--executor=dask", f"--scheduler={cluster.scheduler_address}")
    interrupt(process, tmp_path / "results" / ".optlab-cache", signal.SIGKILL)
    assert becomes_idle(client)
