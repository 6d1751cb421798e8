"""Converts each pydantic error to a message with a place in the document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from optlab.errors import Mistake, did_you_mean, shortened
from optlab.experiments.document.axes import RANGES, Grid
from optlab.experiments.document.experiment import ExperimentSpec, KindOfTable
from optlab.experiments.document.limits import LimitsSpec
from optlab.experiments.document.source_map import KeyPath
from optlab.experiments.document.tables import OPTIONS, RecordSpec, StopSpec
from optlab.experiments.document.tuning import TuningSpec
from optlab.experiments.document.values import MAX_INT, shown

_SENTENCES = {
    "missing": "{key} is missing: write {form}",
    "unexpected_keyword_argument": "unknown key {key}{guess}",
    "value_error": "{key} {error}",
    "int_type": "{key} must be an integer, not {found}{whole}",
    "string_type": "{key} must be a string, not {found}",
    "bool_type": "{key} must be true or false, not {found}",
    "dataclass_type": "{key} must be a table, not {found}{example}",
    "literal_error": "{key} must be {choices}, not {found}{guess}",
    "greater_than_equal": "{key} must be at least {ge}, not {found}",
    "less_than_equal": "{key} must be at most {le}, not {found}",
    "string_too_short": "{key} must not be empty",
    "string_too_long": "{key} must be at most {max_length} characters long, not {found}",
    "string_pattern_mismatch": "{key} must be a plain folder name"
    " (letters and digits, with _ - + = ( ) . , and spaces between), not {found}",
}
_KNOWN = {
    "": [{"problems": "problem", "optimizers": "optimizer"}.get(f.name, f.name) for f in fields(ExperimentSpec)],
    "record": [f.name for f in fields(RecordSpec)],
    "tuning": [f.name for f in fields(TuningSpec)],
    "stop": [f.name for f in fields(StopSpec)],
    "limits": [f.name for f in fields(LimitsSpec)],
    "<grid>": [f.name for f in fields(Grid)],
    "<range>": [*RANGES],
}
_NAMES = {
    "": "my_experiment",
    "problem": "rosenbrock",
    "optimizer": "adam",
    "schedule": "cosine",
    "transforms": "clip_norm",
}
_FORMS = {
    "steps": "steps = 1000",
    "num": "num = 9",
    "kind": 'kind = "normal"',
    "problem": "[[problem]]",
    "optimizer": "[[optimizer]]",
    "record": "record = { points = 200 }",
    "stop": "stop = { loss = 1e-6 }",
    "tuning": "tuning = { seeds = 3 }",
}
_KEYS = {
    "[[problem]]": ["suite", "start", "dim", "target", "noise"],
    "[[optimizer]]": ["lr", "label", "schedule", "transforms", "zip"],
    "[tuning]": ["trials", "search", "budget", "select"],
    "[record]": _KNOWN["record"],
    "[stop]": _KNOWN["stop"],
}
_ELSEWHERE = {key: table for table, keys in _KEYS.items() for key in keys}
"""The table of a key that stands outside of all tables by mistake."""
_TAGS = {"<grid>", "<range>", "<list>", "<one>", OPTIONS}


def place(error: Mapping[str, Any]) -> KeyPath:
    """The path of a pydantic error in the document."""
    loc = error["loc"]
    return tuple(part for n, part in enumerate(loc) if n < 2 or part not in _TAGS or loc[n - 1] == OPTIONS)


def mistake(error: Mapping[str, Any], kinds: Sequence[KindOfTable] = ()) -> Mistake:
    """The message for a pydantic error. `kinds` are the kinds whose tables the document may contain."""
    path, found, kind = place(error), error["input"], error["type"]
    words = {"key": _name(path), "found": shown(found), "whole": "", "guess": "", "example": "", **error.get("ctx", {})}
    tables = (part for part in reversed(error["loc"][:-1]) if isinstance(part, str) and part not in ("<list>", "<one>"))
    table = next(tables, "")
    if kind == "missing":
        words["form"] = _form(words["key"], table, kinds)
        path = path[:-1]
    elif kind == "unexpected_keyword_argument":
        key, known = str(path[-1]), _known(table, kinds)
        elsewhere = f" (it is a key of {_ELSEWHERE[key]})" if table == "" and key in _ELSEWHERE else ""
        words["guess"] = elsewhere or did_you_mean(key, known) or f" (known here: {', '.join(known)})"
    elif kind == "dataclass_type" and words["key"] in _FORMS:
        words["example"] = f"; write {_FORMS[words['key']]}"
    elif kind == "literal_error":
        words["choices"] = words["expected"].replace("'", '"')
        if words["key"] == "start":
            words["choices"] += " or a list of numbers"
            words["guess"] = _as_a_list(found)
        elif isinstance(found, str):
            words["guess"] = did_you_mean(found, re.findall(r"'(\w+)'", words["expected"]))
    elif kind == "int_type" and isinstance(found, float) and found.is_integer() and abs(found) <= MAX_INT:
        words["whole"] = f"; write {int(found)}"
    if kind not in _SENTENCES:  # the table of a plugin's kind may use any type of pydantic
        message = error["msg"]
        return Mistake(path, f"{words['key']}: {message[:1].lower()}{message[1:]}, not {words['found']}")
    return Mistake(path, _SENTENCES[kind].format_map(words))


def _as_a_list(found: object) -> str:
    """What to write for a point whose brackets are missing."""
    numbers = re.split(r"\s*,\s*", str(found).strip())
    is_point = all(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", number) for number in numbers)
    return f"; write start=[{shortened(','.join(numbers))}]" if is_point else ""


def _known(table: str, kinds: Sequence[KindOfTable]) -> list[str]:
    """The keys that a table may contain."""
    own = {kind.name: [f.name for f in fields(kind.table)] for kind in kinds}
    return [*_KNOWN[table], *own] if table == "" else own.get(table) or _KNOWN[table]


def _form(key: str, table: str, kinds: Sequence[KindOfTable]) -> str:
    """An example line for a missing key."""
    for kind in kinds:
        if kind.name == table:
            return kind.forms.get(key, f"{key} = ...")
    return _FORMS.get(key, f'name = "{_NAMES.get(table)}"')


def _name(path: KeyPath) -> str:
    """The name of the key at a path, for messages; list entries are numbered from 0."""
    last = path[-1]
    if isinstance(last, int):
        return f"{_name(path[:-1])}[{last}]"
    return last if re.fullmatch(r"[\w-]{1,60}", last) else repr(last[:60])
