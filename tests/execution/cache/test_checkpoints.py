"""A sweep that is interrupted between two checkpoints is continued, with the bits of an uninterrupted one."""

from __future__ import annotations

import errno
import os
import random
import re
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optlab.engine.native import kernel
from optlab.execution import executors
from optlab.execution.cache import Reuse, RunStore, checkpoints, segments
from optlab.execution.cache.checkpoints import BlockSaver, Checkpoints
from optlab.execution.cache.identity import Identities
from optlab.execution.cache.store import clear
from optlab.execution.cache.store import segments as files_of
from optlab.execution.executors import local, processes
from optlab.execution.executors.drain import Drain
from optlab.execution.executors.protocol import DEFAULT, Asked, SweepLimits
from optlab.execution.records import TIMEOUT
from optlab.execution.runner import Graphs
from tests.execution.cache.test_reuse import bits

ADAM = {"name": "adam", "lr": [1e-3, 1e-2, 1e-1], "beta1": [0.9, 0.5], "schedule": "cosine", "transforms": ["ema"]}
CASES = {
    "whole": {"problem": [{"name": "rosenbrock", "start": "random", "target": 0.5}], "backend": "native"},
    "nodes": {"problem": [{"name": "ackley", "noise": {"kind": "normal", "scale": 0.1}}], "backend": "native"},
    "replay": {"problem": [{"name": "rosenbrock", "start": "random"}], "backend": "replay"},
    "noise": {"problem": [{"name": "ackley", "noise": {"kind": "normal", "scale": 0.1}}], "backend": "replay"},
    "minibatches": {
        "problem": [{"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 16, "target": {"train_loss": 0.5}}]
    },
    "float32": {"problem": [{"name": "beale"}], "precision": "float32"},
}
OPTIMIZERS = [
    ADAM,  # running products, a state, a schedule and a transform
    {"name": "sgld", "lr": [1e-4, 1e-3]},  # random numbers
    {"name": "gd", "lr": [1e-4, 1e5, 1e-3]},  # runs that diverge
]
WAYS = [{}, {"stop": {"loss": 0.7}}, {"stop": {"gradient_norm": 0.3}}, {"record": {"points": 4}}]
SMALL = {"steps": 400, "seeds": 2, "record": {"trajectories": True}}


def document(case, optimizer=ADAM, **more):
    return SMALL | {"optimizer": [optimizer]} | CASES[case] | more


class Over(Exception):
    """Ends an execution after some steps."""


class Lab:
    """Executes a plan with a store in one folder, and saves the state of each block after each chunk of steps."""

    def __init__(self, folder, known, interval=0.0):
        self.folder, self.known, self.interval = folder, known, interval
        folder.parent.mkdir(exist_ok=True)
        self.said, self.first = [], 0

    def __call__(self, planned, share=1.0, asked=DEFAULT):
        """The bits of all sweeps, or None if it ends after a share of the steps."""
        own = Reuse(RunStore(self.folder), interval=self.interval, limits=asked.limits)
        count, total = 0, planned.run_steps
        self.said, self.first = own.prospect(planned.sweeps), 0

        def progress(run_steps):
            nonlocal count
            count += run_steps
            self.first = self.first or count
            if count > share * total:
                raise Over

        try:
            with executors.opened(asked, self.known) as execute:
                done = {s.id: (bits(found), by) for s, found, by in own.computed(planned.sweeps, execute, progress)}
        except Over:
            return None
        finally:
            own.close()
            self.said += own.faults()
        assert count == total
        return [done[sweep.id] for sweep in planned.sweeps]

    def files(self, suffix=segments.CHECKPOINT):
        return sorted(self.folder.glob(f"*{suffix}"))


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """One call of the machine code for whole trajectories makes 64 steps, and saving may take as long as it takes."""
    monkeypatch.setattr(kernel, "STRIDE", 64)
    monkeypatch.setattr(checkpoints, "SHARE", np.inf)


@pytest.fixture
def lab(tmp_path, built_in):
    return Lab(tmp_path / "results" / "kept", built_in)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    optimizer=st.sampled_from(OPTIMIZERS),
    way=st.sampled_from(WAYS),
    shares=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=3),
    workers=st.integers(1, 2),
    block=st.sampled_from([4, 64_000]),
)
def test_the_bits_are_those_of_an_uninterrupted_sweep(
    case, optimizer, way, shares, workers, block, planned, built_in, tmp_path_factory
):
    plan = planned(document(case, optimizer, **way))
    room = tmp_path_factory.mktemp("lab")
    fresh = Lab(room / "fresh" / "kept", built_in, interval=1e9)(plan)
    lab = Lab(room / "results" / "kept", built_in)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "BLOCK", block)
        for n, share in enumerate(sorted(shares)):
            lab(plan, share, Asked(workers=1 + (workers + n) % 2))
        assert lab(plan, asked=Asked(workers=workers)) == fresh
    assert lab.files() == lab.files(segments.SAVING) == []


LIMITED = Asked(workers=1, limits=SweepLimits(60.0))


@pytest.mark.parametrize("name", ["threads", "processes"])
@pytest.mark.parametrize("case", ["whole", "minibatches"])
def test_sweeps_with_limits_are_continued(case, name, planned, lab, built_in):
    plan, limited = planned(document(case)), replace(LIMITED, name="threads")
    fresh = Lab(lab.folder.parent / "fresh", built_in, interval=1e9)(plan)
    assert lab(plan, 0.5, limited) is None
    found = lab(plan, asked=replace(LIMITED, name=name))
    assert any("12 runs continued at step" in said for said in lab.said)
    assert found == fresh
    assert lab.files() == []


def test_a_limited_sweep_with_other_runs_begins_anew(planned, lab, built_in):
    """Its limit is that of the whole sweep, which is therefore not divided into what is continued and what is not."""
    limited = replace(LIMITED, name="threads")
    assert lab(planned(document("whole")), 0.5, limited) is None
    more = planned(document("whole", seeds=3))
    found = lab(more, asked=limited)
    assert not any("continued" in said for said in lab.said)
    assert found == Lab(lab.folder.parent / "fresh", built_in, interval=1e9)(more)


def test_the_time_before_an_interruption_counts_for_the_limit(planned, lab):
    plan, limited = planned(document("minibatches")), replace(LIMITED, name="threads")
    assert lab(plan, 0.5, limited) is None
    limits = SweepLimits(1e-3)  # the first half took longer
    for name in ("threads", "processes"):
        own, status = Reuse(RunStore(lab.folder), limits=limits), set()
        with executors.opened(Asked(name, 1, limits=limits), lab.known) as execute:
            for _, found, _ in own.computed(plan.sweeps, execute, lambda run_steps: None):
                status |= {*found.status.tolist()}
                assert "took longer than limits.seconds = 0.001" in found.log
        own.close()
        assert status == {TIMEOUT}
    assert lab(plan, asked=replace(limited, limits=SweepLimits(90.0))) is not None
    assert any("12 runs continued at step" in said for said in lab.said)  # a longer limit continues


@pytest.mark.parametrize("case", CASES)
def test_it_goes_on_at_the_last_chunk(planned, lab, case):
    plan = planned(document(case, {"name": "adam", "lr": 0.01}, seeds=1))
    assert lab(plan, 0.5) is None
    (checkpoint,) = lab.files()
    lab(plan)
    (step,) = [int(found[1]) for said in lab.said if (found := re.search(r"continued at step (\d+) of 400", said))]
    assert step == (256 if case == "whole" else 224)
    assert lab.first == step
    assert not checkpoint.exists()


def test_some_of_its_runs_are_continued_with_others(planned, lab, tmp_path, built_in):
    """Fewer values of a number, which all runs share now, and more seeds."""
    lab(planned(document("whole")), 0.5)
    other = planned(document("whole", ADAM | {"lr": [1e-1], "beta1": 0.5}, seeds=3))
    fresh = Lab(tmp_path / "fresh" / "kept", built_in, interval=1e9)(other)
    assert lab(other) == fresh
    assert any("2 runs continued at step" in said for said in lab.said)
    assert len(lab.files()) == 1  # of the other values


def test_a_checkpoint_of_runs_that_are_kept_is_removed(planned, lab):
    """The process was killed after the runs were kept, and before it removed their checkpoint."""
    plan = planned(document("replay"))
    lab(plan, 0.5, Asked(workers=1))
    (checkpoint,) = lab.files()
    data = checkpoint.read_bytes()
    lab(plan)
    checkpoint.write_bytes(data)
    lab(plan)
    assert lab.files() == []
    assert lab.said == ["12 of 12 runs kept from earlier, nothing is computed"]


def spoil_head(data):
    data[3] ^= 16


def spoil_state(data):
    data[-3] ^= 16


def cut(data):
    del data[len(data) // 2 :]


def empty(data):
    data.clear()


@pytest.mark.parametrize("spoil", [spoil_head, spoil_state, cut, empty])
def test_damage_is_said_and_computed_again(planned, lab, tmp_path, built_in, spoil):
    plan = planned(document("replay"))
    fresh = Lab(tmp_path / "fresh" / "kept", built_in, interval=1e9)(plan)
    lab(plan, 0.5, Asked(workers=1))
    (checkpoint,) = lab.files()
    data = bytearray(checkpoint.read_bytes())
    spoil(data)
    checkpoint.write_bytes(data)
    assert lab(plan) == fresh
    assert [said for said in lab.said if "damaged" in said] == [
        f"{checkpoint} was damaged; its runs are computed from an earlier step"
    ]
    assert lab.files() == []


def test_other_arrays_are_ignored_and_said(planned, lab, tmp_path, built_in):
    """A file with the right name and checksums that has another content."""
    plan = planned(document("replay"))
    fresh = Lab(tmp_path / "fresh" / "kept", built_in, interval=1e9)(plan)
    (sweep,) = plan.sweeps
    of = of_sweep(sweep, lab.folder)
    for state in ({"x": np.zeros((2, 12))}, {"x": np.zeros((3, 12), np.float32)}):
        clear(lab.folder)
        BlockSaver(of, sweep).save(state, 32, 0.0)
        assert lab(plan) == fresh
        assert sum("damaged" in said for said in lab.said) == 1


def of_sweep(sweep, folder, **more):
    identity = Identities(graphs := Graphs()).of(sweep)
    assert identity is not None
    return Checkpoints(folder, identity, graphs.of(sweep).numbers, **more)


def test_other_steps_or_code_are_not_continued(planned, lab):
    lab(planned(document("whole")), 0.5)
    for name, other in {
        "steps, record": {"steps": 401},
        "seed": {"seed": 1},
        "back end": {"backend": "replay"},
    }.items():
        lab(planned(document("whole", **other)))
        label = "adam, cosine, ema"
        assert f"a checkpoint of 12 runs is not continued; {label}: other {name}" in lab.said
        assert not any("continued at step" in said for said in lab.said)
    assert len(lab.files()) == 1


def test_the_cache_lists_and_clears_them(planned, lab):
    lab(planned(document("replay")), 0.5, Asked(workers=1))
    (checkpoint,) = lab.files()
    assert [file.path for file in files_of(lab.folder) if file.path.suffix == segments.CHECKPOINT] == [checkpoint]
    clear(lab.folder)
    assert files_of(lab.folder) == []


def test_a_full_disk_is_said_once_and_harms_nothing(planned, lab, tmp_path, built_in, monkeypatch):
    plan = planned(document("replay"))
    fresh = Lab(tmp_path / "fresh" / "kept", built_in, interval=1e9)(plan)
    calls = []

    def full(old, new):
        calls.append(new)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoints.os, "replace", full)
    found = lab(plan)
    assert found == fresh
    assert len(calls) > 3
    assert [said for said in lab.said if "checkpoint" in said] == [
        f"a checkpoint was not written in {lab.folder}: No space left on device"
    ]
    assert lab.files() == lab.files(segments.SAVING) == []


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_states_are_due_once_a_minute_or_less_often_if_they_take_long(planned, lab, monkeypatch):
    monkeypatch.setattr(checkpoints, "SHARE", 0.01)
    (sweep,) = planned(document("replay")).sweeps
    clock = Clock()
    saver = BlockSaver(of_sweep(sweep, lab.folder), sweep, clock)

    def replace_in(seconds):
        def slow(path, parts):
            clock.now += seconds

        monkeypatch.setattr(checkpoints, "_replace", slow)

    asked = []
    for now, seconds in [(2.9, 0), (3, 0), (59, 0), (60, 0.25), (120, 2), (300, 0), (323, 0)]:
        clock.now = now
        asked.append((saver.due(), saver.due(is_last=True)))
        if asked[-1][0]:
            replace_in(seconds)
            saver.save({}, 32, 0.0)
    assert asked == [
        (False, False),
        (False, True),
        (False, True),
        (True, True),
        (False, True),
        (True, True),
        (False, True),
    ]


@pytest.mark.parametrize("name", ["threads", "processes"])
def test_ctrl_c_saves_the_blocks_that_are_stopped(planned, lab, built_in, monkeypatch, name):
    """No checkpoint is due by its interval."""
    monkeypatch.setattr(executors.drain, "GRACE", 0.0)
    for module in (local, processes):
        monkeypatch.setattr(module, "SAVING", 60.0)  # a worker process first loads what it needs
    plan = planned(document("replay", steps=1_000_000, seeds=40, record={"points": 3}))
    (sweep,) = plan.sweeps
    of, drain = of_sweep(sweep, lab.folder, least=0.0), Drain()
    with pytest.raises(KeyboardInterrupt), executors.opened(Asked(name, 2), built_in, drain) as execute:
        list(execute([replace(sweep, savers=of)], Graphs(), lambda run_steps: drain.request()))
    assert of.held()
    assert any("continued at step" in said for said in Reuse(RunStore(lab.folder)).prospect(plan.sweeps))


@pytest.mark.parametrize("name", ["threads", "processes"])
@pytest.mark.parametrize("case", ["whole", "nodes", "replay", "minibatches"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_is_continued(planned, lab, tmp_path, built_in, case, name, number):
    """The process is killed at a random moment after its first checkpoint."""
    steps = 40_000 if (case, name) == ("whole", "processes") else 3000  # the calls of a worker make 4096 steps
    plan = planned(document(case, steps=steps, record={"points": 5}))
    fresh = Lab(tmp_path / "fresh" / "kept", built_in, interval=1e9)(plan)
    process = os.fork()
    if not process:
        os.setsid()
        status = 1
        try:
            with executors.draining() as drain, executors.opened(Asked(name, 2), built_in, drain) as execute:
                own = Reuse(RunStore(lab.folder), interval=0.0)
                list(own.computed(plan.sweeps, execute, lambda run_steps: None))
                own.close()
                status = 0
        finally:
            os._exit(status)
    while not lab.files():
        assert os.waitid(os.P_PID, process, os.WNOHANG | os.WEXITED | os.WNOWAIT) is None
        time.sleep(0.001)
    time.sleep(random.Random(f"{case} {name}").uniform(0, 0.2))
    os.killpg(process, number)
    os.waitpid(process, 0)
    found = lab(plan, asked=Asked(name, 2))
    assert found == fresh
    assert lab.files() == lab.files(segments.SAVING) == []
