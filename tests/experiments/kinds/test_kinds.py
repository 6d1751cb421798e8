"""Kinds of experiment share one interface, and no other code depends on a particular kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import optlab
from optlab.cli import maps as told
from optlab.errors import PluginError
from optlab.experiments.kinds import GRID, Kind
from optlab.figures.experiment import maps as drawn

SOURCES = Path(optlab.__file__).parent


def test_the_built_in_kinds(built_in):
    assert set(built_in.kinds) == {"grid", "basins", "stability"}
    assert built_in.kind("grid") is GRID
    assert [kind.name for kind in built_in.kinds.values() if kind.table is None] == ["grid"]
    unranked = {kind.name for kind in built_in.kinds.values() if not kind.is_ranked}
    assert unranked == set(told.SUMMARIES) == set(drawn._DRAWN) == {"basins", "stability"}


def test_a_grid_uses_all_defaults():
    assert [name for name in vars(type(GRID)) if not name.startswith("__")] == ["name"]


def test_only_the_file_of_a_kind_uses_its_table():
    """Elsewhere their classes are at most the type of an argument of what computes the map."""
    naming = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if re.search(r"\b(BasinsSpec|StabilitySpec)\b", path.read_text(encoding="utf-8"))
    }
    assert naming == {f"experiments/{file}.py" for file in ("kinds/basins", "kinds/stability")}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "name = None is not a valid name of a table of an experiment"),
        ({"name": "problem"}, "name = 'problem' is not a valid name"),
        ({"name": "record"}, "name = 'record' is not a valid name"),
        ({"name": "asked"}, "name = 'asked' is not a valid name"),
        ({"name": "mine", "table": 3}, r"table must be a dataclass with the keys of \[mine\], not 3"),
        ({"name": "mine", "table": dict}, "table must be a dataclass with the keys of"),
    ],
)
def test_an_invalid_class_of_a_kind(members, said):
    with pytest.raises(PluginError, match=f"^Mine: {said}"):
        type("Mine", (Kind,), members)()
