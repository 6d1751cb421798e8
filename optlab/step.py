"""The step graph: objective, gradient, schedule and update rule as one graph from one step to the next."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.derivatives import grad, value_and_grad
from optlab.engine.functions.indexing import rows
from optlab.engine.graph import Graph
from optlab.engine.mistakes import cannot
from optlab.engine.passes import optimise, prune
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input
from optlab.engine.trace import trace
from optlab.engine.tracer import Builder, Tracer, unwrapped
from optlab.errors import PluginError
from optlab.optimizers.base import Optimizer
from optlab.records import Case, Sweep
from optlab.schedules.base import Schedule
from optlab.signature import location, start_of


@dataclass(frozen=True)
class Rule:
    """An update rule with everything settled but its numbers."""

    optimizer: Optimizer
    settings: Mapping[str, Any]
    schedule: Schedule | None = None
    schedule_settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StepGraph:
    """One step of a run: (x, *state, t, [index], *numbers) -> (loss at x, next x, *next state).

    `initial` is the graph x -> state before the first step. `numbers` names the last inputs in order: pairs of an owner
    ("option", "hyperparameter" or "schedule") and a name. `index` picks the minibatch; it is there for problems trained
    on minibatches. `grad_evals` is the number of gradients that one step computes, counted in the graph.
    """

    graph: Graph
    initial: Graph
    numbers: tuple[tuple[str, str], ...]
    takes_index: bool
    grad_evals: int

    def inputs(self, constant: Sequence[bool]) -> list[Input]:
        """How a back end feeds the graph; `constant` says of each number whether it is the same for all runs."""
        carried = [Input(RUN, carry=i) for i in range(1, len(self.graph.outputs))]
        shared = [Input(SHARED)] + [Input(RUN)] * self.takes_index
        return carried + shared + [Input(UNIFORM if same else RUN, changes=False) for same in constant]


def objective(case: Case, inputs: Any = None, targets: Any = None) -> Callable[..., Any]:
    """The problem as a function of x and its numeric options."""
    data = dict(inputs=inputs, targets=targets) if case.problem.trains_on_data else {}

    @functools.wraps(case.problem.function)  # in messages it has the user's name and line
    def f(x: Any, **options: Any) -> Any:
        return case.problem.function(x, **data, **case.choices, **options)

    return f


def objective_graph(case: Case, function: Callable[..., Any]) -> Graph:
    """(x, *options) -> a function of the case: its objective, or a metric."""
    names = tuple(case.problem.signature.numbers)

    def f(x: Any, *numbers: Any) -> Any:
        return function(x, **dict(zip(names, numbers, strict=True)))

    return optimise(trace(f, np.empty(case.dim, case.precision), *(np.zeros((), case.precision) for _ in names)))


def build(case: Case, rule: Rule, steps: int) -> StepGraph:
    """Trace one step of an update rule on a case.

    Raises:
        TraceError: the objective or the rule does something that cannot be traced.
        PluginError: the rule does not return what its signature promises.
    """
    initial = trace(lambda x: initial_state(rule.optimizer, x, rule.settings), np.empty(case.dim, case.precision))
    graph, used = _traced(case, rule, steps, initial)
    if graph.written_out() != _traced(case, rule, steps, initial)[0].written_out():
        raise PluginError(
            f"{location(rule.optimizer.function)}: optimizer '{rule.optimizer.name}' or problem '{case.problem.name}' "
            "computes something else when it is traced again: does it use np.random, or remember earlier calls in a "
            "global or a default argument? Keep what is to be remembered in the state"
        )
    needed = {v for node in prune(graph).nodes for v in node.inputs} | set(graph.outputs)
    evaluations = sum(gradient.stands_for in needed for gradient in used)
    return StepGraph(optimise(graph), optimise(initial), _numbers(case, rule), bool(case.batch_size), evaluations)


def _traced(case: Case, rule: Rule, steps: int, initial: Graph) -> tuple[Graph, list[Tracer]]:
    """The graph of one step as it was written, and the gradients that were asked for."""
    builder, real = Builder(), np.dtype(case.precision)
    x = builder.input((case.dim,), real, "x")
    names = tuple(rule.optimizer.signature.state)
    state = [builder.input(v.shape, v.dtype, name) for v, name in zip(initial.outputs, names, strict=True)]
    t = builder.input((), real, "t")
    index = builder.input((case.batch_size,), np.int64, "index") if case.batch_size else None
    values = {key: builder.input((), real, key[1]) for key in _numbers(case, rule)}
    with unwrapped():
        loss, used, updated = _step(case, rule, steps, x, state, t, index, values)
    return builder.finish([loss, *updated]), used


def build_for(sweep: Sweep) -> StepGraph:
    """The step graph of a sweep's runs; see `build`."""
    rule = Rule(sweep.optimizer, sweep.settings, sweep.schedule, sweep.schedule_settings)
    return build(sweep.case, rule, sweep.steps)


def _numbers(case: Case, rule: Rule) -> tuple[tuple[str, str], ...]:
    scheduled = rule.schedule.signature.numbers if rule.schedule else ()
    return (
        *(("option", name) for name in case.problem.signature.numbers),
        *(("hyperparameter", name) for name in rule.optimizer.signature.numbers),
        *(("schedule", name) for name in scheduled),
    )


def _step(
    case: Case, rule: Rule, steps: int, x: Tracer, state: Any, t: Tracer, index: Any, values: Any
) -> tuple[Any, list[Tracer], list[Any]]:
    """The loss at x, the gradients that were asked for, and the next x and state."""

    def of(owner: str) -> dict[str, Any]:
        return {name: value for (whose, name), value in values.items() if whose == owner}

    inputs, targets = minibatch(case, index)
    options = of("option")
    whole = objective(case, inputs, targets)

    @functools.wraps(case.problem.function)
    def f(p: Any) -> Any:
        if np.shape(p) != x.shape:
            found = f"grad or loss is asked for at a point of shape {np.shape(p)}"
            raise cannot(found, f"give it a point like x, of shape {x.shape}")
        return whole(p, **options)

    used: list[Tracer] = []

    def gradient(p: Any) -> Any:
        used.append(grad(f)(p))
        return used[-1]

    def hvp(v: Any) -> Any:
        used.extend([grad(lambda p: np.sum(grad(f)(p) * v))(x)] * 2)  # costs about two gradients
        return used[-1]

    loss, g = value_and_grad(f)(x)
    used.append(g)
    offer = {"t": t, "steps": float(steps), "f": loss, "grad": gradient, "loss": f, "hvp": hvp}
    supplied = {name: offer[name] for name in rule.optimizer.signature.supplied}
    hyperparameters = of("hyperparameter")
    if rule.schedule:
        asked = {"steps": float(steps)} if "steps" in rule.schedule.signature.supplied else {}
        factor = rule.schedule.function(t, **asked, **of("schedule"), **(rule.schedule_settings or {}))
        hyperparameters["lr"] = hyperparameters["lr"] * factor
    result = rule.optimizer.function(x, g, *state, **supplied, **hyperparameters, **rule.settings)
    return loss, used, checked(rule.optimizer, result, [x, *state])


def minibatch(case: Case, index: Any) -> tuple[Any, Any]:
    """The inputs and targets at hand: the examples at an index, or all of them."""
    if case.split is None:
        return None, None
    if index is None:
        return case.split.train_inputs, case.split.train_targets
    return rows(case.split.train_inputs, index), rows(case.split.train_targets, index)


def initial_state(optimizer: Optimizer, x: Any, settings: Mapping[str, Any]) -> list[Any]:
    """Each state's default: a function of x and of choices, or a number in the shape of x."""
    choices = {**optimizer.signature.choices, **settings}
    return [
        start_of(default, x, choices) if callable(default) else np.zeros(x.shape, x.dtype) + default
        for default in optimizer.signature.state.values()
    ]


def checked(optimizer: Optimizer, result: Any, before: list[Tracer]) -> list[Any]:
    """What the rule returned, if it is what the signature promises."""
    names = ["x", *optimizer.signature.state]
    form = f"return {', '.join(names)}"
    result = list(result) if isinstance(result, tuple | list) else [result]
    where = f"{location(optimizer.function)}: optimizer '{optimizer.name}'"
    if any(value is None for value in result):
        raise PluginError(f"{where} returns nothing (None); end it with: {form}")
    if len(result) != len(names):
        raise PluginError(f"{where} returns {len(result)} values, and its signature asks for {len(names)}: {form}")
    for name, old, new in zip(names, before, result, strict=True):
        if np.shape(new) != old.shape:
            raise PluginError(f"{where} returns '{name}' of shape {np.shape(new)} where it was given {old.shape}")
        if getattr(new, "dtype", old.dtype).kind == "b" != old.dtype.kind:
            raise PluginError(f"{where} returns '{name}' as true or false where it was given numbers")
    return result
