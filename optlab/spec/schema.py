"""The JSON Schema of an experiment file, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from optlab.spec.tables import OPTIONS, ExperimentSpec

_GRID, _SIDE = {"$ref": "#/$defs/Grid"}, {"$ref": "#/$defs/Side"}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an experiment file.

    >>> json_schema()["required"]
    ['name', 'steps', 'problem', 'optimizer']
    """
    schema = TypeAdapter(ExperimentSpec).json_schema()
    tables = schema["$defs"]
    for table in tables.values():
        if OPTIONS in table["properties"]:
            table["additionalProperties"] = table["properties"].pop(OPTIONS)["additionalProperties"]
    tables["Grid"]["oneOf"] = [{"required": ["log"]}, {"required": ["linear"]}]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "An optlab experiment"}
    return {**schema, **_sides(tables), **head}


def _sides(tables: dict[str, Any]) -> dict[str, Any]:
    """The grid of a hyperparameter may go without its num in a map of stability, whose resolution it is; what is
    returned asks for it elsewhere."""
    tables["Side"] = {key: value for key, value in tables["Grid"].items() if key not in ("required", "title")}
    optimizer = tables["OptimizerSpec"]
    forms = optimizer["additionalProperties"]["oneOf"]
    optimizer["additionalProperties"] = {"oneOf": [_SIDE if form == _GRID else form for form in forms]}
    counted = {"properties": {"schedule": True}, "additionalProperties": {"if": {"type": "object"}, "then": _GRID}}
    return {"if": {"required": ["stability"]}, "else": {"properties": {"optimizer": {"items": counted}}}}
