"""A list of schedules: an optimizer for each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from optlab.errors import SpecError
from optlab.experiments import document, plan

PROBLEM = {"name": "sphere"}
STEP = {"name": "step", "every": [5, 10]}


def planned(built_in, *tables):
    experiment = {"name": "e", "steps": 20, "problem": [PROBLEM], "optimizer": list(tables)}
    return plan.make(document.read_dict(experiment), built_in)


def test_each_schedule_of_a_list_is_an_optimizer_as_if_it_had_a_table(built_in):
    table = {"name": "adam", "lr": [0.1, 0.2], "transforms": ["clip_norm"]}
    listed = planned(built_in, table | {"schedule": ["constant", STEP]})
    alone = planned(built_in, *(table | {"schedule": one} for one in ("constant", STEP)))
    assert listed.labels == alone.labels == ("adam, constant, clip_norm", "adam, step, clip_norm")
    assert listed.id == alone.id
    assert [len(sweep) for sweep in listed.sweeps] == [2, 4]


def test_a_written_label_is_followed_by_the_name_of_the_schedule(built_in):
    table = {"name": "adam", "label": "Adam"}
    steps = [{"name": "step", "every": every} for every in (3, 5)]
    assert planned(built_in, table | {"schedule": ["cosine", *steps]}).labels == (
        "Adam, cosine", "Adam, step", "Adam, step (2)"
    )  # fmt: skip
    assert planned(built_in, table | {"schedule": ["cosine"]}).labels == ("Adam",)
    assert planned(built_in, {"name": "adam", "schedule": steps}).labels == ("adam, step", "adam, step (2)")


@pytest.mark.parametrize(
    ("schedule", "path", "message"),
    [
        ([], (), "schedule must not be an empty list: write at least one schedule"),
        (["cosine", 3], (1,), "schedule[1] must be a name or a table, not 3"),
        (["cosine", "cosin"], (1, "name"), "there is no schedule 'cosin' (did you mean 'cosine'?)"),
        (["cosine", {"end": 0.1}], (1,), 'name is missing: write name = "cosine"'),
        (["cosine", {"name": "step", "evry": 3}], (1, "evry"), "step has no option 'evry' (did you mean 'every'?)"),
        (["step", "cosine", "step"], (2,), "schedule has step twice, at [0] and [2]; leave one out"),
    ],
)
def test_mistakes_are_noted_at_the_schedule(built_in, schedule, path, message):
    with pytest.raises(SpecError) as caught:
        planned(built_in, {"name": "adam", "schedule": schedule})
    (mistake,) = [replace(one, message=one.message) for one in caught.value.mistakes]
    assert (mistake.path, mistake.message) == (("optimizer", 0, "schedule", *path), message)
