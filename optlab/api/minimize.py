"""One run of an optimizer, from Python or a notebook."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from optlab.errors import PluginError, UserError, counted
from optlab.execution import runner, step
from optlab.execution.records import STATUSES, Case, FixedPoint, Floats, Recording, Sweep
from optlab.execution.rule import Key, Rule
from optlab.execution.wrappers import Around, rule_with
from optlab.experiments.resolve.limits import MAX_RECORDED
from optlab.markup import html
from optlab.markup.line_chart import line_chart
from optlab.plugins import registry, shorthand, validation
from optlab.plugins.external import Foreign
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import Problem
from optlab.plugins.signature import Signature


@dataclass(frozen=True)
class Minimization:
    """The result of one run.

    x, loss: the last point and its loss. status: "done" or how the run ended otherwise. steps: the number of updates.
    losses, path: the loss and x at each step, from the start (step 0) to the last step or the step at which the run
    diverged. grad_evals: the number of gradient evaluations. The `repr` omits `losses` and `path`, which are long; a
    notebook shows the losses as a curve.
    """

    x: Floats
    loss: float
    status: str
    steps: int
    losses: Floats = field(repr=False)
    path: Floats = field(repr=False)
    grad_evals: int

    def _repr_html_(self) -> str:
        def shown() -> str:
            cost = f"{counted(self.steps, 'step')}, {counted(self.grad_evals, 'gradient')}"
            head = html.line(f"{self.status}: loss {self.loss:.6g} after {cost}", bold=True)
            x = html.line(f"x = {np.array2string(self.x, precision=6, threshold=12, edgeitems=4)}")
            return head + x + line_chart(self.losses.tolist(), "loss at each step").svg()

        return html.never_raises(shown, "the run")


def minimize(
    objective: Problem | Callable[..., Any] | str | Mapping[str, Any],
    optimizer: Optimizer | str | Mapping[str, Any],
    x0: Any = None,
    steps: int = 1000,
    *,
    schedule: Around | None = None,
    transforms: Sequence[Around] = (),
    plugins: Iterable[str | Path] = ("plugins",),
    **hyperparameters: Any,
) -> Minimization:
    """Run an optimizer once.

    Args:
        objective: a plain NumPy function of one array, a problem, or the name of a problem, with options as in
            `"rosenbrock b=10"` or as a table.
        optimizer: an optimizer or its name, with hyperparameters in the same forms. "torch:Adam" names an optimizer of
            another package.
        x0: the start, a number or an array of any shape. Default: the start of the problem.
        steps: the number of updates.
        schedule: a schedule of the learning rate: a name, or a table with options: `{"name": "cosine", "end": 0.1}`.
        transforms: transforms of the update rule, each in the same form.
        plugins: folders of drop-in files, for names.
        hyperparameters: the hyperparameters of the optimizer, by name.

    Returns:
        The result of the run.

    Raises:
        UserError: an unknown name, or a value of the wrong type or out of range.
        TraceError: the function cannot be traced.
        PluginError: code of the user raises an exception during a step, also one such as SystemExit.

    >>> import numpy as np
    >>> result = minimize(lambda x: np.sum((x - 3.0) ** 2), "gd", x0=[0.0, 10.0], steps=100, lr=0.1)
    >>> result.x.round(6).tolist(), result.status
    ([3.0, 3.0], 'done')
    >>> result = minimize("rosenbrock", "gd", steps=9, lr=0.1, transforms=["clip_norm"])
    >>> round(float(np.linalg.norm(result.path[1] - result.path[0])), 9)
    0.1
    """
    known = functools.cache(lambda: registry.load(plugins))
    if isinstance(objective, str | Mapping):
        objective = _problem(objective, lambda name: known().problem(name))
    if isinstance(optimizer, str | Mapping):
        name, assigned = _named(optimizer, "optimizer")
        optimizer = known().optimizer(name)
        if twice := [option for option in assigned if option in hyperparameters]:
            raise UserError(f"{name}: '{twice[0]}' is given twice, with the name and as an argument")
        hyperparameters |= assigned
    if not isinstance(optimizer, Optimizer):
        raise UserError(f"{optimizer!r} is no optimizer; give a name, or a rule decorated with @optimizer")
    case, shape = _case(objective, x0)
    _check_steps(case, steps)
    rule, numbers = rule_with(optimizer, hyperparameters, schedule, transforms, known)
    sweep = _single(case, rule, numbers, steps)
    step.build_for(sweep)  # raises errors of the user's code with their place
    if isinstance(optimizer, Foreign):
        values = {name: value for (owner, name), value in numbers.items() if owner == "hyperparameter"}
        if message := optimizer.complaint(values, rule.choices):
            raise UserError(message)
    done = runner.run(sweep)
    if done.log:
        error = PluginError(done.log.splitlines()[-1])
        error.add_note(done.log)
        raise error
    last = int(done.steps[0])
    assert done.x is not None
    path = done.x[: last + 1, :, 0].reshape(last + 1, *shape)
    return Minimization(
        x=path[-1],
        loss=float(done.final_loss[0]),
        status=STATUSES[done.status[0]],
        steps=last,
        losses=done.loss[: last + 1, 0],
        path=path,
        grad_evals=int(done.grad_evals[0]),
    )


def _named(written: str | Mapping[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    """A name, and the values that follow it."""
    assigned = shorthand.table(written)
    name = assigned.pop("name", None)
    if not isinstance(name, str):
        raise UserError(f'{written!r} names no {kind}; write a table as in {{"name": "...", "option": 1.0}}')
    return name, assigned


def _problem(written: str | Mapping[str, Any], find: Callable[[str], Problem]) -> Problem:
    """A problem in which the values that follow the name replace the defaults."""
    name, assigned = _named(written, "problem")
    problem = find(name)
    numbers, choices = validation.with_defaults(problem, assigned)
    return replace(problem, signature=replace(problem.signature, numbers=numbers, choices=choices))


def _case(objective: Any, x0: Any) -> tuple[Case, tuple[int, ...]]:
    if isinstance(objective, Problem):
        if objective.trains_on_data:
            raise UserError(f"{objective.name} is trained on data; use optlab.run, which loads the dataset")
        if x0 is None and objective.start is None:
            raise UserError(f"{objective.name} has no start; give x0")
        start = _point(objective.start if x0 is None else x0)
        if objective.dim not in (None, start.size):
            raise UserError(f"{objective.name} has {counted(objective.dim, 'parameter')}, and x0 {start.size}")
        case = Case(objective, start.size, FixedPoint(start.ravel()), dict(objective.signature.choices))
        _check_size(case)
        return case, start.shape
    if not callable(objective):
        raise UserError(f"{objective!r} cannot be minimised; give a function, or a problem or its name")
    if x0 is None:
        raise UserError("a function has no start; give x0")
    start = _point(x0)
    nothing = Signature({}, {}, {}, ())
    name = getattr(objective, "__name__", "objective")

    @functools.wraps(objective)  # so that messages show the user's name and line
    def flat(x: Any) -> Any:
        return objective(x.reshape(start.shape))

    problem = Problem(name, flat, nothing, None, start.ravel(), (), start.size, None, {})
    return Case(problem, start.size, FixedPoint(start.ravel())), start.shape


def _check_size(case: Case) -> None:
    """Raise a `UserError` if a problem cannot be computed with the number of parameters of x0."""
    if case.dim == case.problem.default_dim:
        return  # here an error is a fault of the problem's code, which is raised unchanged
    try:
        step.objective_graph(case, step.objective(case))
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{case.problem.name} with an x0 of size {case.dim}: {error}") from error


def _point(x0: Any) -> Floats:
    try:
        if np.iscomplexobj(x0):
            raise TypeError("it is complex")
        return np.array(x0, dtype=float)
    except (TypeError, ValueError) as error:
        raise UserError(f"x0 must be a number or an array of numbers: {error}") from None


def _check_steps(case: Case, steps: int) -> None:
    """Raise a `UserError` if `steps` is no number of steps, or too large to keep all of them in memory."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise UserError(f"steps must be a whole number from 1 on, not {steps!r}")
    if (steps + 1) * (case.dim + 1) > MAX_RECORDED:
        numbers = f"{counted(steps, 'step')} with x of size {case.dim:,} are more than {MAX_RECORDED:,} numbers"
        raise UserError(f"minimize keeps the loss and x of every step, and {numbers}; use fewer steps, or optlab.run")


def _single(case: Case, rule: Rule, numbers: Mapping[Key, float], steps: int) -> Sweep:
    """A sweep of one run that records everything."""
    options = {("option", name): value for name, value in case.problem.signature.numbers.items()}
    zero = np.zeros(1, dtype=np.int64)
    everything = np.arange(steps + 1)
    return Sweep(
        id="",
        case=case,
        rule=rule,
        numbers={key: np.array([value]) for key, value in {**options, **numbers}.items()},
        label=rule.optimizer.name,
        steps=int(steps),
        recording=Recording(everything, np.empty(0, dtype=np.int64), trajectory=True),
        root_seed=0,
        run=zero,
        seed=zero,
        titles=(case.problem.name,),
        title=zero,
    )
