"""The options that are written for a plugin, against its signature: numbers, and combinations of choices."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab import signature
from optlab.errors import did_you_mean
from optlab.records import Floats
from optlab.resolve.notebook import Notebook, Path
from optlab.spec import Axis

_KINDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    tuple: "a list",
    list: "a list",
}


def split_axes(
    plugin: Any,
    axes: Mapping[str, Axis],
    path: Path,
    notes: Notebook,
    extra: Mapping[str, Any] = {},
    keys: Sequence[str] = (),
) -> tuple[dict[str, Floats], list[dict[str, Any]]]:
    """The numbers of a plugin with their values, and all combinations of its choices.

    Args:
        plugin: a problem, an optimizer, a schedule or a transform.
        axes: what is written.
        path: where it is written.
        notes: where mistakes go.
        extra: choices of the lab's own, with their defaults.
        keys: what is no option, though one may have been meant.
    """
    numbers: Mapping[str, float] = plugin.signature.numbers
    choices: Mapping[str, Any] = {**plugin.signature.choices, **extra}
    known = [*numbers, *choices]
    for name in axes:
        if name not in known:
            meant = [*known, *keys] if did_you_mean(name, keys) else known
            notes.note((*path, name), str(signature.unknown_option(plugin.name, name, meant)))

    def written(name: str) -> _Written:
        return _Written(plugin, name, axes[name], (*path, name), notes)

    values = {name: written(name).numbers() if name in axes else np.array([numbers[name]]) for name in numbers}
    chosen = {name: written(name).choices(choices[name]) if name in axes else [choices[name]] for name in choices}
    combinations = [dict(zip(chosen, combination, strict=True)) for combination in itertools.product(*chosen.values())]
    return values, combinations


def as_meant(axis: Axis, default: Any) -> Axis:
    """A flat list is one value where the option is itself a list."""
    return axis.as_single() if isinstance(default, list | tuple) else axis


def note_repeated(axis: Axis, values: Sequence[Any], path: Path, notes: Notebook) -> None:
    """Note the first value that is there already: the same settings twice would be taken for two seeds of one cell.

    `values` are those of the axis as they are computed with: 1 and 1.0 are the same, and so may be neighbours in a grid
    that float64 cannot tell apart.
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


@dataclass(frozen=True)
class _Written:
    """What is written for one option, and where."""

    plugin: Any
    name: str
    axis: Axis
    path: Path
    notes: Notebook

    def numbers(self) -> Floats:
        """The values of a number."""
        bad = [v for v in self.axis.values if isinstance(v, bool) or not isinstance(v, int | float)]
        if bad:
            self._refuse("a number", bad[0])
            return np.array([0.0])
        self._note_range(self.axis.values)
        values = np.array(self.axis.values, dtype=float)
        note_repeated(self.axis, values.tolist(), self.path, self.notes)
        return values

    def choices(self, default: Any) -> list[Any]:
        """The values of a choice; they have the type of its default."""
        wanted = _kind(default)
        axis = as_meant(self.axis, default)
        values = axis.values
        if wanted == "a number":
            values = tuple(float(v) if _kind(v) == "an integer" else v for v in values)
        for value in values:
            if _kind(value) != wanted:
                self._refuse(wanted, value, self._hint(value) if wanted == "an integer" else "")
                return [default]
        self._note_range(values)
        note_repeated(axis, values, self.path, self.notes)
        return list(values)

    def _hint(self, value: Any) -> str:
        """What to do about a number where an integer is wanted: the author of a drop-in file may mean a number."""
        if isinstance(value, float) and value.is_integer():
            return f"; write {int(value)}"
        drop_in = self.name in self.plugin.signature.choices and not signature.is_built_in(self.plugin.function)
        return "; give it a default with a point, as in 1.0, to make it a number" if drop_in else ""

    def _refuse(self, wanted: str, value: Any, hint: str = "") -> None:
        shown = f"the text {value!r}" if isinstance(value, str) else json.dumps(value)
        self.notes.note(self.path, f"{self.plugin.name}: '{self.name}' takes {wanted}, not {shown}{hint}")

    def _note_range(self, values: Sequence[Any]) -> None:
        """Note the first value out of range; of a grid an end, since nobody wrote what is between."""
        out_of_range = self.plugin.signature.out_of_range
        written = values if self.axis.listed else (values[0], values[-1])
        wrong = [said for value in written if (said := out_of_range(self.plugin.name, self.name, value))]
        if wrong:
            self.notes.note(self.path, wrong[0])


def _kind(value: Any) -> str:
    return _KINDS[type(value)]
