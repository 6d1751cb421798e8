"""The JSON Schema of experiment files: valid files pass, and mistakes that an editor can detect fail."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from pathlib import Path

import jsonschema
import pytest

from optlab.api import maps, pipeline, race
from optlab.errors import SpecError
from optlab.experiments import document as spec
from optlab.experiments.kinds.basins import BASINS
from optlab.experiments.kinds.stability import STABILITY
from optlab.plugins import registry

KINDS = (BASINS, STABILITY)
ROOT = Path(__file__).parents[3]
EXPERIMENT = re.compile(r'^```toml title="experiments/[^\n]+\n(.*?)^```$', re.M | re.S)
PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def validator():
    schema = spec.json_schema(KINDS)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def sides(x, y):
    return maps.axis("x", x, log=True), maps.axis("y", y, log=False)


def written():
    """The contents of spec.toml as the commands write it."""
    known = registry.load(())
    documents = [
        maps.basins_document("himmelblau", ["gd lr=0.01", {"name": "adam", "lr": [0.1, 0.3]}], 8, 20, (-1.0, 1.0)),
        maps.stability_document("ellipsoid condition=100", "momentum", *sides("lr=0.001:0.03", "beta=0:0.99")),
        maps.stability_document("beale", "adam schedule=cosine", *sides("lr=0.1:1", "beta1=0:0.9"), 9, 5, "steps", 1.0),
        race.race_document(["gd", "adam lr=0.1"], "beale", 9, 2, "random", race.RATES, "step", "race", known),
    ]
    return [pipeline.prepare(document).source for document in documents]


RIGHT = {
    **{str(file.relative_to(ROOT)): file.read_text() for file in sorted((ROOT / "experiments").glob("*.toml"))},
    **{f"{page} {n}": text for page in PAGES for n, text in enumerate(EXPERIMENT.findall((ROOT / page).read_text()))},
    **{f"spec.toml {n}": text for n, text in enumerate(written())},
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_right_experiments_pass(validator, text):
    spec.read(text, kinds=KINDS).raise_if_wrong()
    validator.validate(tomllib.loads(text))


def test_the_experiments_of_the_docs_are_found():
    assert sum(name.startswith(("README", "docs")) for name in RIGHT) >= 5


BARE = {"name": "e", "steps": 3, "problem": [{"name": "p"}], "optimizer": [{"name": "o"}]}
SIDES = {"stability": {"x": "lr", "y": "beta"}}


def with_option(value, **more):
    return {**BARE, "optimizer": [{"name": "o", "schedule": {"name": "cosine"}, "lr": value}], **more}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {key: value for key, value in BARE.items() if key != "name"},
        {**BARE, "name": "../e"},
        {**BARE, "name": "e/f"},
        {**BARE, "name": "e."},
        {**BARE, "name": " e"},
        {**BARE, "name": "a\u2028b"},
        {**BARE, "name": ""},
        {**BARE, "name": "e" * 61},
        {**BARE, "steps": 0},
        {**BARE, "step": 3},
        {**BARE, "problem": []},
        {**BARE, "problem": [{"dim": 3}]},
        {**BARE, "problem": [{"suite": 3}]},
        {**BARE, "problem": [{"name": "p", "a": {"linear": [0, 1]}}], **SIDES},
        {**BARE, "tuning": {"trials": 0}},
        {**BARE, "tuning": {"trials": []}},
        {**BARE, "tuning": {"trials": [-1, 2]}},
        {**BARE, "tuning": {"trials": "2"}},
        {**BARE, "optimizer": [{"name": "o", "schedule": []}]},
        {**BARE, "optimizer": [{"name": "o", "schedule": [3]}]},
        with_option({"log": [0.1, 1.0]}),
        with_option({"num": 3}),
        with_option({"num": 3}, **SIDES),
        with_option({"log": [0.1, 1.0], "linear": [0.1, 1.0], "num": 3}),
        with_option({"log": [0.1, 1.0], "num": 1}),
        with_option({"log": [0.1, 1.0], "nun": 3}, **SIDES),
        {**BARE, "optimizer": [{"name": "o", "schedule": {"name": "s", "k": {"linear": [0, 1]}}}], **SIDES},
        {**BARE, "stability": {"x": "lr"}},
        {**BARE, "stability": {"x": "lr", "y": "beta", "color": "step"}},
        {**BARE, "basins": {"resolution": 1}},
    ],
    ids=str,
)
def test_wrong_experiments_fail(validator, document):
    with pytest.raises(SpecError):
        spec.read_dict(document, KINDS).raise_if_wrong()
    assert not validator.is_valid(document)


@pytest.mark.parametrize(
    "document",
    [
        BARE,
        {**BARE, "tuning": {"trials": 2}},
        {**BARE, "tuning": {"trials": [0, 25, 50]}},
        {**BARE, "optimizer": [{"name": "o", "schedule": ["cosine", {"name": "step", "every": [1, 2]}]}]},
        {**BARE, "problem": [{"suite": "classic", "dim": [2, 10], "start": "random"}]},
        with_option({"log": [0.1, 1.0], "num": 3}),
        with_option({"log": [0.1, 1.0]}, **SIDES),
        with_option({"linear": [0.1, 1.0], "num": 3}, **SIDES),
        with_option([1, [2, 3]]),
    ],
    ids=str,
)
def test_forms_of_an_option(validator, document):
    validator.validate(document)


def test_every_name_of_a_folder_passes():
    """The reading knows letters, marks and digits of all scripts; the schema's pattern lets at least these pass, and
    no sign of ASCII that reading refuses."""
    pattern = re.compile(spec.json_schema(KINDS)["properties"]["name"]["pattern"])
    for sign in map(chr, [*range(0x10000), 0x10400, 0x1D7D8, 0x20000]):
        edge = sign == "_" or unicodedata.category(sign)[0] in "LMN"
        for name, right in (
            (sign, edge),
            (f"a{sign}a", edge or sign in " .,+=()-"),
            (f"a{sign}", edge or sign in "+=()-"),
        ):
            if right or sign.isascii():
                assert bool(pattern.search(name)) == right, repr(name)
    for name in ("a.b", "beta=0.9, lr (1)", "..", "a ", "héllo wörld", "実験", "a/b", "a\n"):
        read = not any(m.path == ("name",) for m in spec.read_dict({**BARE, "name": name}).mistakes)
        assert bool(pattern.search(name)) == read, repr(name)


def test_json_schema():
    schema = spec.json_schema(KINDS)
    json.dumps(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["name", "steps", "problem", "optimizer"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {
        "name", "description", "steps", "seeds", "seed", "problem", "optimizer", "backend", "precision", "record",
        "tuning", "stop", "executor", "limits", "basins", "stability",
    }  # fmt: skip
    properties, tables = schema["properties"], schema["$defs"]
    assert properties["steps"]["minimum"] == 1
    assert properties["problem"]["minItems"] == 1
    assert properties["problem"]["items"] == {"$ref": "#/$defs/ProblemSpec"}
    assert tables["RecordSpec"]["additionalProperties"] is False
    assert tables["ProblemSpec"]["properties"].keys() == {"name", "suite", "start", "dim", "target", "noise"}
    assert len(tables["OptimizerSpec"]["additionalProperties"]["oneOf"]) == 4
    assert tables["Grid"]["required"] == ["num"]
    assert set(tables) == {
        *("ProblemSpec", "OptimizerSpec", "ScheduleSpec", "TransformSpec", "RecordSpec", "TuningSpec", "Grid", "Range"),
        *("Side", "BasinsSpec", "StabilitySpec", "NoiseSpec", "StopSpec", "LimitsSpec"),
    }
    assert not re.search("<[a-z]+>", json.dumps(schema))  # a tag or an alias of pydantic's
