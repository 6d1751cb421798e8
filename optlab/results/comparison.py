"""The differences between two experiments, from a canonical form of their plans.

The manifest stores this form, so that an experiment can be compared with an earlier one whose plugins and data have
changed since. The form does not depend on how a file is written: on explicit defaults, on a grid instead of an equal
list, on comments or descriptions.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from optlab.execution import fingerprint
from optlab.execution.records import DomainDraw, FixedPoint, Sweep
from optlab.execution.rule import shown_as
from optlab.experiments.kinds import Plan
from optlab.plugins.problems.base import Split

MOST = 40
"""The largest number of values of an axis, or coordinates of a start, that are stored one by one."""

Facts = dict[str, Any]


def planned(plan: Plan) -> Facts:
    """The canonical form of a plan, as JSON values.

    `problems` and `optimizers` are tables in their order, each with the values of every option. Settings without effect
    are None, such as the number of seeds if nothing is random.
    """
    first = plan.sweeps[0]
    splits = [sweep.case.split for sweep in plan.sweeps if sweep.case.split]
    facts: Facts = {
        "steps": first.steps,
        "seed": first.root_seed,
        "seeds": plan.seeds,
        "backend": first.backend,
        "precision": first.case.precision,
        "record": {
            "points": plan.record.points,
            "evaluations": max(plan.record.evaluations, 2) if splits else None,
            "trajectories": plan.record.trajectories if any(_has_choice(sweep) for sweep in plan.sweeps) else None,
        },
        **({"stop": vars(first.stop)} if first.stop else {}),
        "map": {"kind": plan.kind.name, **vars(plan.table)} if plan.table else None,
        "problems": [
            _problem(sweep) | (_target(sweep) if plan.kind.is_ranked else {})  # the table of a map has its target
            for sweep in {sweep.titles: sweep for sweep in plan.sweeps}.values()
        ],
        "optimizers": [
            _optimizer([sweep for sweep in plan.sweeps if sweep.label == label and sweep.titles == first.titles])
            for label in dict.fromkeys(sweep.label for sweep in plan.sweeps)
        ],
        "data": {split.name: _data(split) for split in splits},
    }
    if plan.tuning is not None:
        table = plan.tuning.table
        facts |= {"seed": plan.tuning.seed, "steps": plan.tuning.steps}
        trials = _values(list(table.trials)) or None
        facts["tuning"] = {**vars(table), "trials": trials, "search": table.method, "seeds": table.repeats}
    return json.loads(json.dumps(facts))


def _has_choice(sweep: Sweep) -> bool:
    """Whether trajectories are recorded only on request."""
    return sweep.case.dim != 2 and len(sweep.recording.steps) > 0


def _problem(sweep: Sweep) -> Facts:
    case, start = sweep.case, sweep.case.start
    facts: Facts = {"title": list(sweep.titles), "name": case.problem.name, **case.all_choices}
    facts["start"] = _values(start.x.tolist()) if isinstance(start, FixedPoint) else None
    if isinstance(start, DomainDraw):
        facts["start"] = "random"
    if case.split:  # the actual share, after rounding to whole examples
        test, train = len(case.split.test_inputs), len(case.split.train_inputs)
        facts["test_fraction"] = round(test / (test + train), 6)
    else:
        facts["dim"] = case.dim
    of_noise = {f"noise.{name}": _axis(column) for name, column in sweep.numbers_of("noise").items()}
    facts |= case.noise_settings | of_noise
    return facts | {name: _axis(column) for name, column in sweep.numbers_of("option").items()}


def _target(sweep: Sweep) -> Facts:
    name = "target" if sweep.target_of is None else f"target.{sweep.target_of.name}"
    return {} if sweep.target is None else {name: _axis(sweep.target)}


def _optimizer(sweeps: Sequence[Sweep]) -> Facts:
    """The facts of an optimizer, from its sweeps on one problem. There is one sweep per combination of choices."""
    first = sweeps[0]
    rule = first.rule
    facts: Facts = {
        "label": first.label,
        "name": rule.optimizer.name,
        "schedule": rule.schedule.name if rule.schedule else None,
        "transforms": [transform.name for transform in rule.transforms],
    }
    for key in rule.all_choices:
        chosen = [sweep.rule.all_choices[key] for sweep in sweeps]
        facts[shown_as(key)] = _values(list({json.dumps(value): value for value in chosen}.values()))
    columns = {key: np.concatenate([sweep.numbers[key] for sweep in sweeps]) for key in rule.numbers}
    facts |= {shown_as(key): _axis(column) for key, column in columns.items()}
    if not all(map(_is_grid, sweeps)) or len({len(sweep) for sweep in sweeps}) > 1:
        settings = [[len(sweep), *map(str, sweep.rule.all_choices.values())] for sweep in sweeps]
        facts["settings"] = fingerprint.digest([*settings, *columns.values()])
    return facts


def _is_grid(sweep: Sweep) -> bool:
    """Whether a sweep has all combinations of its numbers. It has not if points are drawn or axes go together."""
    sizes = [len(np.unique(sweep.numbers[key])) for key in sweep.rule.numbers]
    return len(sweep) == math.prod(sizes) * len(sweep.titles) * len(np.unique(sweep.seed))


def _axis(column: Any) -> Any:
    """The distinct values of a number along the run axis, in their order."""
    return _values(column[np.sort(np.unique(column, return_index=True)[1])].tolist())


def _values(values: list[Any]) -> Any:
    """A single value unchanged, a short list unchanged; of a long list the ends and a digest."""
    if len(values) == 1:
        return values[0]
    if len(values) <= MOST:
        return values
    return {"first": values[0], "last": values[-1], "values": len(values), "digest": fingerprint.digest(values)}


def _data(split: Split) -> str:
    """The hash of a dataset, independent of the split."""
    train = np.hstack([split.train_inputs, split.train_targets])
    test = np.hstack([split.test_inputs, split.test_targets])
    rows = np.vstack([train, test])
    return fingerprint.digest([rows[np.lexsort(rows.T)]])


# ---- differences ----------------------------------------------------------------------------------------------------


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The differences between an earlier and a later experiment, given in the form of `planned`."""
    found = list(_general_differences(before, after))
    for what, key in (("problem", "title"), ("optimizer", "label")):
        found += _table_differences(what, key, before[f"{what}s"], after[f"{what}s"])
    if before["precision"] == after["precision"]:  # equal data has another hash in another precision
        old, new = before["data"], after["data"]
        found += [f"the data of {name}" for name in new if name in old and old[name] != new[name]]
    return found


def _general_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The differences in the keys of the whole experiment. A key without effect in one experiment is left out."""
    for name in ("steps", "seed", "backend", "precision"):
        yield from _changed(name, before[name], after[name])
    if before["seeds"] and after["seeds"]:
        yield from _changed("seeds", before["seeds"], after["seeds"])
    most = max(before["steps"], after["steps"]) + 1  # recording more points than steps has no effect
    for name in before["record"]:
        old, new = (_at_most(facts["record"][name], most) for facts in (before, after))
        if old is not None and new is not None:
            yield from _changed(f"record.{name}", old, new)
    old, new = before.get("tuning") or {}, after.get("tuning") or {}
    if not old or not new:
        yield from _changed("tuning", old.get("search"), new.get("search"))
    else:
        for name in new:
            yield from _changed(f"tuning.{name}", old.get(name), new[name])
    old, new = before["map"] or {}, after["map"] or {}
    if old.get("kind") != new.get("kind"):
        yield from _changed("map", old.get("kind"), new.get("kind"))
    else:
        for name in new:
            yield from _changed(f"{new['kind']}.{name}", old.get(name), new[name])


def _at_most(value: Any, most: int) -> Any:
    return min(value, most) if isinstance(value, int) and not isinstance(value, bool) else value


def _table_differences(what: str, key: str, before: Sequence[Facts], after: Sequence[Facts]) -> Iterator[str]:
    """The differences between tables of problems or optimizers: in the common tables, in their set, in their order."""
    pairs = _paired(key, before, after)
    names = [table["name"] for tables in (before, after) for table in tables]
    for old, new in pairs:
        is_alone = names.count(new["name"]) <= 2
        yield from _differences_in_table(new["name"] if is_alone else _text(new[key]), key, old, new)
    removed = [_text(table[key]) for table in before if not any(table is old for old, _ in pairs)]
    added = [_text(table[key]) for table in after if not any(table is new for _, new in pairs)]
    if removed or added:
        yield f"{what} ({_text(removed)} -> {_text(added)})"
    in_old_order = [new for table in before for old, new in pairs if old is table]
    if any(old is not new for old, new in zip(in_old_order, [new for _, new in pairs], strict=True)):
        yield f"the order of {what}s ({_named(before, key)} -> {_named(after, key)})"


def _paired(key: str, before: Sequence[Facts], after: Sequence[Facts]) -> list[tuple[Facts, Facts]]:
    """The corresponding tables: first with the same title or label, then with the same name."""
    pairs: list[tuple[Facts, Facts]] = []
    left = list(before)
    for by in (key, "name"):
        for new in after:
            old = next((table for table in left if table[by] == new[by]), None)
            if old is not None and not any(new is taken for _, taken in pairs):
                pairs.append((old, new))
                left = [table for table in left if table is not old]
    return sorted(pairs, key=lambda pair: next(n for n, table in enumerate(after) if table is pair[1]))


def _differences_in_table(where: str, key: str, old: Facts, new: Facts) -> Iterator[str]:
    """The differences in one table. A derived title or label is left out, because it repeats the other differences."""
    is_resized = old.get("dim") != new.get("dim")  # this alone changes the coordinates of a start
    names = [
        name for name in {**old, **new} if name != key and not (is_resized and name == "start" and _is_point(old, new))
    ]
    found = [text for name in names for text in _changed(f"{where}.{name}", old.get(name), new.get(name))]
    if key == "label" and not (_has_derived_label(old) and _has_derived_label(new)):
        found += _changed(f"{where}.label", old["label"], new["label"])
    if key == "title":
        found += _spelled_out(where, old, new)
    yield from found or _changed(f"{where}.{key}", old[key], new[key])


def _has_derived_label(table: Facts) -> bool:
    """Whether the label of an optimizer is derived from its name, its schedule and its transforms."""
    around = [table["schedule"]] * bool(table["schedule"]) + table["transforms"]
    return re.fullmatch(re.escape(", ".join([table["name"], *around])) + r"( \(\d+\))?", table["label"]) is not None


def _spelled_out(where: str, old: Facts, new: Facts) -> Iterator[str]:
    """The defaults that only one of two experiments writes explicitly. A title contains the explicit options."""
    before, after = ({*re.findall(r"[( ](\w+)=", " ".join(table["title"]))} for table in (old, new))
    for name in sorted(before ^ after):
        if name in new and old.get(name) == new[name]:
            value = _text(new[name])
            yield f"{where}.{name} (" + (f"{value}, now by default)" if name in before else f"{value}, now written)")


def _is_point(old: Facts, new: Facts) -> bool:
    return all(isinstance(table["start"], list | dict | float) for table in (old, new))


def _changed(what: str, old: Any, new: Any) -> Iterator[str]:
    if old != new:
        before, after = _text(old), _text(new)
        yield f"{what} ({before} -> {after})" if before != after else f"{what} ({before}, with other values between)"


def _named(tables: Sequence[Facts], key: str) -> str:
    return _text([_text(table[key]) for table in tables])


def _text(value: Any) -> str:
    """A value as text for messages."""
    if value is None or value == []:
        return "none"
    if isinstance(value, Mapping):
        value = f"{value['first']} to {value['last']}, {value['values']} values"
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    return textwrap.shorten(str(value), 60, placeholder=" ...")
