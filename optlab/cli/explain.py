"""What `optlab explain` says of a thing, found by its name: a text, and a picture to be saved."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from optlab import signature
from optlab.choices import FORMATS
from optlab.cli import functions
from optlab.cli.functions import Function
from optlab.composition import Rule
from optlab.errors import UserError, did_you_mean
from optlab.oneline import table
from optlab.optimizers.base import Optimizer
from optlab.problems.base import Problem, from_function
from optlab.registry import Registry
from optlab.schedules.base import Schedule
from optlab.wording import counted

ENDINGS = tuple(f".{format}" for format in FORMATS)
WIDEST = 16_000
"""Pixels of a drawing up to which it fits into a PNG."""


@dataclass(frozen=True)
class Asked:
    """What was typed: the thing, and what belongs to it."""

    what: str
    more: Sequence[str] = ()
    at: str | None = None
    direction: str | None = None
    latex: bool = False

    def allow(self, kind: str, *names: str) -> None:
        """Refuse the options that this kind of thing has no use for."""
        given = {"--at": self.at is not None, "--direction": self.direction is not None, "--latex": self.latex}
        for name, is_given in given.items():
            if is_given and name not in names:
                raise UserError(f"{name} does not go with {kind}; optlab explain --help shows what does")


@dataclass(frozen=True)
class Explained:
    """A text, and how to save the picture."""

    text: str
    save: Callable[[Path], object]


def explain(asked: Asked, known: Registry) -> Explained:
    """Explain what was asked for."""
    what, more = functions.spread(asked.what, asked.more, _names(known))
    asked = replace(asked, what=what, more=more)
    if what == "backprop":
        return _backprop(asked)
    if what == "directional":
        return _directional(asked, known)
    if what == "schedules":
        return _schedules(asked, list(known.schedules.values()), what)
    thing = known.optimizers.get(what) or known.problems.get(what) or known.schedules.get(what)
    if thing is None and functions.is_file(what):
        thing = functions.load(what)
    if isinstance(thing, Optimizer):
        return _rule(asked, _composed(thing, asked.more, known))
    if isinstance(thing, Schedule):
        return _schedules(asked, [thing], thing.name)
    if thing is None and (around := known.transforms.get(what)):
        found = _rule(asked, _composed(known.optimizer("gd"), [what, *asked.more], known))
        return replace(
            found, text=f"{signature.summary(around.function)}\n\n{found.text}" if not asked.latex else found.text
        )
    if isinstance(thing, Problem):
        asked.allow("a problem", "--at")
        return _formula_and_gates(functions.of_problem(thing, asked.at, asked.more))
    if thing is not None:
        asked.allow("a function", "--at")
        return _formula_and_gates(functions.of_function(thing, asked.at, asked.more))
    return _expression(asked, known)


def checked(output: Path | None) -> None:
    """Refuse a path that no picture can be written to, before anything is computed."""
    if output is None:
        return
    if output.suffix.lower() not in ENDINGS:
        raise UserError(f"--output {output}: a picture ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if not output.parent.is_dir():
        raise UserError(f"--output {output}: there is no folder {output.parent}")


def _saved(draw: Callable[[], Any], path: Path) -> None:
    from optlab.plots.canvas import save_drawing

    drawing = draw()
    if path.suffix.lower() == ".png" and max(drawing.width, drawing.height) > WIDEST:
        raise UserError(f"--output {path}: {drawing.width:,.0f} pixels are too wide for PNG; end it in .svg or .pdf")
    save_drawing(drawing, path)


def _backprop(asked: Asked) -> Explained:
    asked.allow("backprop")
    if len(asked.more) > 1:
        raise UserError(f"backprop takes one file, not {len(asked.more)}")
    from optlab.explain.backprop import backprop, read

    found = backprop(**read(Path(asked.more[0]))) if asked.more else backprop()
    return Explained(str(found), partial(_saved, found.draw))


def _directional(asked: Asked, known: Registry) -> Explained:
    asked.allow("directional", "--at", "--direction")
    if not asked.more:
        raise UserError("directional takes a problem: optlab explain directional rosenbrock --at -1.5,2")
    name, words = functions.spread(asked.more[0], asked.more[1:], known.problems)
    problem = _problem(functions.load(name) if functions.is_file(name) else known.problem(name))
    f = functions.of_problem(problem, asked.at, words)
    direction = None if asked.direction is None else functions.point("--direction", asked.direction)
    from optlab.explain.directional import directional

    found = directional(f.function, f.values[0], direction)

    def save(path: Path) -> None:
        from optlab.plots import directional as pictures
        from optlab.plots import figure

        domain = None if problem.domain is None else problem.bounds(len(f.values[0]))
        figure.save(pictures.figure(found, domain), path)

    return Explained(str(found), save)


def _problem(found: Any) -> Problem:
    """A problem, or a plain function as one."""
    if not isinstance(found, Problem) and not inspect.isfunction(found):
        raise UserError(f"directional takes a problem or a function, and {found.name} is neither")
    return found if isinstance(found, Problem) else from_function(found)


def _rule(asked: Asked, rule: Rule) -> Explained:
    asked.allow("an optimizer", "--latex")
    from optlab.explain.equations import equations
    from optlab.explain.rule import draw_rule

    found = equations(rule)
    return Explained(found.latex() if asked.latex else str(found), partial(_saved, partial(draw_rule, rule)))


def _composed(optimizer: Optimizer, more: Sequence[str], known: Registry) -> Rule:
    """The rule with the transforms and the schedule that are named after it, and its choices as they are given."""
    rule = Rule(optimizer, dict(optimizer.signature.choices))
    for word in more:
        name, is_pair, value = word.partition("=")
        if is_pair:
            rule = replace(rule, settings={**rule.settings, name: _choice(optimizer, name, value)})
        elif word in known.schedules:
            schedule = known.schedules[word]
            if "lr" not in optimizer.signature.numbers:
                raise UserError(f"a schedule multiplies 'lr', and {optimizer.name} has no such hyperparameter")
            if rule.schedule:
                raise UserError(f"{rule.schedule.name} and {word} are two schedules, and a rule has one")
            rule = replace(rule, schedule=schedule, schedule_settings=schedule.signature.choices)
        elif word in known.transforms:
            transform = known.transforms[word]
            if transform in rule.transforms:
                raise UserError(f"{word} is there already; each transform may be put around a rule once")
            settings = (*rule.transform_settings, transform.signature.choices)
            rule = replace(rule, transforms=(*rule.transforms, transform), transform_settings=settings)
        else:
            guess = did_you_mean(word, [*known.transforms, *known.schedules])
            raise UserError(f"there is no transform or schedule {word!r} to put around {optimizer.name}{guess}")
    return rule


def _choice(optimizer: Optimizer, name: str, text: str) -> Any:
    if name in optimizer.signature.numbers:
        raise UserError(f"{optimizer.name} is explained for any {name}; leave it out")
    if name not in optimizer.signature.choices:
        raise signature.unknown_option(optimizer.name, name, optimizer.signature.choices)
    return table(f"{optimizer.name} {name}={text}")[name]


def _schedules(asked: Asked, schedules: Sequence[Schedule], title: str) -> Explained:
    """One schedule with its options, or all of them; of both, `steps` is the horizon."""
    from optlab.explain.schedules import STEPS, factors

    asked.allow("a schedule")
    given = functions.pairs(asked.more)
    steps = functions.number(f"steps={given['steps']}", given.pop("steps")) if "steps" in given else STEPS
    if steps < 1 or steps != int(steps):
        raise UserError(f"steps={steps:g}: the horizon is a number of steps, like {STEPS}")
    one = schedules[0].signature if len(schedules) == 1 else None
    options = {name: _option(title, one, name, text) for name, text in given.items()}
    found = factors(schedules, int(steps), options)

    def save(path: Path) -> None:
        from optlab.plots import figure
        from optlab.plots import schedules as pictures

        settings = ", ".join(f"{name}={text}" for name, text in given.items()) or "default options"
        subtitle = f"the factor on the learning rate along {counted(int(steps), 'step')}, {settings}"
        figure.save(pictures.figure(found.at, found.values, title=title, subtitle=subtitle), path)

    about = f"{inspect.getdoc(schedules[0].function) or title}\n\n" if one else ""
    return Explained(f"{about}{found}", save)


def _option(owner: str, of: signature.Signature | None, name: str, text: str) -> Any:
    """The value of a schedule's option; many schedules have none in common but the horizon."""
    known = of.options if of else {}
    if of is None or name not in known:
        raise signature.unknown_option(owner, name, [*known, "steps"])
    value = functions.option(owner, name, text, known[name])
    if wrong := of.out_of_range(owner, name, value):
        raise UserError(wrong)
    return value


def _formula_and_gates(f: Function) -> Explained:
    from optlab.explain.equations import equation

    explained = _gates(f)
    return Explained(f"{equation(f.graph(), names=f.names)}\n\n{explained.text}", explained.save)


def _gates(f: Function) -> Explained:
    from optlab.explain.gates import gates

    found = gates(f.graph(), f.values, f.names)
    return Explained(str(found), partial(_saved, found.draw))


def _expression(asked: Asked, known: Registry) -> Explained:
    from optlab.explain.expression import parse

    text = asked.what
    values_of = {word.partition("=")[0] for word in asked.more if "=" in word}
    if re.fullmatch(r"[^\W\d][\w.-]*", text) and not {*re.findall(r"\w+", text)} & values_of:  # a name, it seems
        guess = did_you_mean(text, _names(known)) or "; optlab list optimizers, or another kind, shows all"
        raise UserError(
            f"{text!r} is no optimizer, problem, transform or schedule, and no expression with values{guess}"
        )
    asked.allow("an expression")
    given, expression = functions.pairs(asked.more), parse(text)
    if not expression.names:
        raise UserError(f"there is no name in {text!r}, so it has no gradient; its value is {expression.function():g}")
    missing = [name for name in expression.names if name not in given]
    unused = [name for name in given if name not in expression.names]
    if unused:
        guess = did_you_mean(unused[0], missing) or f"; its names are {', '.join(expression.names)}"
        raise UserError(f"there is no {unused[0]!r} in {text!r}{guess}")
    if missing:
        raise UserError(f"{_listed(missing)} without a value; add {' '.join(f'{name}=1.0' for name in missing)}")
    values = [functions.number(f"{name}={given[name]}", given[name]) for name in expression.names]
    return _gates(Function(expression.function, expression.names, values))


def _names(known: Registry) -> list[str]:
    tables = (known.problems, known.optimizers, known.transforms, known.schedules)
    return [*(name for table in tables for name in table), "backprop", "directional", "schedules"]


def _listed(names: Sequence[str]) -> str:
    return f"{names[0]!r} is" if len(names) == 1 else f"{', '.join(map(repr, names))} are"
