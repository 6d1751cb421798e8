"""In what two experiments differ: what each of them plans, in a form that leaves no trace of how it was written.

A manifest holds that form, so that an experiment can be compared with one whose plugins and data have changed since. A
default that is spelled out, a grid in place of the same list, a comment or a description changes nothing in it.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from optlab import identity
from optlab.composition import shown_as
from optlab.plan import Plan
from optlab.problems.base import Split
from optlab.records import DomainDraw, FixedPoint, Sweep

MOST = 40
"""Values of an axis, or coordinates of a start, that are written down one by one."""

Facts = dict[str, Any]


def planned(plan: Plan) -> Facts:
    """Everything that a plan settles, as JSON has it.

    `problems` and `optimizers` are tables in their order, each with the values of every option. What bears on nothing,
    such as the number of seeds where nothing is random, is None.
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
        "map": {"kind": plan.kind.name, **vars(plan.table)} if plan.table else None,
        "problems": [_problem(sweep) for sweep in {sweep.titles: sweep for sweep in plan.sweeps}.values()],
        "optimizers": [
            _optimizer([sweep for sweep in plan.sweeps if sweep.label == label and sweep.titles == first.titles])
            for label in plan.labels
        ],
        "data": {split.name: _data(split) for split in splits},
    }
    return json.loads(json.dumps(facts))


def _has_choice(sweep: Sweep) -> bool:
    """Whether trajectories are recorded only if that is asked for."""
    return sweep.case.dim != 2 and len(sweep.recording.steps) > 0


def _problem(sweep: Sweep) -> Facts:
    case, start = sweep.case, sweep.case.start
    facts: Facts = {"title": list(sweep.titles), "name": case.problem.name, **case.settings}
    facts["start"] = _values(start.x.tolist()) if isinstance(start, FixedPoint) else None
    if isinstance(start, DomainDraw):
        facts["start"] = "random"
    if case.split:  # the share that came of the one that is written, to a whole number of examples
        test, train = len(case.split.test_inputs), len(case.split.train_inputs)
        facts["test_fraction"] = round(test / (test + train), 6)
    else:
        facts["dim"] = case.dim
    return facts | {name: _axis(column) for name, column in sweep.numbers_of("option").items()}


def _optimizer(sweeps: Sequence[Sweep]) -> Facts:
    """An optimizer from the sweeps that it has on one problem, one for each combination of its choices."""
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
    return facts | {shown_as(key): _axis(first.numbers[key]) for key in rule.numbers}


def _axis(column: Any) -> Any:
    """The values of a number along the run axis, each once, in their order."""
    return _values(column[np.sort(np.unique(column, return_index=True)[1])].tolist())


def _values(values: list[Any]) -> Any:
    """One value as itself; of very many the ends, and a digest."""
    if len(values) == 1:
        return values[0]
    if len(values) <= MOST:
        return values
    return {"first": values[0], "last": values[-1], "values": len(values), "digest": identity.digest(values)}


def _data(split: Split) -> str:
    """The hash of a dataset, however it is split."""
    train = np.hstack([split.train_inputs, split.train_targets])
    test = np.hstack([split.test_inputs, split.test_targets])
    rows = np.vstack([train, test])
    return identity.digest([rows[np.lexsort(rows.T)]])


# ---- two of them -----------------------------------------------------------------------------------------------------


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """In what an experiment differs from an earlier one, of both of which this is what they plan."""
    found = list(_of_all(before, after))
    for what, key in (("problem", "title"), ("optimizer", "label")):
        found += _of_tables(what, key, before[f"{what}s"], after[f"{what}s"])
    if before["precision"] == after["precision"]:  # in another one the same numbers have another hash
        old, new = before["data"], after["data"]
        found += [f"the data of {name}" for name in new if name in old and old[name] != new[name]]
    return found


def _of_all(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What differs in the keys of the whole experiment. One that bears on nothing in one of the two is left out."""
    for name in ("steps", "seed", "backend", "precision"):
        yield from _changed(name, before[name], after[name])
    if before["seeds"] and after["seeds"]:
        yield from _changed("seeds", before["seeds"], after["seeds"])
    most = max(before["steps"], after["steps"]) + 1  # no more steps than there are can be recorded
    for name in before["record"]:
        old, new = (_at_most(facts["record"][name], most) for facts in (before, after))
        if old is not None and new is not None:
            yield from _changed(f"record.{name}", old, new)
    old, new = before["map"] or {}, after["map"] or {}
    if old.get("kind") != new.get("kind"):
        yield from _changed("map", old.get("kind"), new.get("kind"))
    else:
        for name in new:
            yield from _changed(f"{new['kind']}.{name}", old.get(name), new[name])


def _at_most(value: Any, most: int) -> Any:
    return min(value, most) if isinstance(value, int) and not isinstance(value, bool) else value


def _of_tables(what: str, key: str, before: Sequence[Facts], after: Sequence[Facts]) -> Iterator[str]:
    """What differs in the tables of problems or of optimizers: in those that both have, then which these are."""
    pairs = _paired(key, before, after)
    names = [table["name"] for tables in (before, after) for table in tables]
    for old, new in pairs:
        is_alone = names.count(new["name"]) <= 2
        yield from _of_table(new["name"] if is_alone else _text(new[key]), key, old, new)
    gone = [_text(table[key]) for table in before if not any(table is old for old, _ in pairs)]
    come = [_text(table[key]) for table in after if not any(table is new for _, new in pairs)]
    if gone or come:
        yield f"{what} ({_text(gone)} -> {_text(come)})"
    in_old_order = [new for table in before for old, new in pairs if old is table]
    if any(old is not new for old, new in zip(in_old_order, [new for _, new in pairs], strict=True)):
        yield f"the order of {what}s ({_named(before, key)} -> {_named(after, key)})"


def _paired(key: str, before: Sequence[Facts], after: Sequence[Facts]) -> list[tuple[Facts, Facts]]:
    """The tables that stand for each other: those with the same title or label, then those with the same name."""
    pairs: list[tuple[Facts, Facts]] = []
    left = list(before)
    for by in (key, "name"):
        for new in after:
            old = next((table for table in left if table[by] == new[by]), None)
            if old is not None and not any(new is taken for _, taken in pairs):
                pairs.append((old, new))
                left = [table for table in left if table is not old]
    return sorted(pairs, key=lambda pair: next(n for n, table in enumerate(after) if table is pair[1]))


def _of_table(where: str, key: str, old: Facts, new: Facts) -> Iterator[str]:
    """What differs in one table; a title or a label that is made of the rest says the same again."""
    moved = old.get("dim") != new.get("dim")  # and a start has other coordinates for this alone
    names = [name for name in {**old, **new} if name != key and not (moved and name == "start" and _is_point(old, new))]
    found = [said for name in names for said in _changed(f"{where}.{name}", old.get(name), new.get(name))]
    if key == "label" and not (_has_derived_label(old) and _has_derived_label(new)):
        found += _changed(f"{where}.label", old["label"], new["label"])
    if key == "title":
        found += _spelled_out(where, old, new)
    yield from found or _changed(f"{where}.{key}", old[key], new[key])


def _has_derived_label(table: Facts) -> bool:
    """Whether the label of an optimizer is made of its name, its schedule and its transforms."""
    around = [table["schedule"]] * bool(table["schedule"]) + table["transforms"]
    return re.fullmatch(re.escape(", ".join([table["name"], *around])) + r"( \(\d+\))?", table["label"]) is not None


def _spelled_out(where: str, old: Facts, new: Facts) -> Iterator[str]:
    """The defaults that are written in one of the two only: a title names what is written."""
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
    """A value as it is shown."""
    if value is None or value == []:
        return "none"
    if isinstance(value, Mapping):
        value = f"{value['first']} to {value['last']}, {value['values']} values"
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    return textwrap.shorten(str(value), 60, placeholder=" ...")
