"""The step graph: objective, gradient, schedule and update rule as one graph, which computes one step."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from optlab.engine.containment import contained
from optlab.engine.derivatives import grad, value_and_grad
from optlab.engine.functions.indexing import rows
from optlab.engine.graph import Graph
from optlab.engine.passes import optimise, prune, settle
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input
from optlab.engine.trace import trace
from optlab.engine.trace_errors import cannot
from optlab.engine.tracer import Builder, Tracer, unwrapped
from optlab.errors import PluginError
from optlab.execution.noise import LOSS, StepNoise
from optlab.execution.randomness import Draw
from optlab.execution.records import Case, Sweep
from optlab.execution.rule import STEPS, Advance, Key, Point, Rule, initial_states
from optlab.execution.traced_generator import TracedGenerator
from optlab.plugins.code_location import is_built_in, location, source
from optlab.plugins.side_effects import undisturbed

if TYPE_CHECKING:
    from optlab.engine.native.by_node import StepCode
    from optlab.engine.native.lookups import Spread

__not_the_users__ = True  # for messages: see `engine.trace_errors`


@dataclass(frozen=True)
class StepGraph:
    """One step of a run: (x, *state, t, [index], *numbers, *draws) -> (loss at x, next x, *next state, *extras).

    - `initial`: the graph x -> state before the first step.
    - `numbers`: the keys of these inputs. A key is an owner ("option", "hyperparameter", "schedule", "transform" or
      "noise") and a name, or `STEPS`.
    - `takes_index`: whether there is an input `index`, the indices of the minibatch.
    - `draws`: random numbers, which are new at each step.
    - `grad_evals`: the number of gradients that one step computes, counted in the graph.
    - `extras`: the names of further outputs. "received": the loss at x that the optimizer receives, if it has noise.
      The loss at x itself has none. "gradient_norm": the Euclidean norm of the gradient at x, without noise.
    """

    graph: Graph
    initial: Graph
    numbers: tuple[Key, ...]
    takes_index: bool
    grad_evals: int
    draws: tuple[Draw, ...] = ()
    extras: tuple[str, ...] = ()

    @property
    def carried(self) -> int:
        """The count of arrays that are carried from step to step: x and the parts of the state."""
        return len(self.graph.outputs) - 1 - len(self.extras)

    def output(self, extra: str) -> int:
        """The index of a further output, or of the loss if there is none of this name."""
        return 1 + self.carried + self.extras.index(extra) if extra in self.extras else 0

    @property
    def first_number(self) -> int:
        """The index of the first number in the inputs."""
        return len(self.graph.inputs) - len(self.draws) - len(self.numbers)

    @property
    def size(self) -> int:
        """The count of numbers in x and the state of one run."""
        return sum(math.prod(var.shape) for var in self.graph.outputs[1 : 1 + self.carried])

    @functools.cached_property
    def spread(self) -> Spread:
        """The graph for machine code, in which arrays that are looked up are inputs. Raises `Unsupported`."""
        from optlab.engine.native.lookups import spread  # takes time to load, and most commands run nothing

        return spread(self.graph)

    @functools.cached_property
    def step_code(self) -> StepCode:
        """The machine code of one step by nodes, for any numbers. Raises `Unsupported`."""
        from optlab.engine.native.by_node import StepCode  # takes time to load, and most commands run nothing

        return StepCode(self.graph, self.inputs([False] * len(self.numbers)))

    def inputs(self, constant: Sequence[bool]) -> list[Input]:
        """The kinds of the inputs for a back end. `constant`: whether all runs have the same value, for each number."""
        carried = [Input(RUN, carry=i) for i in range(1, 1 + self.carried)]
        shared = [Input(SHARED)] + [Input(RUN)] * self.takes_index
        numbers = [Input(UNIFORM if same else RUN, changes=False) for same in constant]
        return carried + shared + numbers + [Input(RUN)] * len(self.draws)


def objective(case: Case, inputs: Any = None, targets: Any = None, t: Any = 1.0) -> Callable[..., Any]:
    """The problem as a function of x and its numeric options. If it changes from step to step, it is that of step `t`,
    which the options may replace."""
    offered = {"inputs": inputs, "targets": targets, "t": t}
    supplied = {name: offered[name] for name in case.problem.signature.supplied}

    @functools.wraps(case.problem.function)  # so that messages have the name and line of the user's function
    def f(x: Any, **options: Any) -> Any:
        with contained():
            return case.problem.function(x, **{**supplied, **options}, **case.choices)

    return f


def objective_graph(case: Case, function: Callable[..., Any]) -> Graph:
    """The graph (x, *options) -> value of a function of the case: its objective, or a metric."""
    names = tuple(case.problem.signature.numbers)

    def f(x: Any, *numbers: Any) -> Any:
        return function(x, **dict(zip(names, numbers, strict=True)))

    return optimise(trace(f, np.empty(case.dim, case.precision), *(np.zeros((), case.precision) for _ in names)))


def build(case: Case, rule: Rule, steps: int | None, extras: Sequence[str] = (), was_run: bool = False) -> StepGraph:
    """Trace one step of an update rule on a case.

    Args:
        steps: the number of all steps, which plugins may use. None: it is a number of the graph, with the key `STEPS`.
        extras: the names of further outputs; see `StepGraph`.
        was_run: whether these runs have been executed, so that it is known that tracing again gives the same graph.

    Raises:
        TraceError: the objective, the rule, a transform or the schedule does something that cannot be traced.
        PluginError: the values that the rule, a transform or the schedule returns do not match its signature.
    """
    with undisturbed(lambda: _files(case, rule)):
        return _built(case, rule, steps, tuple(extras), was_run)


def _files(case: Case, rule: Rule) -> str:
    """The files whose code is traced, without the files of optlab itself."""
    traced = [*(part.plugin for part in rule.parts), case.problem]
    own = [plugin.function for plugin in traced if not is_built_in(plugin.function)]
    files = dict.fromkeys(source(function)[0] for function in own or [case.problem.function])
    return " or ".join(files)


def _built(case: Case, rule: Rule, steps: int | None, extras: tuple[str, ...], was_run: bool) -> StepGraph:
    example = np.empty(case.dim, case.precision)
    with contained():
        names = list(initial_states(rule, case.tensors, example))

    @functools.wraps(rule.optimizer.function)  # so that messages have the name and line of the user's function
    def begin(x: Any) -> list[Any]:
        return list(initial_states(rule, case.tensors, x).values())

    initial = trace(begin, example)
    state = [(v.shape, v.dtype, name) for v, name in zip(initial.outputs, names, strict=True)]
    graph, used, draws = _traced(case, rule, steps, state, extras)
    if not was_run and graph.written_out() != _traced(case, rule, steps, state, extras)[0].written_out():
        raise PluginError(
            f"{location(rule.optimizer.function)}: optimizer '{rule.optimizer.name}' or problem '{case.problem.name}' "
            "computes something else when it is traced again: does it use np.random, or keep values of earlier calls "
            "in a global or a default argument? Keep such values in the state, and draw random numbers from rng"
        )
    needed = {v for node in prune(graph).nodes for v in node.inputs} | set(graph.outputs)
    evaluations = sum(gradient.stands_for in needed for gradient in used)
    return StepGraph(
        optimise(settle(graph)),
        optimise(initial),
        _numbers(case, rule, steps),
        bool(case.batch_size),
        evaluations,
        draws,
        extras,
    )


def _traced(
    case: Case, rule: Rule, steps: int | None, carried: Sequence[Any], extras: Sequence[str]
) -> tuple[Graph, list[Tracer], tuple[Draw, ...]]:
    """The graph of one step before optimisation, the gradients that it requests, and its random numbers."""
    builder, real = Builder(), np.dtype(case.precision)
    x = builder.input((case.dim,), real, "x")
    state = [builder.input(*described) for described in carried]
    t = builder.input((), real, "t")
    index = builder.input((case.batch_size,), np.int64, "index") if case.batch_size else None
    values = {key: builder.input((), real, key[1]) for key in _numbers(case, rule, steps)}
    draws: list[Draw] = []
    rng = TracedGenerator(builder, real, draws)
    noise = StepNoise()
    with unwrapped(), contained():
        if case.noise is not None:
            own = {name: value for (owner, name), value in values.items() if owner == "noise"}
            noise = case.noise.drawn(TracedGenerator(builder, real, draws, "noise"), x.shape, own)
        loss, g, used, updated = _step(case, rule, steps, x, state, t, index, values, rng, noise)
        further = {"received": lambda: noise.on_loss(loss), "gradient_norm": lambda: np.sqrt(np.sum(g * g))}
        more = [further[name]() for name in extras]
    return builder.finish([loss, *updated, *more]), used, tuple(draws)


def build_for(sweep: Sweep, was_run: bool = False, any_steps: bool = False) -> StepGraph:
    """The step graph of the runs of a sweep; see `build`. With `any_steps`, it takes the number of all steps."""
    extras = ["received"] if sweep.case.noise is not None and sweep.case.noise.on == LOSS else []
    extras += ["gradient_norm"] if sweep.stop is not None and sweep.stop.gradient_norm is not None else []
    return build(sweep.case, sweep.rule, None if any_steps else sweep.steps, extras, was_run)


def _numbers(case: Case, rule: Rule, steps: int | None) -> tuple[Key, ...]:
    of_noise = case.noise.kind.signature.numbers if case.noise is not None else ()
    options = (("option", name) for name in case.problem.signature.numbers)
    of_run = () if steps is not None else (STEPS,)
    return (*options, *rule.numbers, *(("noise", name) for name in of_noise), *of_run)


def _step(
    case: Case,
    rule: Rule,
    steps: int | None,
    x: Tracer,
    state: Any,
    t: Tracer,
    index: Any,
    values: Any,
    rng: TracedGenerator,
    noise: StepNoise,
) -> tuple[Any, Any, list[Tracer], list[Any]]:
    """The loss and the gradient at x without noise, the requested gradients, and the next x and state."""
    inputs, targets = minibatch(case, index)
    options = {name: value for (owner, name), value in values.items() if owner == "option"}
    whole = objective(case, inputs, targets, t)

    @functools.wraps(case.problem.function)
    def f(p: Any) -> Any:
        if np.shape(p) != x.shape:
            found = f"grad or loss gets a point of shape {np.shape(p)}"
            raise cannot(found, f"give it a point of shape {x.shape}, like x")
        return noise.on_loss(whole(p, **options))

    used: list[Tracer] = []

    def gradient(p: Any) -> Any:
        used.append(grad(f)(p))
        return noise.on_gradient(used[-1])

    def evaluate(p: Any) -> Point:
        if p is x:
            return at_x
        f_p, g_p = value_and_grad(f)(p)
        used.append(g_p)
        return Point(f_p, noise.on_gradient(g_p), functools.partial(hvp, p))

    def hvp(p: Any, v: Any) -> Any:
        used.extend([grad(lambda q: np.sum(grad(f)(q) * v))(p)] * 2)  # costs about two gradients
        return noise.on_product(used[-1])

    received, g = value_and_grad(f)(x)
    used.append(g)
    at_x = Point(received, noise.on_gradient(g), functools.partial(hvp, x))
    loss, exact = value_and_grad(lambda p: whole(p, **options))(x) if noise.on == LOSS else (received, g)
    offer = {"t": t, "steps": values[STEPS] if steps is None else float(steps), "grad": gradient, "loss": f, "rng": rng}
    return loss, exact, used, Advance(rule, case.tensors, state, values, evaluate, offer)(x)


def minibatch(case: Case, index: Any) -> tuple[Any, Any]:
    """The inputs and targets of the examples at an index, or of all training examples."""
    if case.split is None:
        return None, None
    if index is None:
        return case.split.train_inputs, case.split.train_targets
    return rows(case.split.train_inputs, index), rows(case.split.train_targets, index)
