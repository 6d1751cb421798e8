"""Runs that are kept are not executed again, and the results have the bits of a computation without a store."""

from __future__ import annotations

import errno
import itertools
import os
from dataclasses import replace

import numpy as np
import pytest

from optlab.execution import executors
from optlab.execution.cache import Reuse, RunStore, kept, reuse
from optlab.execution.cache.identity import Identities
from optlab.execution.cache.segments import Journal
from optlab.execution.executors import local
from optlab.execution.executors.protocol import NO_LIMITS, Asked, SweepLimits
from optlab.execution.records import TIMEOUT, Trajectories
from optlab.execution.runner import Graphs

GRID = {
    "steps": 40,
    "seeds": 3,
    "problem": [
        {"name": "rosenbrock", "start": "random"},
        {"name": "ackley", "dim": 3, "noise": {"kind": "normal", "scale": 0.1}},
        {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": 16},
    ],
    "optimizer": [{"name": "gd", "lr": [1e-4, 1e-3, 1e5]}, {"name": "adam", "lr": [1e-3, 1e-2], "schedule": "cosine"}],
    "record": {"trajectories": True},
}
EXTERNAL = {
    "steps": 10,
    "seeds": 2,
    "problem": [{"name": "beale", "start": "random"}],
    "optimizer": [{"name": "scipy:BFGS", "gtol": [1e-5, 1e-2]}],
}


def changed(document, **settings):
    return {**document, **settings}


SMALL = changed(GRID, problem=GRID["problem"][:1])


class Lab:
    """Executes plans with a store in one folder, and counts the runs that are executed."""

    def __init__(self, folder, known):
        self.folder, self.known, self.said = folder, known, []
        self.executed, self.kept = {}, 0

    def __call__(self, planned, fails=False, limits=NO_LIMITS):
        own = Reuse(RunStore(self.folder), limits=limits)
        self.said = [*own.prospect(planned.sweeps), *own.faults()]
        self.executed = {}
        with executors.opened(Asked("threads", limits=limits), self.known) as execute:

            def counting(sweeps, graphs, progress):
                for block in execute(sweeps, graphs, progress):
                    sweep, _, done, _ = block
                    self.executed[sweep.label] = self.executed.get(sweep.label, 0) + len(done.status)
                    yield block

            steps = []
            done = {sweep.id: (found, backend) for sweep, found, backend in
                    own.computed(planned.sweeps, counting, steps.append)}  # fmt: skip
        own.close()
        self.kept = own.kept
        self.said += own.faults()
        assert fails or sum(steps) == sum(len(sweep) * sweep.steps for sweep in planned.sweeps)
        return [done[sweep.id] for sweep in planned.sweeps]


@pytest.fixture
def lab(tmp_path, built_in):
    return Lab(tmp_path / "kept", built_in)


def test_another_sweep_with_the_id_of_a_planned_one_is_executed_as_it_is(planned, tmp_path, built_in):
    """A map executes its sweeps with another recording than that of the plan."""
    sweep = planned(SMALL).sweeps[0]
    other = replace(sweep, recording=replace(sweep.recording, steps=sweep.recording.steps[-3:]))
    own = Reuse(RunStore(tmp_path))
    own.prospect([sweep])
    with executors.opened(Asked(), built_in) as execute:
        ((found, done, _),) = own.computed([other], execute, lambda run_steps: None)
    own.close()
    assert found is other
    assert done.loss.shape == (3, len(sweep))


def bits(done: Trajectories):
    return {name: array.tobytes() for name, array in kept.as_arrays(done).items() if name != "seconds"}


def assert_equal(found, fresh):
    for (own, backend), (other, other_backend) in zip(found, fresh, strict=True):
        assert backend == other_backend
        assert bits(own) == bits(other)


@pytest.mark.parametrize(
    "document", [GRID, EXTERNAL, *(changed(SMALL, backend=backend) for backend in ("native", "replay"))]
)
def test_one_more_seed_computes_only_its_runs(planned, lab, built_in, tmp_path, document):
    lab(planned(document))
    more = planned(changed(document, seeds=document["seeds"] + 1))
    found = lab(more)
    assert sum(lab.executed.values()) == sum(len(sweep) for sweep in more.sweeps) // (document["seeds"] + 1)
    fresh = Lab(tmp_path / "fresh", built_in)(more)
    assert_equal(found, fresh)
    assert_equal(lab(more), fresh)
    assert lab.executed == {}


def test_order_labels_and_other_sweeps_do_not_matter(planned, lab, built_in, tmp_path):
    lab(planned(GRID))
    gd, adam = GRID["optimizer"]
    other = planned(
        changed(
            GRID,
            problem=[{"name": "booth"}, *reversed(GRID["problem"])],
            optimizer=[adam | {"lr": [1e-2, 0.5, 1e-3], "label": "Adam"}, {"name": "lion"}, gd],
        )
    )
    found = lab(other)
    # on booth there is no seed; on the other three there are 3 seeds
    assert lab.executed == {"Adam": 3 + 3 * 3, "lion": 1 + 3 * 3, "gd": 3}
    assert_equal(found, Lab(tmp_path / "fresh", built_in)(other))


@pytest.mark.parametrize(
    "settings",
    [{"steps": 41}, {"seed": 1}, {"stop": {"loss": 1e-3}}, {"record": {"points": 3}}, {"precision": "float32"}],
)
def test_other_settings_are_other_results(planned, lab, settings):
    document = changed(GRID, problem=GRID["problem"][:1], optimizer=GRID["optimizer"][:1])
    lab(planned(document))
    other = planned(changed(document, **settings))
    lab(other)
    assert sum(lab.executed.values()) == len(other.sweeps[0])


def test_the_seed_of_the_experiment_does_not_matter_without_randomness(planned, lab):
    document = changed(GRID, problem=[{"name": "beale"}])
    lab(planned(document))
    lab(planned(changed(document, seed=5)))
    assert lab.executed == {}


def test_what_ends_within_limits_is_kept_and_found_without_them(planned, lab):
    limits = SweepLimits(60.0)
    lab(planned(SMALL), limits=limits)
    assert lab.executed == {"gd": 9, "adam, cosine": 6}
    lab(planned(SMALL))
    assert lab.executed == {}
    lab(planned(changed(SMALL, optimizer=[{"name": "gd", "lr": [1e-4, 1e-3, 1e5, 2]}])), limits=limits)
    assert lab.executed == {"gd": 3}


def test_what_reaches_a_limit_is_kept_for_this_limit_only(planned, lab):
    longer, short = planned(changed(SMALL, steps=20_000)), SweepLimits(1e-6)
    first = lab(longer, fails=True, limits=short)
    assert {int(status) for found, _ in first for status in found.status} == {TIMEOUT}
    assert lab.kept == 0
    again = lab(longer, limits=short)
    assert lab.executed == {}
    assert [found.log for found, _ in again] == [found.log for found, _ in first]
    assert all((found.status == TIMEOUT).all() and np.isnan(found.loss).all() for found, _ in again)
    assert lab.said[1:] == [
        f"{label}: {runs} runs reached limits.seconds = 1e-06 before; another limit, or optlab cache --clear, tries "
        "them again"
        for label, runs in (("gd", 9), ("adam, cosine", 6))
    ]
    lab(planned(changed(SMALL, steps=20_000, seeds=4)), fails=True, limits=short)
    assert lab.executed == {"gd": 12, "adam, cosine": 8}  # others together
    lab(longer, fails=True, limits=SweepLimits(2e-6))
    assert lab.executed == {"gd": 9, "adam, cosine": 6}
    lab(longer, limits=SweepLimits(60.0))
    assert lab.executed == {"gd": 9, "adam, cosine": 6}
    lab(longer, limits=short)  # they are done now
    assert lab.executed == {}
    assert lab.said == ["15 of 15 runs kept from earlier, nothing is computed"]


def test_a_damaged_entry_of_a_timeout_is_computed_again(planned, lab):
    longer, short = planned(changed(SMALL, steps=20_000)), SweepLimits(1e-6)
    lab(longer, fails=True, limits=short)
    (file,) = lab.folder.glob("*.runs")
    (second,) = [entry for entry in RunStore(lab.folder)._entries if entry.offset]
    with open(file, "r+b") as bytes_of:
        bytes_of.seek(second.offset + 60)
        bytes_of.write(b"?")
    lab(longer, fails=True, limits=short)
    assert len(lab.executed) == 1
    assert "was damaged" in lab.said[-1]


def test_it_is_said_what_is_kept_and_why_the_rest_is_computed(planned, lab):
    document = SMALL
    lab(planned(document))
    assert lab.said == []
    lab(planned(changed(document, optimizer=[{"name": "gd", "lr": [1e-4, 1e-3, 1e5, 2, 3]}])))
    assert lab.said == ["9 of 15 runs kept from earlier, 6 computed", "gd: lr has 2 new values"]
    lab(planned(changed(document, steps=10)))
    assert lab.said[1:] == ["gd: other steps, record", "adam, cosine: other steps, record"]
    lab(planned(changed(document, steps=11, stop={"loss": 1e-3}, record={"points": 3})))
    assert lab.said[1:] == []  # of another experiment


def test_errors_and_runs_that_are_limited_in_time_are_not_kept(planned, lab):
    from optlab import optimizer

    calls = []

    @optimizer
    def failing(x, g, *, lr=0.1):
        calls.append(1)
        raise ValueError("so it is")

    lab(planned(changed(GRID, optimizer=[{"name": "failing"}]), failing), fails=True)
    assert RunStore(lab.folder)._entries == []
    timed = planned(changed(GRID, optimizer=[{"name": "gd"}], stop={"seconds": 9}))
    lab(timed)
    assert RunStore(lab.folder)._entries == []


@pytest.mark.parametrize("place", [3, 90, -3])
def test_damage_is_found_said_and_computed_again(planned, lab, place):
    document = SMALL
    fresh = lab(planned(document))
    (segment,) = lab.folder.iterdir()
    data = bytearray(segment.read_bytes())
    data[place] ^= 16
    segment.write_bytes(data)
    assert_equal(lab(planned(document)), fresh)
    assert any("was damaged" in said and str(segment) in said for said in lab.said)
    assert sum(lab.executed.values()) >= 6
    assert_equal(lab(planned(document)), fresh)
    assert lab.executed == {}
    assert not any("damaged" in said for said in lab.said)


@pytest.mark.parametrize("suffix", [".part", ".runs"])
@pytest.mark.parametrize("left", [0.99, 0.4, 10])
def test_a_truncated_file_has_its_first_entries(planned, lab, suffix, left):
    fresh = lab(planned(GRID))
    (segment,) = lab.folder.iterdir()
    size = segment.stat().st_size
    segment = segment.rename(segment.with_suffix(suffix))
    with open(segment, "r+b") as file:
        file.truncate(int(left * size) if left < 1 else left)
    assert_equal(lab(planned(GRID)), fresh)
    assert 0 < sum(lab.executed.values()) <= 45
    assert any("damaged" in said for said in lab.said) == (suffix == ".runs")


def test_long_sweeps_are_kept_in_pieces(planned, lab, built_in, tmp_path, monkeypatch):
    """If the process ends in between, only the unfinished pieces are computed again."""
    document = changed(GRID, optimizer=[{"name": "adam", "lr": [1e-3, 1e-2, 1e-1, 1]}])
    fresh = Lab(tmp_path / "fresh", built_in)(planned(document))
    monkeypatch.setattr(reuse, "PIECE", 1e-9)
    monkeypatch.setattr(local, "BLOCK", 6)
    assert_equal(lab(planned(document)), fresh)
    entries = RunStore(lab.folder)._entries
    assert len(entries) > 8
    (segment,) = lab.folder.iterdir()
    with open(segment, "r+b") as file:
        file.truncate(entries[5].offset + 7)
    segment.rename(segment.with_suffix(".part"))
    assert_equal(lab(planned(document)), fresh)
    assert sum(lab.executed.values()) == 36 - sum(entry.runs for entry in entries[:5])


def test_blocks_of_an_unfinished_sweep_are_kept(planned, lab, built_in, tmp_path, monkeypatch):
    """After Ctrl-C only the blocks that had not finished are computed."""
    monkeypatch.setattr(local, "BLOCK", 6)
    document = changed(SMALL, backend="replay", optimizer=[{"name": "adam", "lr": [1e-3, 1e-2, 1e-1, 1]}])
    fresh = Lab(tmp_path / "fresh", built_in)(planned(document))
    own, finished = Reuse(RunStore(lab.folder)), 0

    def interrupted(sweeps, graphs, progress):
        nonlocal finished
        with executors.opened(Asked(), built_in) as execute:
            for block in itertools.islice(execute(sweeps, graphs, progress), 2):
                finished += len(block[2].status)
                yield block
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(own.computed(planned(document).sweeps, interrupted, lambda run_steps: None))
    own.close()
    assert own.kept == finished == 6
    assert_equal(lab(planned(document)), fresh)
    assert lab.executed == {"adam": 12 - 6}


def test_two_at_once_keep_both(planned, lab, built_in):
    """Each writes its own file."""
    document = SMALL
    first, second = (Reuse(RunStore(lab.folder)) for _ in range(2))
    sweeps = planned(document).sweeps
    with executors.opened(Asked(), built_in) as execute:
        together = zip(
            first.computed(sweeps, execute, lambda steps: None),
            second.computed(sweeps, execute, lambda steps: None),
            strict=True,
        )
        assert len(list(together)) == 2
    first.close()
    second.close()
    assert len(list(lab.folder.iterdir())) == 2
    lab(planned(document))
    assert lab.executed == {}


def test_a_segment_is_closed_and_its_folder_is_synced(tmp_path, monkeypatch):
    synced, real = [], os.fsync

    def noted(number):
        synced.append(os.fstat(number).st_ino)
        real(number)

    def write():
        journal = Journal(tmp_path)
        assert journal.append(bytes(16), bytes(8), {}, {"status": np.zeros(2, np.uint8)})
        file = journal._file
        journal.close()
        assert file.closed
        return journal.failure

    monkeypatch.setattr(os, "fsync", noted)
    assert write() is None
    (segment,) = tmp_path.iterdir()
    assert synced == [segment.stat().st_ino, tmp_path.stat().st_ino]

    def fails(number):
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "fsync", fails)
    assert write().errno == errno.EIO


def test_a_full_disk_is_said_and_harms_nothing(planned, lab, tmp_path):
    document = SMALL
    lab(planned(document))
    assert lab.kept == sum(len(sweep) for sweep in planned(document).sweeps)
    lab.folder = tmp_path / "file"
    lab.folder.write_text("in the way")
    found = lab(planned(document))
    assert len(found) == 2
    assert len(lab.said) == 1
    assert "not kept" in lab.said[0]
    assert lab.kept == 0


def test_cheap_runs_with_large_results_are_not_kept():
    done = Trajectories.failed(1000, 1000, "")
    done = replace(done, status=np.zeros(1000, np.uint8), seconds=np.full(1000, 1e-6))
    assert not kept.is_worth(done)
    assert kept.is_worth(replace(done, seconds=np.full(1000, 1e-2)))
    assert not kept.is_worth(Trajectories.failed(1000, 1, "so it is"))


def test_the_identity_of_a_sweep_is_that_of_its_blocks(planned):
    for sweep in planned(GRID).sweeps:
        own, other = (Identities(Graphs()).of(one) for one in (sweep, sweep.block(slice(1, 3))))
        assert own is not None
        assert other is not None
        assert (own.key, own.parts) == (other.key, other.parts)
