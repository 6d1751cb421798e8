"""Compute a case on trial before it is run, to find its dimension and any wrong choice or dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from optlab.engine.containment import Escaped
from optlab.errors import TraceError, UserError, counted
from optlab.execution.records import Case, DomainDraw
from optlab.execution.starts import drawn
from optlab.execution.step import objective, objective_graph
from optlab.experiments.document import ProblemSpec
from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.plugins.code_location import is_built_in, source
from optlab.plugins.problems.base import Problem
from optlab.plugins.side_effects import undisturbed

MAX_PARAMETERS = 10_000_000
MAX_TENSORS = 2_000
"""The limits of a network. Its start is an array of all parameters. Several operations are traced for each tensor."""


def sized(case: Case, root_seed: int) -> Case:
    """The case with the dimension of its start. Raises the `UserError` of a problem that rejects its choices."""
    _check_size(case)
    with _undisturbed(case.problem):
        if callable(case.problem.start):
            case = replace(case, dim=len(drawn(case, root_seed, 0)))
        try:
            _traced(case)
        except Exception as error:
            if isinstance(error, UserError) and not isinstance(error, TraceError | Escaped):
                raise
            # any other exception is an error in the problem's code, which is reported when the case is run
    return case


def _undisturbed(problem: Problem) -> AbstractContextManager[None]:
    """The context of code of a problem. Built-in problems do not change the process."""
    if is_built_in(problem.function):
        return nullcontext()
    return undisturbed(lambda: source(problem.function)[0])


def _check_size(case: Case) -> None:
    """Raise a `UserError` where a network is too large, before its weights are drawn."""
    shapes = case.tensors
    parameters = sum(math.prod(map(int, shape)) for shape in shapes)
    if parameters > MAX_PARAMETERS:
        raise UserError(
            f"{case.problem.name} has {parameters:,} parameters here, more than {MAX_PARAMETERS:,}; make it smaller"
        )
    if len(shapes) > MAX_TENSORS:
        raise UserError(
            f"{case.problem.name} has {len(shapes):,} tensors here, more than {MAX_TENSORS:,}; give it fewer layers"
        )


def note_choices(spec: ProblemSpec, case: Case, root_seed: int, error: UserError, notes: Diagnostics) -> None:
    """Note the message of a problem that rejects its choices, at the wrong choice.

    This is the only choice whose default makes the problem accept the choices. Otherwise it is each choice that the
    problem rejects if all others have their defaults.
    """
    defaults = case.problem.signature.choices
    written = [name for name in case.choices if name in spec.options]

    def complaint(choices: Mapping[str, Any]) -> str:
        try:
            sized(replace(case, choices=choices), root_seed)
        except UserError as error:
            return str(error)
        return ""

    causes = [name for name in written if not complaint({**case.choices, name: defaults[name]})]
    if len(causes) == 1:
        notes.note((*spec.path, causes[0]), str(error))
        return
    alone = {name: complaint({**defaults, name: case.choices[name]}) for name in written}
    for name, message in alone.items():
        if message:
            notes.note((*spec.path, name), message)
    if not any(alone.values()):
        notes.note((*spec.path, *causes[-1:]), str(error))


def _traced(case: Case) -> None:
    data = (case.split.train_inputs, case.split.train_targets) if case.split else ()
    objective_graph(case, objective(case, *data))


def computes(case: Case) -> bool:
    try:
        with _undisturbed(case.problem):
            _traced(case)
    except Exception:  # the user's function may raise anything
        return False
    return True


def note_dimension(spec: ProblemSpec, problem: Problem, case: Case, notes: Diagnostics) -> None:
    """Note a wrong dimension: the problem fails in it and works in its default one. Other errors are reported later."""
    own = problem.default_dim

    def works(dim: int) -> bool:
        return computes(Case(problem, dim, DomainDraw(), case.choices))

    if case.dim == own or not works(own):
        return
    key = "start" if isinstance(spec.start, tuple) else "dim"
    least = next(dim for dim in range(min(case.dim, own), own + 1) if works(dim))
    is_least = case.dim < own and works(own + 1)
    has = f"takes at least {counted(least, 'parameter')}" if is_least else f"has {counted(own, 'parameter')}"
    notes.note((*spec.path, key), f"{spec.name} {has}, not {case.dim}")
