"""Explanations of derivatives, update rules and schedules, for `optlab explain` and from Python."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.api import subjects
from optlab.api.explanations import ExplainRequest, Explanation, name_of, names_in
from optlab.api.subjects import Function
from optlab.engine.containment import prints_aside
from optlab.errors import UserError, counted, did_you_mean
from optlab.execution.rule import Rule
from optlab.plugins import registry, shorthand, signature, validation
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import Problem
from optlab.plugins.problems.plain_functions import from_function
from optlab.plugins.registry import Folders, Registry
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.transforms.base import Transform

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure


@prints_aside
def explanation(
    what: Any,
    *around: Any,
    at: Any = None,
    direction: Any = None,
    plugins: Folders = ("plugins",),
    values: Mapping[str, Any] | None = None,
    **more: Any,
) -> Explanation:
    """The output of `optlab explain`, with objects and numbers instead of words.

    Args:
        what: one of these:
            an expression such as `"(x + y) * z"`, with values by name: its gates, values forward, gradients backward;
            a problem or its name, with options by name: its formula, and its gates at a point;
            a plain NumPy function: the same;
            an optimizer or its name: its equations, with transforms and a schedule as further arguments;
            a transform: its effect on gradient descent;
            a schedule, or `"schedules"`, with options and `steps`, the horizon: its factors on the learning rate;
            `"backprop"`, optionally with the path of a TOML file: a network, step by step (`optlab.backprop` takes
            weights from Python);
            `"directional"` and a problem or a function of two variables: the directional derivatives at a point.
        around: transforms and a schedule for an optimizer, or the further arguments of "backprop" and "directional".
        at: the point. Default: the start of the problem.
        direction: the direction u, for "directional".
        plugins: a folder with drop-in files, or several.
        values: values or options whose names are also names of arguments of this function.
        more: all other values or options.

    Returns:
        The explanation. `print` shows its text, a notebook also its picture; `.save(path)` saves the picture.

    Raises:
        UserError: the name is unknown, or a value is missing or wrong.

    >>> explanation("(x + y) * z", x=-2, y=5, z=-4).text.splitlines()[-1]
    'f = -12; df/dx = -4, df/dy = -4, df/dz = 3'
    >>> explanation("adam", "clip_norm").text.splitlines()[0]
    'Adam (Kingma & Ba, 2015), with clip_norm.'
    """
    known = registry.load(plugins)
    words = what.split() if isinstance(what, str) else []
    if len(words) > 1 and words[0] in names_in(known):  # such as "rosenbrock b=10"
        table = shorthand.table(what)
        what, more = table.pop("name"), {**table, **more}
    return explained(ExplainRequest(what, around, {**(values or {}), **more}, at, direction), known)


def explained(request: ExplainRequest, known: Registry) -> Explanation:
    """Explain what a request names."""
    thing = request.what
    if isinstance(thing, str):
        if thing == "backprop":
            return _backprop(request)
        if thing == "directional":
            return _directional(request, known)
        if thing == "schedules":
            return _schedules(request, list(known.schedules.values()), thing)
        tables = (known.optimizers, known.problems, known.schedules, known.transforms)
        thing = next((table[thing] for table in tables if thing in table), thing)
    if isinstance(thing, Optimizer):
        return _rule(request, _composed(thing, request, known))
    if isinstance(thing, Schedule):
        return _schedules(request, [thing], thing.name)
    if isinstance(thing, Transform):
        descent = replace(request, around=[thing, *request.around])
        found = _rule(request, _composed(known.optimizer("gd"), descent, known))
        return replace(found, text=f"{signature.summary(thing.function)}\n\n{found.text}")
    if isinstance(thing, Problem):
        request.allow("a problem", "at")
        return _formula_and_gates(subjects.of_problem(thing, request.at, request.values, request.point))
    if callable(thing):
        request.allow("a function", "at")
        return _formula_and_gates(subjects.of_function(thing, request.at, request.values, request.point))
    if not isinstance(thing, str):
        raise UserError(f"{thing!r} cannot be explained; give a name, an expression, a plugin or a function")
    return _expression(request, known)


# ---- backprop and directional ----------------------------------------------------------------------------------------


def _backprop(request: ExplainRequest) -> Explanation:
    request.allow("backprop", alone=False)
    given = [*request.around, *(f"{name}={value}" for name, value in request.values.items())]
    if len(given) > 1:
        raise UserError(f"backprop takes one file, not {len(given)}")
    from optlab.explain.backprop import backprop, read

    found = backprop(**read(Path(given[0]))) if given else backprop()
    return Explanation(str(found), found, found.draw)


def _directional(request: ExplainRequest, known: Registry) -> Explanation:
    request.allow("directional", "at", "direction", alone=False)
    if not request.around:
        example = "optlab explain directional rosenbrock --at -1.5,2"
        written = example if request.dashes else 'explanation("directional", "rosenbrock", at=[-1.5, 2])'
        raise UserError(f"directional takes a problem: {written}")
    first, *others = request.around
    problem = _problem(known.problem(first) if isinstance(first, str) else first)
    if others:
        raise UserError(f"{name_of(others[0])!r} is not NAME=VALUE, like x=-2")
    f = subjects.of_problem(problem, request.at, request.values, request.point)
    direction = None if request.direction is None else subjects.point(f"{request.dashes}direction", request.direction)
    from optlab.explain.directional import directional

    found = directional(f.function, f.values[0], direction)

    def draw() -> InlineFigure:
        from optlab.figures import directional as pictures

        domain = None if problem.domain is None else problem.bounds(len(f.values[0]))
        return pictures.figure(found, domain)

    return Explanation(str(found), found, draw)


def _problem(found: Any) -> Problem:
    """A problem; a plain function is turned into one."""
    if not isinstance(found, Problem) and not inspect.isfunction(found):
        raise UserError(f"directional takes a problem or a function; {name_of(found)} is neither")
    return found if isinstance(found, Problem) else from_function(found)


# ---- rules -----------------------------------------------------------------------------------------------------------


def _rule(request: ExplainRequest, rule: Rule) -> Explanation:
    request.allow("an optimizer", "latex", alone=False)
    from optlab.explain.equations import equations
    from optlab.explain.rule_drawing import draw_rule

    found = equations(rule)
    return Explanation(str(found), found, partial(draw_rule, rule), found.latex())


def _composed(optimizer: Optimizer, request: ExplainRequest, known: Registry) -> Rule:
    """The rule with its choices, and with the requested transforms and schedule."""
    rule = Rule(optimizer, {**optimizer.signature.choices, **_choices(optimizer, request.values)})
    for part in request.around:
        thing = known.schedules.get(part) or known.transforms.get(part) if isinstance(part, str) else part
        if isinstance(thing, Schedule):
            if fault := validation.fault_of_schedule(optimizer):
                raise UserError(fault)
            if rule.schedule:
                raise UserError(f"{rule.schedule.name} and {thing.name} are two schedules; a rule has at most one")
            rule = replace(rule, schedule=thing, schedule_choices=thing.signature.choices)
        elif isinstance(thing, Transform):
            if fault := validation.fault_of_transform(thing, optimizer, rule.transforms):
                raise UserError(fault)
            choices = (*rule.transform_choices, thing.signature.choices)
            rule = replace(rule, transforms=(*rule.transforms, thing), transform_choices=choices)
        else:
            guess = did_you_mean(name_of(part), [*known.transforms, *known.schedules])
            raise UserError(f"there is no transform or schedule {name_of(part)!r} for {optimizer.name}{guess}")
    return rule


def _choices(optimizer: Optimizer, given: Mapping[str, Any]) -> dict[str, Any]:
    for name in given:
        if name in optimizer.signature.numbers:
            raise UserError(f"the equations of {optimizer.name} hold for any {name}; leave it out")
        if name not in optimizer.signature.choices:
            raise signature.unknown_option(optimizer.name, name, optimizer.signature.choices)
    return subjects.options_of(optimizer, given)


# ---- schedules -------------------------------------------------------------------------------------------------------


def _schedules(request: ExplainRequest, schedules: Sequence[Schedule], title: str) -> Explanation:
    """Explain one schedule with its options, or all schedules. `steps` is the horizon."""
    from optlab.explain.schedules import STEPS, factors

    request.allow("a schedule")
    given = dict(request.values)
    steps = subjects.number(f"steps={given['steps']}", given.pop("steps")) if "steps" in given else STEPS
    if steps < 1 or steps != int(steps):
        raise UserError(f"steps={steps:g}: the horizon must be a number of steps, such as {STEPS}")
    single = schedules[0] if len(schedules) == 1 else None
    known = single.signature.options if single else {}  # schedules share no option but the horizon
    if unknown := [name for name in given if name not in known]:
        raise signature.unknown_option(title, unknown[0], [*known, "steps"])
    options = subjects.options_of(single, given) if single else {}
    found = factors(schedules, int(steps), options)

    def draw() -> InlineFigure:
        from optlab.figures import schedules as pictures

        shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in given.items()}
        written = ", ".join(f"{name}={value}" for name, value in shown.items()) or "default options"
        subtitle = f"the factor on the learning rate along {counted(int(steps), 'step')}, {written}"
        return pictures.figure(found.at, found.values, title=title, subtitle=subtitle)

    about = f"{inspect.getdoc(schedules[0].function) or title}\n\n" if single else ""
    return Explanation(f"{about}{found}", found, draw)


# ---- functions -------------------------------------------------------------------------------------------------------


def _formula_and_gates(f: Function) -> Explanation:
    from optlab.explain.equations import equation

    explained = _gates(f)
    return replace(explained, text=f"{equation(f.graph(), names=f.names)}\n\n{explained.text}")


def _gates(f: Function) -> Explanation:
    from optlab.explain.gates import gates

    found = gates(f.graph(), f.values, f.names)
    return Explanation(str(found), found, found.draw)


def _expression(request: ExplainRequest, known: Registry) -> Explanation:
    from optlab.explain.parser import parse

    text, given = request.what, request.values
    if re.fullmatch(r"[^\W\d][\w.-]*", text) and not {*re.findall(r"\w+", text)} & {
        *given
    }:  # probably a misspelled name
        guess = did_you_mean(text, names_in(known)) or "; optlab list optimizers, or another kind, shows all"
        raise UserError(
            f"{text!r} is no optimizer, problem, transform or schedule, and no expression with values{guess}"
        )
    request.allow("an expression")
    expression = parse(text)
    if not expression.names:
        raise UserError(f"there is no name in {text!r}, so it has no gradient; its value is {expression.function():g}")
    missing = [name for name in expression.names if name not in given]
    unused = [name for name in given if name not in expression.names]
    if unused:
        guess = did_you_mean(unused[0], missing) or f"; its names are {', '.join(expression.names)}"
        raise UserError(f"there is no {unused[0]!r} in {text!r}{guess}")
    if missing:
        raise UserError(f"{_listed(missing)} without a value; add {' '.join(f'{name}=1.0' for name in missing)}")
    values = [subjects.number(f"{name}={given[name]}", given[name]) for name in expression.names]
    return _gates(Function(expression.function, expression.names, values))


def _listed(names: Sequence[str]) -> str:
    return f"{names[0]!r} is" if len(names) == 1 else f"{', '.join(map(repr, names))} are"
