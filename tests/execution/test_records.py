"""Sweeps: their numbers by key, and blocks of their runs."""

from __future__ import annotations

import dataclasses

import numpy as np

from optlab.execution.records import Trajectories

ROSENBROCK = {"name": "rosenbrock", "a": [1.0, 2.0], "b": [10.0, 100.0, 1000.0]}
ADAM = {
    "name": "adam",
    "lr": [0.1, 0.2],
    "schedule": {"name": "cosine", "end": [0.0, 0.5]},
    "transforms": [{"name": "clip_norm", "max_norm": [1.0, 2.0]}, {"name": "weight_decay"}],
}


def sweep_of(planned):
    (sweep,) = planned({"problem": [ROSENBROCK], "optimizer": [ADAM]}).sweeps
    return dataclasses.replace(sweep, target=np.arange(len(sweep)) / 8)


def test_the_numbers_of_a_sweep_are_those_of_its_case_and_its_rule(planned):
    sweep = sweep_of(planned)
    assert len(sweep) == 2 * 3 * 2 * 2 * 2
    assert [*sweep.numbers] == [("option", "a"), ("option", "b"), *sweep.rule.numbers]
    assert {owner for owner, _ in sweep.rule.numbers} == {"hyperparameter", "schedule", "transform"}
    assert all(column.shape == (len(sweep),) for column in sweep.numbers.values())
    assert [*sweep.numbers_of("option")] == ["a", "b"]
    assert [*sweep.numbers_of("transform")] == ["clip_norm.max_norm", "weight_decay.decay"]
    assert {*sweep.numbers_of("schedule")["end"]} == {0.0, 0.5}


def test_every_title_has_options_of_its_own(planned):
    sweep = sweep_of(planned)
    found = [sweep.options(number) for number in range(len(sweep.titles))]
    assert found == [{"a": a, "b": b} for a in (1.0, 2.0) for b in (10.0, 100.0, 1000.0)]
    for number, options in enumerate(found):
        for name, value in options.items():
            assert {*sweep.numbers_of("option")[name][sweep.title == number]} == {value}


def test_a_block_has_every_array_of_its_runs(planned):
    sweep = sweep_of(planned)
    block = sweep.block(slice(5, 9))
    assert len(block) == 4
    for name in ("run", "seed", "title", "target"):
        assert getattr(block, name).tolist() == getattr(sweep, name)[5:9].tolist()
    assert [*block.numbers] == [*sweep.numbers]
    for key, column in block.numbers.items():
        assert column.tolist() == sweep.numbers[key][5:9].tolist()
    assert (block.id, block.case, block.rule, block.titles) == (sweep.id, sweep.case, sweep.rule, sweep.titles)


def test_a_block_of_trajectories_has_every_array_of_its_runs():
    runs = np.arange(6)
    failed = Trajectories.failed(6, 3, "log")
    whole = dataclasses.replace(
        failed, seconds=runs / 2.0, loss=np.add.outer(10.0 * np.arange(3), runs), x=np.arange(36.0).reshape(3, 2, 6),
        metrics={"test_loss": np.stack([runs, -runs]).astype(float)}, measures={"area": runs + 0.5},
    )  # fmt: skip
    block = whole.block(np.array([4, 1, 1]))
    assert block.seconds.tolist() == [2.0, 0.5, 0.5]
    assert block.loss.tolist() == [[4, 1, 1], [14, 11, 11], [24, 21, 21]]
    assert block.x.tolist() == whole.x[:, :, [4, 1, 1]].tolist()
    assert block.metrics["test_loss"].tolist() == [[4, 1, 1], [-4, -1, -1]]
    assert block.measures["area"].tolist() == [4.5, 1.5, 1.5]
    assert (len(block.status), block.reached, block.log) == (3, None, "log")
