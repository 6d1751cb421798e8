"""Processes as workers: the same bits as on threads, and code that ends, hangs or fills its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from optlab import optimizer
from optlab.errors import UserError
from optlab.execution import runner
from optlab.execution.executors import processes
from optlab.execution.executors.protocol import Answer, Asked, Died, SweepLimits
from optlab.execution.executors.travel import Head
from optlab.execution.records import CRASHED, DONE, STATUSES, TIMEOUT, Trajectories
from optlab.plugins import registry
from tests.execution.executors.sweeps import bits, executed

HOSTILE = '''
import ctypes, os, sys, threading, time
import numpy as np
from optlab import optimizer

HERE = "optlab.execution.executors.worker" in sys.modules  # not where the experiment is planned

@optimizer
def exits(x, g, *, lr=0.1):
    """Ends its process."""
    if HERE:
        os._exit(7)
    return x - lr * g

@optimizer
def segfaults(x, g, *, lr=0.1):
    """Reads from address 0."""
    if HERE:
        ctypes.string_at(0)
    return x - lr * g

@optimizer
def raises(x, g, *, lr=0.1):
    """Raises an exception."""
    if HERE:
        raise ZeroDivisionError("on purpose")
    return x - lr * g

@optimizer
def prints(x, g, *, lr=0.1):
    """Prints to Python's streams and to the descriptors."""
    if HERE:
        for number in (1, 2):
            os.write(number, b"y" * 1_000_000)
        print("x" * 1_000_000)
    return x - lr * g

@optimizer
def moves(x, g, *, lr=0.1):
    """Changes NumPy and the working directory, and leaves a thread behind."""
    if HERE:
        os.chdir("/")
        np.sqrt = None
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    return x - lr * g

@optimizer
def plain(x, g, *, lr=0.1):
    """Gradient descent."""
    return x - lr * g
'''
STUCK = '''
import sys
import numpy as np
from optlab import optimizer

HERE = "optlab.execution.executors.worker" in sys.modules

@optimizer
def {name}(x, g, *, lr=0.1):
    """Never returns."""
    kept = []
    while HERE:
        kept.append({value})
        kept = kept[-{most}:]
    return x - lr * g
'''


def from_file(tmp_path, planned, text, *names, **more):
    """The sweeps of the optimizers of a drop-in file on a sphere, and the registry."""
    (tmp_path / "hostile.py").write_text(text)
    known = registry.load([tmp_path])
    plugins = [known.optimizers[name] for name in names]
    document = {"problem": [{"name": "sphere"}], "optimizer": [{"name": name} for name in names]} | more
    return planned(document, *plugins).sweeps, known


def test_the_bits_are_those_of_threads(sweeps, built_in, on_threads):
    """For native code, which is divided among the processes, networks, random rules and other packages."""
    told = []
    found = executed(sweeps, built_in, Asked("processes", 2), told.append)
    assert {sweep.id: bits(found[sweep.id][0]) for sweep in sweeps} == {i: bits(t) for i, (t, _) in on_threads.items()}
    assert {i: backend for i, (_, backend) in found.items()} == {i: backend for i, (_, backend) in on_threads.items()}
    assert sorted({backend for _, backend in found.values()}) == ["foreign", "native", "replay"]
    assert sum(told) == sum(len(sweep) * sweep.steps for sweep in sweeps)


def test_a_plugin_from_a_file_can_only_harm_its_own_runs(tmp_path, planned):
    names = ("exits", "segfaults", "raises", "prints", "moves", "plain")
    sweeps, known = from_file(tmp_path, planned, HOSTILE, *names)
    folder, sqrt = os.getcwd(), np.sqrt
    found = executed(sweeps, known, Asked("processes", 2))
    done = {sweep.label: found[sweep.id][0] for sweep in sweeps}
    assert {label: STATUSES[trajectories.status[0]] for label, trajectories in done.items()} == {
        "exits": "crashed", "segfaults": "crashed", "raises": "error", "prints": "done", "moves": "done",
        "plain": "done"}  # fmt: skip
    assert done["exits"].log == "exits: the process that executed it ended (exit status 7)"
    assert done["segfaults"].log == "segfaults: the process that executed it ended (SIGSEGV)"
    assert done["raises"].log.endswith("on purpose")
    assert (
        done["prints"].final_loss.tobytes() == done["moves"].final_loss.tobytes() == done["plain"].final_loss.tobytes()
    )
    assert (os.getcwd(), np.sqrt) == (folder, sqrt)


def test_an_endless_plugin_ends_with_timeout(tmp_path, planned):
    sweeps, known = from_file(tmp_path, planned, STUCK.format(name="stuck", value="1", most=1), "stuck")
    ((done, backend),) = executed(sweeps, known, Asked("processes", 1, limits=SweepLimits(seconds=4.0))).values()
    assert done.status.tolist() == [TIMEOUT]
    assert done.log == "stuck: took longer than limits.seconds = 4"
    assert backend == "none"


def test_a_plugin_that_allocates_without_bound_crashes(tmp_path, planned):
    text = STUCK.format(name="hungry", value="np.ones(10_000_000)", most=10**9)
    sweeps, known = from_file(tmp_path, planned, text, "hungry")
    ((done, _),) = executed(sweeps, known, Asked("processes", 1, limits=SweepLimits(memory=300_000_000))).values()
    assert done.status.tolist() == [CRASHED]
    assert done.log == "hungry: needs more than limits.memory = 300,000,000 bytes"


def test_an_innocent_block_is_executed_again_after_the_death_of_its_process(sweeps, built_in, on_threads, monkeypatch):
    """As by the out-of-memory killer: no run is lost."""
    compute, killed = processes._Worker.compute, []

    def dying(self, head, begin, end, wait):
        if not killed:
            killed.append(self._start().pid)
            os.kill(killed[0], signal.SIGKILL)
        return compute(self, head, begin, end, wait)

    monkeypatch.setattr(processes._Worker, "compute", dying)
    found = executed(sweeps[:1], built_in, Asked("processes", 1))
    assert killed
    assert bits(found[sweeps[0].id][0]) == bits(on_threads[sweeps[0].id][0])


def test_objects_travel_by_value(planned, built_in, on_threads):
    """Plugins that were declared in a script or a notebook have no file in a folder of plugins."""
    factor = 0.5

    @optimizer
    def halved(x, g, *, lr=0.1):
        """Gradient descent with half the rate."""
        return x - factor * lr * g

    sweeps = planned({"problem": [{"name": "sphere"}], "optimizer": [{"name": "halved"}]}, halved).sweeps
    (there,), (here,) = (executed(sweeps, built_in, Asked(name, 1)).values() for name in ("processes", "threads"))
    assert here[0].status.tolist() == [DONE]
    assert bits(there[0]) == bits(here[0])


def test_memory_is_limited_on_linux_only(monkeypatch):
    monkeypatch.setattr(processes.sys, "platform", "darwin")
    with pytest.raises(UserError, match=r"limits\.memory works on Linux only"):
        processes.Processes(Asked("processes", limits=SweepLimits(memory=10**9)))


def test_no_process_is_left(sweeps, built_in):
    pool = processes.Processes(Asked("processes", 1))
    with pool:
        popen = pool._all[0]._start()
    assert popen.returncode == -signal.SIGKILL


def test_processes_end_with_the_one_that_started_them():
    """Also if that is killed, in the middle of a block."""
    code = "\n".join([
        "import sys, time",
        "from optlab.execution.executors.processes import Processes",
        "from optlab.execution.executors.protocol import Asked",
        "pool = Processes(Asked('processes', 1))",
        "print(pool._all[0]._start().pid, flush=True)",
        "time.sleep(3600)",
    ])  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    for _ in range(300):
        if not is_running(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker is still running")


def is_running(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("status", "said"), [(0, "exit status 0"), (7, "exit status 7"), (-11, "SIGSEGV"), (-99, "signal 99")]
)
def test_exit_statuses_in_words(status, said):
    assert processes._cause(status) == said


class Wrong:
    """A worker that sends an answer of the wrong form, and counts how often it is killed."""

    def __init__(self, answer):
        self.answer, self.killed = answer, 0

    def compute(self, head, begin, end, wait):
        return self.answer

    def kill(self):
        self.killed += 1


def test_results_of_the_wrong_form_count_as_a_death(sweeps):
    done = runner.run(sweeps[0])
    runs, nothing = len(sweeps[0]), lambda: None
    for right in (done, Trajectories.failed(runs, 3, "log")):
        assert Answer(right, "replay").checked(runs).trajectories is right
    for changed in (
        {"loss": 1.0},
        {"seconds": np.array(1.0)},
        {"status": [0] * runs},
        {"steps": done.steps[:-1]},
        {"metrics": {"loss": np.ones(3)}},
    ):
        worker = Wrong(Answer(replace(done, **changed), "replay"))
        pool = processes.Processes(Asked(workers=1))
        pool._idle.get()
        pool._idle.put(worker)
        with pytest.raises(Died, match="wrong form"):
            pool.compute(Head((), {}, b""), 0, runs, nothing)
        assert worker.killed == 1
