"""The JSON Schema of an experiment file, for editors."""

from __future__ import annotations

from typing import Any

from optlab.experiments.document.axes import RANGES
from optlab.experiments.document.reader import Kinds, adapter
from optlab.experiments.document.tables import OPTIONS


def json_schema(kinds: Kinds = ()) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an experiment file that may contain the tables of these kinds.

    >>> json_schema()["required"]
    ['name', 'steps', 'problem', 'optimizer']
    """
    with_table, experiment = adapter(kinds)
    schema = experiment.json_schema()
    tables = schema["$defs"]
    for table in tables.values():
        if OPTIONS in table.get("properties", {}):
            table["additionalProperties"] = table["properties"].pop(OPTIONS)["additionalProperties"]
    tables["Grid"]["oneOf"] = [{"required": ["log"]}, {"required": ["linear"]}]
    problem = tables["ProblemSpec"]
    problem["oneOf"] = [{"required": [key]} for key in ("name", "suite")]
    problem.pop("required")
    tables["Range"]["oneOf"] = [{"required": [name]} for name in RANGES]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "An optlab experiment"}
    for kind in with_table:
        schema = kind.in_schema(schema)
    return {**schema, **head}
