"""Check the written options of a plugin against its signature, and split them into numbers and choices."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from optlab.errors import UserError, did_you_mean
from optlab.execution.records import Floats
from optlab.experiments.document import Axis
from optlab.experiments.document.values import FORMS
from optlab.experiments.resolve.diagnostics import Diagnostics, KeyPath
from optlab.plugins import signature, validation


def split_axes(
    plugin: Any,
    axes: Mapping[str, Axis],
    path: KeyPath,
    notes: Diagnostics,
    extra: Mapping[str, Any] = {},
    keys: Sequence[str] = (),
) -> tuple[dict[str, Floats], list[dict[str, Any]]]:
    """The numbers of a plugin with their values, and all combinations of its choices.

    Args:
        plugin: a problem, an optimizer, a schedule or a transform.
        axes: the written values, by option.
        path: the place of the table in the document.
        notes: receives the mistakes.
        extra: further choices that optlab itself adds, with their defaults.
        keys: other keys of the table. They are suggested for a misspelt name.
    """
    values, chosen = options_of(plugin, axes, path, notes, extra, keys)
    return values, combinations(chosen)


def options_of(
    plugin: Any,
    axes: Mapping[str, Axis],
    path: KeyPath,
    notes: Diagnostics,
    extra: Mapping[str, Any] = {},
    keys: Sequence[str] = (),
    repeated: Collection[str] = (),
) -> tuple[dict[str, Floats], dict[str, list[Any]]]:
    """The numbers and the choices of a plugin with their values; see `split_axes`.

    `repeated` are the options whose values may be repeated, because they go together with other options.
    """
    numbers: Mapping[str, float] = plugin.signature.numbers
    choices: Mapping[str, Any] = {**plugin.signature.choices, **extra}
    known = [*numbers, *choices]
    for name in axes:
        if name not in known and name in keys and name in FORMS:  # a key whose value has another form
            notes.note((*path, name), f"{name} {FORMS[name]}; {plugin.name} has no option of this name")
        elif name not in known:
            suggested = [*known, *keys] if did_you_mean(name, keys) else known
            notes.note((*path, name), str(signature.unknown_option(plugin.name, name, suggested)))

    def written(name: str, default: Any) -> list[Any]:
        if name not in axes:
            return [default]
        return _values(plugin, name, axes[name], default, (*path, name), notes, name in repeated)

    values = {name: np.array(written(name, default), dtype=float) for name, default in numbers.items()}
    return values, {name: written(name, default) for name, default in choices.items()}


def combinations(chosen: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations of choices; the last one varies fastest."""
    return [dict(zip(chosen, combination, strict=True)) for combination in itertools.product(*chosen.values())]


def as_option(axis: Axis, default: Any) -> Axis:
    """The axis, with a flat list taken as a single value if the option's values are lists."""
    return axis.as_single() if isinstance(default, list | tuple) else axis


def note_repeated(axis: Axis, values: Sequence[Any], path: KeyPath, notes: Diagnostics) -> None:
    """Note the first repeated value. Runs with equal settings would be mistaken for two seeds of one cell.

    `values` are the converted values of the axis. 1 and 1.0 are equal, and so are neighbours of a grid that is finer
    than float64.
    """
    if len(set(values)) == len(values):
        return
    places: dict[Any, list[int]] = {}
    for n, value in enumerate(values):
        places.setdefault(value, []).append(n)
    if axis.listed:
        first, again = min((at[:2] for at in places.values() if len(at) > 1), key=lambda at: at[1])
        shown = json.dumps(axis.values[again])
        notes.note((*path, again), f"{path[-1]} has {shown} twice, at [{first}] and [{again}]; leave one out")
    else:
        few = f"of its {len(values):,} values only {len(places):,} differ"
        notes.note(path, f"{path[-1]} is too fine a grid: {few}; write a smaller num or bounds further apart")


def _values(
    plugin: Any, name: str, written: Axis, default: Any, path: KeyPath, notes: Diagnostics, may_repeat: bool
) -> list[Any]:
    """The values of one option, or its default if one of the values has a wrong type."""
    axis = as_option(written, default)
    if axis.interval is not None and type(default) is int and axis.interval.form != "integers":
        form = f"{{ integers = [{math.ceil(axis.interval.low)}, {math.floor(axis.interval.high)}] }}"
        notes.note(path, f"{plugin.name}: '{name}' takes integers; write {name} = {form}")
        return [default]
    try:
        values = [validation.typed(plugin, name, value, default) for value in axis.values]
    except UserError as error:
        notes.note(path, str(error))
        return [default]
    written_out = values if axis.listed else (values[0], values[-1])  # only the bounds of a grid are in the document
    faults = (plugin.signature.out_of_range(plugin.name, name, value) for value in written_out)
    if fault := next(filter(None, faults), ""):
        notes.note(path, fault)
    if axis.interval is None and not may_repeat:
        note_repeated(axis, values, path, notes)
    return values
