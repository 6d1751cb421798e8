"""The settings of a rule whose axes are not a plain grid: axes that go together, tables of trials, and drawn points.

All options of a rule are divided into *units*. A unit is a single option, or options that go together: those of an
entry of `zip`, or those of `trials`. A grid has all combinations of the rows of its units. Where points are drawn, each
unit with several rows is one dimension.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.errors import UserError, counted, did_you_mean
from optlab.execution.records import Floats
from optlab.execution.rule import Key, Part, shown_as
from optlab.experiments.document import OptimizerSpec
from optlab.experiments.document.axes import Interval
from optlab.experiments.draws import MOST_AXES, Sampling, indices, values_at
from optlab.experiments.resolve.diagnostics import Diagnostics, KeyPath
from optlab.plugins import validation

Row = Mapping[Key, Any]
ENLARGED = 64
"""Up to this many times the requested points are drawn to replace repeated ones. The rest is then taken in order."""


@dataclass(frozen=True)
class Option:
    """An option of a rule with its values, as written or its default. If it is drawn, these are the ends of its range.

    `path` is its place in the document, and None if it is not written there.
    """

    key: Key
    part: Part
    name: str
    values: Sequence[Any]
    interval: Interval | None = None
    path: KeyPath | None = None

    @property
    def shown(self) -> str:
        """Its name in `zip` and `trials`."""
        return shown_as(self.key)


@dataclass(frozen=True)
class Unit:
    """Options that vary together, with their rows; or one option with a range to draw from."""

    names: tuple[str, ...]
    rows: Sequence[Row] = ()
    drawn: Option | None = None

    @property
    def size(self) -> float:
        """The number of values; infinite for a range of real numbers."""
        interval = self.drawn.interval if self.drawn else None
        if interval is None:
            return len(self.rows)
        return interval.high - interval.low + 1 if interval.form == "integers" else math.inf

    def at(self, shares: Floats) -> Sequence[Row]:
        """The rows at these shares of the unit."""
        if self.drawn is None or self.drawn.interval is None:
            return [self.rows[n] for n in indices(shares, len(self.rows))]
        return [self._drawn(value) for value in values_at(self.drawn.interval, shares).tolist()]

    def every(self) -> Sequence[Row]:
        """All rows of a unit of finite size."""
        if self.drawn is None or self.drawn.interval is None:
            return self.rows
        return [self._drawn(value) for value in range(int(self.drawn.interval.low), int(self.drawn.interval.high) + 1)]

    def _drawn(self, value: float) -> Row:
        assert self.drawn is not None
        is_number = self.drawn.name in self.drawn.part.plugin.signature.numbers
        return {self.drawn.key: float(value) if is_number else int(value)}


def table(
    spec: OptimizerSpec, options: Sequence[Option], drawing: Sampling | None, notes: Diagnostics
) -> list[Row] | None:
    """All settings of a rule, one row per setting; None if they are a plain grid, or after a mistake was noted.

    Points that are drawn are in their order, after the defaults if these are tried too.
    """
    if drawing is None:
        _note_ranges(options, notes)
        if not spec.zip and not spec.trials:
            return None
    units = _units(spec, options, notes)
    if units is None:
        return None
    if drawing is None:
        return list(_combinations(units))
    defaults = [_defaults(options, units)] if drawing.has_defaults else []
    return [*defaults, *_points(spec, options, units, drawing, notes)]


def _note_ranges(options: Sequence[Option], notes: Diagnostics) -> None:
    """Note each range where no points are drawn."""
    if any(path[:1] == ("tuning",) for path in notes.before):
        return  # a mistake in [tuning], for which it was left out
    for option in options:
        if option.interval is not None and option.path is not None:
            low, high = option.interval.low, option.interval.high
            form = "log" if option.interval.form == "log_uniform" else "linear"
            grid = f"{option.name} = {{ {form} = [{low}, {high}], num = 9 }}"
            what = f"{option.shown} is a range, from which points are drawn"
            notes.note(option.path, f"{what}: write trials = 40 in [tuning]; or write a grid, {grid}")


# ---- units ----------------------------------------------------------------------------------------------------------


def _units(spec: OptimizerSpec, options: Sequence[Option], notes: Diagnostics) -> list[Unit] | None:
    """The units of a rule in the order of its options, or None after a mistake was noted."""
    before = len(notes.mistakes)
    groups = _zipped(spec, options, notes)
    rows = _trials(spec, options, notes)
    if len(notes.mistakes) > before:
        return None
    taken = {option.key: group for group in groups for option in group}
    in_trials = {key for row in rows for key in row}
    units: list[Unit] = []
    for option in options:
        if option.key in in_trials:
            if option.key == next(other.key for other in options if other.key in in_trials):
                units.append(Unit(tuple(shown_as(key) for key in sorted(in_trials)), rows))
        elif option.key in taken:
            group = taken[option.key]
            if option is group[0]:
                columns = zip(*(one.values for one in group), strict=True)
                keys = [one.key for one in group]
                zipped = [dict(zip(keys, values, strict=True)) for values in columns]
                units.append(Unit(tuple(one.shown for one in group), zipped))
        elif option.interval is not None:
            units.append(Unit((option.shown,), drawn=option))
        else:
            units.append(Unit((option.shown,), [{option.key: value} for value in option.values]))
    return units


def _zipped(spec: OptimizerSpec, options: Sequence[Option], notes: Diagnostics) -> list[list[Option]]:
    """The options of each entry of `zip`, in the order of `options`. Mistakes in the entries are noted."""
    written = {option.shown: option for option in options if option.path is not None}
    known = {option.shown for option in options}
    groups: list[list[Option]] = []
    seen: set[str] = set()
    for n, names in enumerate(spec.zip):
        for i, name in enumerate(names):
            at = (*spec.path, "zip", n, i)
            if name not in written:
                if name in known:
                    what = f"zip: {name} has no values in this table; write a list of them"
                else:
                    what = f"zip: there is no axis {name!r} in this table{did_you_mean(name, sorted(known))}"
                notes.note(at, what)
            elif name in seen:
                notes.note(at, f"zip: {name} is given twice; an axis can go together with others once")
            elif written[name].interval is not None:
                notes.note(at, f"zip: {name} is a range, and ranges are drawn together anyway; leave it out")
            seen.add(name)
        group = [written[name] for name in dict.fromkeys(names) if name in written]
        lengths = {option.shown: len(option.values) for option in group}
        if len(set(lengths.values())) > 1:
            sizes = " and ".join(f"{name} has {counted(size, 'value')}" for name, size in lengths.items())
            notes.note((*spec.path, "zip", n), f"zip: {sizes}; axes that go together have equally many")
        else:
            rows = [json.dumps(row) for row in zip(*(option.values for option in group), strict=True)]
            _note_equal(rows, "zip", (*spec.path, "zip", n), notes)
        groups.append([option for option in options if option in group])
    return groups


def _trials(spec: OptimizerSpec, options: Sequence[Option], notes: Diagnostics) -> list[Row]:
    """The rows of `trials`, each with the same keys; an option that a row omits has its default."""
    known = {option.shown: option for option in options}
    names = dict.fromkeys(name for row in spec.trials for name in row)
    at = (*spec.path, "trials")
    for n, row in enumerate(spec.trials):
        for name in row:
            option = known.get(name)
            if option is None:
                some = ", ".join(known)
                notes.note(
                    (*at, n, *_place(name)),
                    f"trials: there is no option {name!r}{did_you_mean(name, known) or f'; there are: {some}'}",
                )
            elif option.path is not None:
                notes.note(option.path, f"{name} has values here and in trials; leave one of them out")
    own = [known[name] for name in names if name in known]
    rows: list[Row] = [
        {option.key: _converted(option, row, (*at, n), notes) for option in own} for n, row in enumerate(spec.trials)
    ]
    _note_equal([json.dumps([*row.values()]) for row in rows], "trials", at, notes)
    return rows


def _note_equal(rows: Sequence[str], what: str, at: KeyPath, notes: Diagnostics) -> None:
    """Note the first row that is equal to an earlier one."""
    seen: dict[str, int] = {}
    for n, row in enumerate(rows):
        if (first := seen.setdefault(row, n)) < n:
            place = (*at, n) if what == "trials" else at
            notes.note(place, f"{what}: settings [{first}] and [{n}] are equal; leave one of them out")
            return


def _place(name: str) -> tuple[str, ...]:
    return tuple(name.split(".", 1))


def _converted(option: Option, row: Mapping[str, Any], at: KeyPath, notes: Diagnostics) -> Any:
    """The value of an option in a row of `trials`."""
    signature = option.part.plugin.signature
    default = signature.options[option.name]
    if option.shown not in row:
        return default
    place = (*at, *_place(option.shown))
    try:
        value = validation.typed(option.part.plugin, option.name, row[option.shown], default)
    except UserError as error:
        notes.note(place, str(error))
        return default
    if fault := signature.out_of_range(option.part.plugin.name, option.name, value):
        notes.note(place, fault)
    return value


# ---- rows -----------------------------------------------------------------------------------------------------------


def _combinations(units: Sequence[Unit]) -> Iterator[Row]:
    """All combinations of the rows of the units; the last unit varies fastest."""
    for rows in itertools.product(*(unit.every() for unit in units)):
        yield {key: value for row in rows for key, value in row.items()}


def _defaults(options: Sequence[Option], units: Sequence[Unit]) -> Row:
    """The only value of each option that has one, and the default of all others."""
    row = {option.key: option.part.plugin.signature.options[option.name] for option in options}
    for unit in units:
        if unit.size == 1:
            row |= unit.every()[0]
    return row


def _points(
    spec: OptimizerSpec, options: Sequence[Option], units: Sequence[Unit], drawing: Sampling, notes: Diagnostics
) -> Iterator[Row]:
    """The points that are drawn from the units, without repetitions; all combinations if there are not more of them."""
    if math.prod(unit.size for unit in units) <= drawing.least:
        return _combinations(units)
    axes = sorted((unit for unit in units if unit.size > 1), key=lambda unit: unit.names)
    if len(axes) > MOST_AXES and drawing.search == "sobol":
        notes.note(("tuning", "search"), f"a Sobol sequence has at most {MOST_AXES:,} axes; write random")
        return iter(())
    parts = dict.fromkeys((part.owner, part.plugin.name) for part in (option.part for option in options))
    content = [*itertools.chain(*parts), *itertools.chain(*(unit.names for unit in axes))]
    fixed = {key: value for unit in units if unit.size == 1 for row in unit.every() for key, value in row.items()}
    distinct: dict[str, Row] = {}

    def add(found: Row) -> None:
        row = {option.key: found[option.key] for option in options}
        distinct.setdefault(json.dumps([*row.values()]), row)

    count = drawing.trials
    while len(distinct) < drawing.trials and count <= ENLARGED * drawing.trials:
        shares = drawing.shares(content, len(axes), count)
        for rows in zip(*(unit.at(shares[:, n]) for n, unit in enumerate(axes)), strict=True):
            add(fixed | {key: value for row in rows for key, value in row.items()})
        count *= 2
    if len(distinct) < drawing.trials:  # nearly all combinations are needed
        for row in _combinations(units):
            add(row)
    return itertools.islice(distinct.values(), drawing.trials)
