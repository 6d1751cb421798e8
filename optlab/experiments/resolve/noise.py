"""The noise of a `[[problem]]` table: each combination of its kinds and places, with the values of its options."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from optlab.errors import did_you_mean
from optlab.execution.noise import KINDS, PLACES, Noise
from optlab.execution.records import Floats
from optlab.execution.rule import Key
from optlab.experiments.document import Axis, NoiseSpec, ProblemSpec
from optlab.experiments.resolve.diagnostics import Diagnostics, KeyPath
from optlab.experiments.resolve.options import note_repeated, split_axes
from optlab.plugins import signature
from optlab.plugins.problems.base import Problem

A_TABLE = 'noise = { kind = "normal", scale = 0.1 }'
"""An example of noise in a file."""

_OTHER_NAMES = {"gaussian": "normal", "gauss": "normal", "student": "student_t", "t": "student_t"}
"""Usual names of kinds that are not theirs here."""

Numbers = dict[Key, Floats]


def noises(spec: ProblemSpec, notes: Diagnostics) -> list[tuple[Noise | None, Numbers]]:
    """The noises of a `[[problem]]` table, each with the values of its options. One of them is None without noise."""
    return [(None, {})] if spec.noise is None else list(_noises(spec.noise, (*spec.path, "noise"), notes))


def _noises(spec: NoiseSpec, path: KeyPath, notes: Diagnostics) -> Iterator[tuple[Noise, Numbers]]:
    for name, axis in spec.options.items():
        if axis.interval is not None:
            what = f"{name} is an option of noise, and points are drawn for settings of optimizers only"
            notes.note((*path, name), f"{what}; write a list or a grid")
    kinds = [KINDS[name] for name in _named("kind", spec.kind, list(KINDS), path, notes)]
    places = _named("on", spec.on, PLACES, path, notes)
    if not kinds:
        _note_options_of_no_kind(spec, path, notes)
    for kind, place in itertools.product(kinds, places):
        numbers, _ = split_axes(kind, spec.options, path, notes, keys=("kind", "on"))
        yield Noise(kind, place), {("noise", name): values for name, values in numbers.items()}


def _note_options_of_no_kind(spec: NoiseSpec, path: KeyPath, notes: Diagnostics) -> None:
    """Note the options that no kind has, because it is not known which kind is meant."""
    known = {option: None for kind in KINDS.values() for option in kind.signature.options}
    for name in spec.options:
        if name not in known:
            notes.note((*path, name), str(signature.unknown_option("noise", name, known)))


def _named(key: str, axis: Axis, known: Sequence[str], path: KeyPath, notes: Diagnostics) -> list[str]:
    """The values of an axis that are known names. The others are noted."""
    found = []
    for n, name in enumerate(axis.values):
        at = (*path, key, n) if axis.listed else (*path, key)
        if name in known:
            found.append(name)
            continue
        guess = did_you_mean(_OTHER_NAMES.get(name, name), known) if isinstance(name, str) else ""
        notes.note(at, f"{key} must be one of {', '.join(known)}, not {signature.shown(name)}{guess}")
    note_repeated(axis, axis.values, (*path, key), notes)
    return found


def note_without_table(spec: ProblemSpec, problem: Problem, notes: Diagnostics) -> bool:
    """Note noise that is not written as a table, unless the problem has an option of this name."""
    wrong = "noise" in spec.options and "noise" not in problem.signature.options
    if wrong:
        notes.note((*spec.path, "noise"), f"noise must be a table with its kind: write {A_TABLE}")
    return wrong
