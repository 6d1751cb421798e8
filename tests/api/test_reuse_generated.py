"""Generated experiments and changes of them: kept runs give the tables of a computation without a store."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

import optlab
from optlab.errors import UserError
from optlab.execution.cache import kept
from optlab.execution.records import DIVERGED, DONE

FUNCTIONS = ("rosenbrock", "beale", "sphere", "ackley", "himmelblau")
RULES = ("gd", "momentum", "adam", "rmsprop", "sgld", "lion", "adagrad")


def problem(chance: random.Random) -> dict:
    if chance.random() < 0.3:
        return {"name": "mlp", "dataset": "xor", "hidden": [3], "batch_size": chance.choice([0, 8])}
    more = {"start": "random"} if chance.random() < 0.6 else {}
    noise = {"noise": {"kind": "normal", "scale": chance.choice([0.1, [0.1, 0.5]])}} if chance.random() < 0.3 else {}
    target = {"target": 1e-2} if chance.random() < 0.3 else {}
    return {"name": chance.choice(FUNCTIONS), **more, **noise, **target}


def document(chance: random.Random) -> dict:
    rules = [
        {
            "name": name,
            "lr": chance.choice([[0.1, 0.01], {"log": [1e-3, 1.0], "num": 4}, 0.05]),
            **({"schedule": "cosine"} if chance.random() < 0.3 else {}),
            **({"transforms": ["clip_norm"]} if chance.random() < 0.3 else {}),
        }
        for name in chance.sample(RULES, chance.choice([1, 2]))
    ]
    more = [{"precision": "float32"}, {"backend": "native"}, {"backend": "replay"}, {"stop": {"loss": 0.5}},
            {"tuning": {"seeds": 1, "select": chance.choice(["best_loss", "area"])}}]  # fmt: skip
    return {
        "name": "e",
        "steps": chance.choice([5, 40]),
        "seeds": chance.choice([1, 3]),
        "problem": [problem(chance) for _ in range(chance.choice([1, 2]))],
        "optimizer": rules,
        "record": {"trajectories": chance.random() < 0.5, "points": chance.choice([3, 20])},
    } | chance.choice([{}, *more])


def variant(chance: random.Random, of: dict) -> dict:
    """The document with a few changes."""
    made = copy.deepcopy(of)
    changes = [
        lambda: made.update(seeds=made["seeds"] + chance.choice([1, 2])),
        lambda: made.update(steps=made["steps"] + 10),
        lambda: made.update(seed=7),
        lambda: chance.shuffle(made["optimizer"]),
        lambda: chance.shuffle(made["problem"]),
        lambda: made["optimizer"][0].update(lr=[0.1, 0.02, 0.01]),
        lambda: made["optimizer"][-1].update(label="renamed"),
        lambda: made["record"].update(points=5),
        lambda: made["record"].update(trajectories=not made["record"]["trajectories"]),
    ]
    for change in chance.sample(changes, 2):
        change()
    return made


def tables(results):
    frames = (results.runs, results.history, results.trajectories)
    return [frame[[name for name in frame.columns if "seconds" not in name]] for frame in frames]


@pytest.mark.parametrize("keeps", ["everything", "what is worth it"])
@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(n, marks=pytest.mark.many) for n in range(2, 30))])
def test_kept_runs_change_no_table(seed, keeps, tmp_path, monkeypatch, built_in):
    if keeps == "everything":
        monkeypatch.setattr(kept, "is_worth", lambda done: bool(np.isin(done.status, (DONE, DIVERGED)).all()))
    chance = random.Random(seed)
    first = document(chance)
    for number, one in enumerate([first, variant(chance, first), variant(chance, first)]):
        try:
            with_store = optlab.run(one, tmp_path / "warm", plots=False, plugins=built_in)
        except UserError:  # the experiment is refused, with and without a store
            continue
        without = optlab.run(one, tmp_path / f"cold{number}", plots=False, plugins=built_in)
        for own, other in zip(tables(with_store), tables(without), strict=True):
            assert own.equals(other), one
