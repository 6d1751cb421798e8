"""(spec, registry) -> Plan: the runs of an experiment as arrays, grouped into sweeps. Nothing is run or written."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optlab.execution import fingerprint
from optlab.execution.noise import GRADIENT
from optlab.execution.records import Ints, Recording, Stop, Sweep
from optlab.experiments import resolve
from optlab.experiments.document import Axis, Draft, ExperimentSpec
from optlab.experiments.kinds import GRID, Kind, Plan
from optlab.experiments.kinds.base import faults_of
from optlab.experiments.labels import labels_of_tables, numbered
from optlab.experiments.metrics import quantity
from optlab.experiments.resolve import CaseAxes, Diagnostics, RuleAxes, limits
from optlab.experiments.stops import note_unreachable
from optlab.experiments.tuning import (
    JudgedRuns,
    Tuning,
    drawing_of,
    first_pass,
    labels_of,
    minima_of,
    note_tuning,
    steps_within,
)
from optlab.plugins.registry import Registry


def make(draft: Draft, registry: Registry) -> Plan:
    """The plan of an experiment.

    Raises:
        SpecError: with all mistakes: those of the draft, and those that are found with the registry.
    """
    notes = Diagnostics(before=frozenset(mistake.path[:3] for mistake in draft.mistakes))
    plan = _plan(draft.spec, registry, notes) if draft.spec else None
    draft.raise_if_wrong(notes.mistakes)
    assert plan is not None
    return plan


def _plan(spec: ExperimentSpec, registry: Registry, notes: Diagnostics) -> Plan | None:
    spec = resolve.with_one_schedule(resolve.expanded(spec, registry, notes), notes)
    if not limits.has_allowed_size(spec, registry, notes):
        spec = _with_single_values(spec)  # small enough to continue and find the other mistakes
    cases = [c for p in spec.problems for c in resolve.cases(p, registry, spec.seed, notes)]
    labels = labels_of_tables(spec.optimizers, notes)
    drawing = drawing_of(spec, notes)
    tables = zip(spec.optimizers, labels, strict=True)
    rules = [rule for table, label in tables for rule in resolve.rules(table, label, registry, notes, drawing)]
    resolve.note_minibatches(cases, rules, notes)
    note_unreachable(spec, cases, notes)
    kind, table = _kind(spec, notes)
    _note_map(cases, rules, kind, notes)
    minima = [minima_of(spec, case) for case in cases]
    note_tuning(spec, "" if kind is GRID else kind.name, cases, rules, minima, notes)
    with faults_of(kind):
        cases = kind.checked(table, spec, cases, rules, notes)
        largest = kind.largest(table, spec)
    resolve.note_without_start(cases, notes)
    if notes.mistakes or not limits.has_allowed_records(spec, cases, rules, notes, largest):
        return None
    titles = _titles(cases)
    sweeps: list[Sweep] = []
    judged: list[JudgedRuns] = []
    wanted = spec.seeds if spec.tuning is None else spec.tuning.seeds or 1
    begin = saved = cells = 0
    for (case, titled, known), rule in itertools.product(zip(cases, titles, minima, strict=True), rules):
        sweep = _sweep(spec, case, titled, rule, begin)
        with faults_of(kind):
            sweep = kind.sweep(table, sweep)
        repeats = limits.repeats(spec, case.case, rule)
        if spec.tuning is not None:
            own_seeds = limits.judging_seeds(spec, case.case, rule)
            judged.append(JudgedRuns(sweep.recording, own_seeds, known, _drawn(rule, len(sweep), repeats)))
            sweep = first_pass(sweep, judged[-1], spec.tuning.select)
        sweeps.append(replace(sweep, id=fingerprint.of_sweep(sweep)))
        cells += len(sweep) // repeats
        saved += len(sweep) // repeats * max(wanted - repeats, 0)
        begin += len(sweep)
    shown = tuple(dict.fromkeys(itertools.chain(*titles)))
    labels = [one for label in labels for one in labels_of(label, spec.tuning.trials if spec.tuning else ())]
    seeds = spec.seeds if any(limits.repeats_seeds(case.case, rule) for case in cases for rule in rules) else None
    plan = Plan(spec.name, tuple(sweeps), cells, saved, tuple(labels), shown, seeds, spec.record, kind, table)
    return replace(plan, tuning=Tuning.of(spec, sweeps, judged)) if spec.tuning else plan


def _drawn(rule: RuleAxes, runs: int, seeds: int) -> Ints | None:
    """The place of the setting of each run among the points that were drawn."""
    return None if rule.drawn is None else rule.drawn[np.arange(runs) // seeds % len(rule)]


def _kind(spec: ExperimentSpec, notes: Diagnostics) -> tuple[Kind, Any]:
    """The kind of the experiment and its table. A plain grid has no table."""
    if len(spec.asked) > 1:
        names = " or ".join(kind.name for kind, _ in spec.asked)
        notes.note((spec.asked[1][0].name,), f"an experiment has one kind: {names}; leave one of the tables out")
    return next(iter(spec.asked), (GRID, None))  # pyright: ignore[reportReturnType]


def _note_map(cases: Iterable[CaseAxes], rules: Iterable[RuleAxes], kind: Kind, notes: Diagnostics) -> None:
    """Note targets and problems that change in a map, and axes that go together: a map has pixels instead."""
    if kind.is_ranked:
        return
    for axes in cases:
        if axes.target is not None:
            notes.note((*axes.path, "target"), f"a problem has no target in [{kind.name}]; leave it out")
        if axes.case.problem.changes:
            changing = f"{axes.case.problem.name} changes from step to step"
            notes.note((*axes.path, "name"), f"{changing}, and a map needs the same function at all steps")
    for rule in rules:
        if rule.joint:
            notes.note(rule.path, f"[{kind.name}] shows all combinations of values; leave zip and trials out")


def _with_single_values(spec: ExperimentSpec) -> ExperimentSpec:
    """The experiment with one value on each axis."""

    def first(axes: Mapping[str, Axis]) -> dict[str, Axis]:
        return {name: replace(axis, values=axis.values[:1]) for name, axis in axes.items()}

    return replace(
        spec,
        problems=tuple(
            replace(
                p,
                options=first(p.options),
                dim=p.dim and replace(p.dim, values=p.dim.values[:1]),
                noise=p.noise
                and replace(p.noise, **first({"kind": p.noise.kind, "on": p.noise.on}), options=first(p.noise.options)),
            )
            for p in spec.problems
        ),
        optimizers=tuple(
            replace(
                o,
                hyperparameters=first(o.hyperparameters),
                schedules=tuple(replace(part, options=first(part.options)) for part in o.schedules),
                transforms=tuple(replace(part, options=first(part.options)) for part in o.transforms),
            )
            for o in spec.optimizers
        ),
    )


def _titles(cases: Sequence[CaseAxes]) -> list[list[str]]:
    """A title for each combination of the options of each case. All titles differ."""
    seen: Counter[str] = Counter()
    titles = []
    for axes in cases:
        own = []
        for values in itertools.product(*axes.columns.values()):
            numbers = dict(zip(axes.columns, values, strict=True))
            defaults = axes.case.problem.signature.numbers
            shown = dict(axes.written) | {
                name: numbers["option", name]
                for name, values in axes.numbers.items()
                if len(values) > 1 or numbers["option", name] != defaults[name]
            }
            noise = axes.case.noise_settings
            shown |= {key: noise[key] for key in noise if noise[key] != GRADIENT}
            shown |= {f"noise.{name}": value for (owner, name), value in numbers.items() if owner == "noise"}
            title = axes.case.problem.name + _parentheses(shown)
            seen[title] += 1
            own.append(numbered(title, seen[title]))
        titles.append(own)
    return titles


def _parentheses(values: Mapping[str, Any]) -> str:
    shown = [_shown(name, value) for name, value in values.items()]
    return f" ({', '.join(shown)})" if shown else ""


def _shown(name: str, value: Any) -> str:
    if name == "dataset":
        return str(value)
    if isinstance(value, float | np.floating):
        value = f"{value:g}"
    return f"{name}={list(value) if isinstance(value, tuple) else value}"


def _sweep(spec: ExperimentSpec, axes: CaseAxes, titles: list[str], rule: RuleAxes, begin: int) -> Sweep:
    """The runs of one case with one rule: the product of all numbers and the seeds. The seeds vary fastest."""
    if spec.tuning is not None and spec.tuning.budget == "gradients":
        spec = replace(spec, steps=steps_within(spec.steps, axes.case, rule.rule))
    seeds = np.arange(limits.repeats(spec, axes.case, rule))
    values = axes.columns | dict(rule.numbers)
    own = [len(rule)] if rule.joint else [*map(len, rule.numbers.values())]
    sizes = [*map(len, axes.columns.values()), *own, len(seeds)]
    runs = int(np.prod(sizes))
    *positions, of_seed = np.unravel_index(np.arange(runs), sizes)
    if rule.joint:
        positions = [*positions[:-1], *[positions[-1]] * len(rule.numbers)]
    return Sweep(
        id="",
        case=axes.case.computed_in(spec.precision),
        rule=rule.rule,
        numbers={key: own[position] for (key, own), position in zip(values.items(), positions, strict=True)},
        label=rule.label,
        steps=spec.steps,
        recording=_recording(spec, axes),
        root_seed=spec.seed,
        run=np.arange(begin, begin + runs),
        seed=seeds[of_seed],
        titles=tuple(titles),
        title=np.arange(runs) // (runs // len(titles)),
        target=None if axes.target is None else np.full(runs, axes.target.value),
        target_of=None if axes.target is None else quantity(axes.target.of),
        backend=spec.backend,
        stop=None if spec.stop is None else Stop(spec.stop.loss, spec.stop.gradient_norm, spec.stop.seconds),
    )


def _recording(spec: ExperimentSpec, axes: CaseAxes) -> Recording:
    has_data = axes.case.split is not None
    evaluations = _spread(spec.steps, max(spec.record.evaluations, 2)) if has_data else np.empty(0, dtype=np.int64)
    steps = _spread(spec.steps, spec.record.points)
    if has_data and spec.record.points:  # the history has a row for each evaluation
        steps = np.union1d(steps, evaluations)
    trajectory = limits.has_trajectory(spec, axes.case) and len(steps) > 0
    return Recording(steps, evaluations, trajectory)


def _spread(steps: int, points: int) -> Ints:
    """`points` evenly spread steps from 0 to the last one. A single point is the last step."""
    if points <= 1:
        return np.full(points, steps, dtype=np.int64)
    spread = np.round(np.linspace(0, steps, min(points, steps + 1))).astype(np.int64)
    return spread[np.diff(spread, prepend=-1) > 0]  # np.unique would sort again, which takes seconds for a million
