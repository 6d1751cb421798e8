"""Sweeps divided into blocks, on any executor: the results depend on neither."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from optlab.execution import executors, runner
from optlab.execution.executors import local
from optlab.execution.records import ERROR, Trajectories

DOCUMENT = {
    "steps": 40,
    "seeds": 3,
    "problem": [
        {"name": "rosenbrock", "dim": 11, "start": "random"},
        {"name": "mlp", "dataset": "xor", "hidden": [4], "batch_size": 16},
    ],
    "optimizer": [{"name": "gd", "lr": [1e-4, 1e-3, 1e5]}, {"name": "adam", "lr": [1e-3, 1e-2, 1e-1]}],
}


@pytest.fixture(scope="module")
def sweeps(planned):
    return planned(DOCUMENT).sweeps


@pytest.fixture(scope="module")
def undivided(sweeps):
    """What each sweep gives as one block."""
    return {sweep.id: runner.run(sweep) for sweep in sweeps}


class InBlocks:
    """A function as a task that is always divided into blocks."""

    def __init__(self, run):
        self.run = run

    def __call__(self, block, progress):
        return self.run(block, progress)

    def divides(self, sweep):
        return True


def everything(sweeps, workers, task=runner.run, progress=lambda done: None):
    with ThreadPoolExecutor(workers) as pool:
        results = dict.fromkeys(sweep.id for sweep in sweeps)
        for sweep, done in executors.whole(executors.execute(sweeps, InBlocks(task), pool, progress)):
            results[sweep.id] = done
    return results


def bits(done: Trajectories):
    names = ("status", "steps", "grad_evals", "first_loss", "final_loss", "best_loss")
    return [getattr(done, name).tobytes() for name in names]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_sweep_fails_if_one_block_fails(planned, failing):
    """In any block: the division of a sweep into blocks does not affect which runs fail."""
    for sweep in planned({**DOCUMENT, "record": {"trajectories": True}}).sweeps:
        half = len(sweep) // 2
        blocks = [sweep.block(slice(half)), sweep.block(slice(half, None))]
        parts = [runner.run(block) for block in blocks]
        recorded = len(sweep.recording.steps)
        parts[failing] = Trajectories.failed(len(blocks[failing]), recorded, "so it is")
        joined, whole = Trajectories.joined(parts), Trajectories.failed(len(sweep), recorded, "so it is")
        assert (joined.status == ERROR).all()
        assert bits(joined) == bits(whole)
        assert joined.loss.shape == whole.loss.shape
        assert (joined.x, joined.metrics, joined.log) == (None, {}, "so it is")


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("block", [1, 60, 25_000])
def test_results_do_not_depend_on_blocks_and_workers(sweeps, undivided, monkeypatch, workers, block):
    monkeypatch.setattr(local, "BLOCK", block)
    results = everything(sweeps, workers)
    for sweep in sweeps:
        whole = undivided[sweep.id]
        assert bits(results[sweep.id]) == bits(whole)
        finite = sweep.recording.steps[:, None] <= whole.steps
        np.testing.assert_array_equal(results[sweep.id].loss[finite], whole.loss[finite])
        assert results[sweep.id].metrics.keys() == whole.metrics.keys()


def test_blocks_hold_every_run_once_in_order(sweeps, monkeypatch):
    monkeypatch.setattr(local, "BLOCK", 40)
    for sweep in sweeps:
        cut = executors.blocks(sweep)
        sizes = [len(block) for block in cut]
        assert len(cut) == min(len(sweep), max(1, round(len(sweep) * sweep.case.dim / 40)))
        assert max(sizes) - min(sizes) <= 1
        np.testing.assert_array_equal(np.concatenate([block.run for block in cut]), sweep.run)


def test_a_sweep_is_divided_for_all_workers_unless_it_is_small(planned):
    lrs = {"linear": [0.1, 0.2], "num": 600}
    tables = {"problem": [{"name": "sphere", "dim": 2}], "optimizer": [{"name": "gd", "lr": lrs}]}
    (sweep,) = planned(tables).sweeps
    assert [len(block) for block in executors.blocks(sweep, 2)] == [300, 300]
    assert [len(block) for block in executors.blocks(sweep, 8)] == [300, 300]
    assert len(executors.blocks(sweep)) == 1


def test_large_sweeps_are_divided_so_that_workers_end_at_the_same_time(planned):
    """The first block of the next sweep begins before the other blocks of a sweep."""
    network = {"name": "mlp", "dataset": "xor", "hidden": [8], "batch_size": 8}
    rules = [{"name": name, "lr": {"linear": [0.1, 0.2], "num": 33}} for name in ("gd", "momentum", "adam")]
    sweeps = planned({"problem": [network], "optimizer": rules, "steps": 5}).sweeps
    begun = []

    class Recorded(runner.Runner):
        def __call__(self, block, progress=lambda run_steps: None):
            begun.append((block.rule.optimizer.name, len(block)))
            return super().__call__(block, progress)

    with local.threads(1) as pool:
        done = list(executors.whole(executors.execute(sweeps, Recorded(sweeps), pool, lambda run_steps: None, 2)))
    assert begun == [("gd", 16), ("momentum", 16), ("gd", 17), ("adam", 16), ("momentum", 17), ("adam", 17)]
    assert [len(trajectories.status) for _, trajectories in done] == [33, 33, 33]


def test_progress_counts_every_step_of_every_run(sweeps, monkeypatch):
    monkeypatch.setattr(local, "BLOCK", 1)
    told = []
    everything(sweeps, 4, progress=told.append)
    assert sum(told) == sum(len(sweep) * sweep.steps for sweep in sweeps)


def test_closing_stops_running_tasks(sweeps, monkeypatch):
    """Blocks that would never end are stopped when they report progress."""
    monkeypatch.setattr(local, "BLOCK", 1)
    stopped = []

    def endless(block, progress):
        if block.id == sweeps[0].id:
            return runner.run(block)
        try:
            for _ in range(3000):  # half a minute, so that a failing test ends
                progress(1)
                time.sleep(0.01)
            raise AssertionError("nobody stopped this block")
        except executors.Stopped:
            stopped.append(block)
            raise

    with ThreadPoolExecutor(20) as pool:
        results = executors.whole(executors.execute([sweeps[0], sweeps[2]], InBlocks(endless), pool, lambda done: None))
        sweep, _ = next(results)
        assert sweep is sweeps[0]
        results.close()
    assert stopped


def test_an_interrupt_from_progress_is_raised(sweeps):
    def interrupted(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        everything(sweeps, 2, progress=interrupted)


def counts():
    """The number of threads of each library for linear algebra."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("name", ["adam", "scipy:CG"])
def test_blas_has_one_thread_in_each_run(planned, name):
    """Also if the libraries were found in an earlier run, and were given more threads since."""
    runner._loaded_libraries.cache_clear()  # another test may have loaded SciPy's library since, which no rule uses
    backend = {"backend": "replay"} if name == "adam" else {}
    (sweep,) = planned(
        {"steps": 5, "problem": [{"name": "rosenbrock"}], "optimizer": [{"name": name}]} | backend
    ).sweeps
    seen = []
    for _ in range(2):
        with threadpool_limits(2, "blas"):
            runner.run(sweep, lambda run_steps: seen.extend(counts()))
            assert max(counts()) == 2
    assert set(seen) == {1}


def test_blas_has_one_thread_while_the_pool_exists():
    """Also between tasks: the end of the first task must not reset the limit for the others."""
    with threadpool_limits(2, "blas"):
        before = counts()
        with executors.threads() as pool:
            assert set(pool.submit(counts).result()) == {1}
            assert set(counts()) == {1}
        assert counts() == before
        assert max(before) == 2
    assert executors.workers() >= 1
