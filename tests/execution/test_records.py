"""Sweeps: their numbers by key, and blocks of their runs."""

from __future__ import annotations

import dataclasses

import numpy as np

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
