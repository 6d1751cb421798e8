"""The work of `optlab gradcheck`: checks a problem, or a function in a file, at one or several points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any

import numpy as np

from optlab.api import subjects
from optlab.cli import functions
from optlab.engine.containment import contained
from optlab.engine.gradcheck.check import GradientCheck, check_grad
from optlab.errors import UserError, did_you_mean
from optlab.execution.evaluation import whole_objective
from optlab.execution.starts import starts
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.plugins import code_location, registry, signature, validation
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import Problem
from optlab.plugins.registry import Registry


@dataclass(frozen=True)
class GradcheckRequest:
    """The arguments of the command. `points` is the number of random points of the domain, in addition to the start."""

    what: str
    more: Sequence[str] = ()
    at: str | None = None
    points: int = 5
    components: int = 50


@dataclass(frozen=True)
class GradcheckSubject:
    """A function of one array, and a point; `where` describes the point in words."""

    where: str
    function: Callable[..., Any]
    point: Any
    file: str


def checks(request: GradcheckRequest, known: Registry) -> Iterator[tuple[str, GradientCheck]]:
    """Check the gradient at each point. Yields the point in words, and the result."""
    what, more = functions.spread(request.what, request.more, known.problems)
    request = replace(request, what=what, more=more)
    for subject in _subjects(request, known):
        try:
            with contained():
                check = check_grad(subject.function, subject.point, components=request.components)
        except UserError:
            raise
        except Exception as error:  # raised by the user's function
            raise UserError(registry.one_line(error, subject.file)) from error
        yield subject.where, check


def _subjects(request: GradcheckRequest, known: Registry) -> Iterator[GradcheckSubject]:
    thing = functions.load(request.what) if functions.is_file(request.what) else known.problems.get(request.what)
    if thing is None and request.what in known.optimizers:
        thing = known.optimizers[request.what]
    if thing is None:
        choices = "; optlab list problems shows all; write FILE.py:NAME for a function in a file"
        raise UserError(f"there is no problem {request.what!r}{did_you_mean(request.what, known.problems) or choices}")
    if isinstance(thing, Optimizer):
        raise UserError(f"{thing.name} is an optimizer: use optlab check; gradcheck checks problems and functions")
    if isinstance(thing, Problem):
        return _on_data(request, thing, known) if thing.trains_on_data else _of_problem(request, thing)
    return _of_function(request, thing)


def _of_problem(request: GradcheckRequest, problem: Problem) -> Iterator[GradcheckSubject]:
    """The problem at the requested point, or at the start and at random points of the domain."""
    at = request.at
    if at is None and problem.start is None:
        dim = subjects.dimension(problem, functions.pairs(request.more)) or problem.default_dim
        low, high = problem.bounds(dim)
        at = ",".join(map(str, (low + high) / 2))
    f = subjects.of_problem(problem, at, functions.pairs(request.more))
    named = _named(f.function, problem.name)
    yield GradcheckSubject(_at(f.values[0]), named, f.values[0], f.file)
    if request.at is None and problem.domain is not None:
        low, high = problem.bounds(len(f.values[0]))
        for point in np.random.default_rng(0).uniform(low, high, size=(request.points, len(low))):
            yield GradcheckSubject(_at(point), named, point, f.file)


def _on_data(request: GradcheckRequest, problem: Problem, known: Registry) -> Iterator[GradcheckSubject]:
    """The loss on all training data, at the initial weights of the first seeds."""
    if request.at is not None:
        raise UserError(f"{problem.name} starts at random weights; leave out --at")
    defaults = {**problem.signature.options, **problem.data_options}
    options = {}
    for name, text in functions.pairs(request.more).items():
        if name not in defaults:
            raise signature.unknown_option(problem.name, name, defaults)
        options[name] = validation.typed(problem, name, subjects.value(problem.name, name, text), defaults[name])
    lists = {name: [value] for name, value in options.items() if isinstance(value, list)}
    table = {"name": problem.name, **options, **lists}
    document = {"name": "gradcheck", "steps": 1, "problem": [table], "optimizer": [{"name": "gd"}]}
    sweep = plan.make(documents.read_dict(document), known).sweeps[0]
    f = _named(partial(whole_objective(sweep.case), **sweep.options()), problem.name)
    seeds = np.arange(min(request.points, 2))
    for seed, point in zip(seeds, starts(sweep.case, 0, seeds).T, strict=True):
        yield GradcheckSubject(f"the weights of seed {seed}", f, point, code_location.source(problem.function)[0])


def _of_function(request: GradcheckRequest, function: Callable[..., Any]) -> Iterator[GradcheckSubject]:
    """The function with respect to each of its arguments, one at a time."""
    f = subjects.of_function(function, request.at, functions.pairs(request.more))
    for i, (name, value) in enumerate(zip(f.names, f.values, strict=True)):

        @wraps(function)
        def of_argument(x: Any, i: int = i) -> Any:
            return f.function(*(x if j == i else np.asarray(v, dtype=float) for j, v in enumerate(f.values)))

        where = ", ".join(f"{n} = {_shown(v)}" for n, v in zip(f.names, f.values, strict=True))
        label = f"{function.__name__} by {name}" if len(f.names) > 1 else function.__name__
        yield GradcheckSubject(where, _named(of_argument, label), value, f.file)


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(function)  # so that messages show the line of the user's function
    def f(x: Any) -> Any:
        return function(x)

    f.__name__ = name
    return f


def _at(point: Any) -> str:
    return f"x = {_shown(point)}"


def _shown(point: Any) -> str:
    numbers = [f"{value:.4g}" for value in np.ravel(point)]
    shown = ", ".join(numbers if len(numbers) <= 6 else [*numbers[:6], "..."])
    return f"({shown})" if np.ndim(point) else shown
