"""An update rule as equations with places for numbers, and the graph that computes these numbers on an objective.

The rule is traced for a vector of `DIM` parameters and written as by `equations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.derivatives import grad, hvp, value_and_grad
from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var
from optlab.engine.passes import optimise, prune, settle
from optlab.engine.tracer import Builder
from optlab.execution.rule import Key, Rule
from optlab.explain.notation import PRODUCT, QUOTIENT, PlainNotation, Term
from optlab.explain.patterns import idioms
from optlab.explain.rule_drawing import DIM
from optlab.explain.rule_graph import initial_graph, traced
from optlab.explain.statements import lines, makers_of_names, right_side, statements, symbols
from optlab.explain.writer import FormulaWriter

_MARK = "\0"
"""Encloses the index of a value in a term. No name has this character."""

Pieces = tuple[str | int, ...]
"""A text with places for numbers. Each integer is the index of a value."""


@dataclass(frozen=True)
class NumberedStatement:
    """A statement: its text, its right side with places for numbers, and the index of the value that it assigns."""

    target: str
    sign: str
    symbols: str
    numbers: Pieces
    result: int


@dataclass(frozen=True, eq=False)
class RuleWithPlaces:
    """An update rule as statements, and the values that they show.

    - `graph`: (x, g, *state, t, steps, *numbers) -> (next x, *next state). Losses and gradients at other points are
      operations without an implementation.
    - `initial`: the graph x -> state before the first step.
    - `states`: the symbol of each part of the state. `numbers`: the keys of the numbers. `defaults`: their defaults.
    - `lines`: the statements in order. `values`: the values of the graph that they show.
    """

    graph: Graph
    initial: Graph
    states: tuple[str, ...]
    numbers: tuple[Key, ...]
    defaults: tuple[float, ...]
    lines: tuple[NumberedStatement, ...]
    values: tuple[Var, ...]


class _Numbers(PlainNotation):
    """The notation of terms in which places for numbers stand for names. A product always has a sign."""

    def multiply(self, a: Term, b: Term) -> Term:
        if a.opposite:
            return self.negative(self.multiply(a.opposite, b))
        return Term(f"{self.bracketed(a, QUOTIENT)} · {self.bracketed(b, PRODUCT)}", PRODUCT)


def rule_with_places(rule: Rule) -> RuleWithPlaces:
    """An update rule, with its schedule and transforms, as statements with places for numbers.

    Raises:
        TraceError, PluginError: as `equations`.
    """
    initial = initial_graph(rule, (DIM,))
    whole, carried = traced(rule, initial, (DIM,))
    graph = optimise(settle(prune(whole)))
    names = [var.name for var in graph.inputs]
    written = idioms(graph)
    ordered = statements(written, names, carried)
    named = makers_of_names(written, ordered)
    places: dict[Var, int] = {}

    def place(var: Var) -> int:
        return places.setdefault(var, len(places))

    def term(var: Var) -> Term | None:
        return Term(f"{_MARK}{place(var)}{_MARK}") if var in named or var in written.inputs else None

    in_numbers = FormulaWriter(written, _Numbers(), term, {})
    found = [
        NumberedStatement(
            text.target, text.sign, text.value, _pieces(right_side(s, named, in_numbers).text), place(s.var)
        )
        for s, text in zip(ordered, lines(written, names, ordered, {}), strict=True)
    ]
    shown = symbols([*names, *(s.name for s in ordered)], PlainNotation())
    states = tuple(shown[name].text for name in carried[1:])
    numbers = rule.numbers
    return RuleWithPlaces(
        graph, optimise(initial), states, tuple(numbers), tuple(numbers.values()), tuple(found), tuple(places)
    )


def _pieces(text: str) -> Pieces:
    return tuple(int(part) if n % 2 else part for n, part in enumerate(text.split(_MARK)) if part)


def on_objective(rule: RuleWithPlaces, objective: Callable[..., Any], options: Sequence[str] = ()) -> Graph:
    """One step on an objective: (x, *state, t, *options, *numbers, steps) -> (next x, *next state, g, *values).

    The last input is the number of all steps, which schedules may use.

    Args:
        rule: the rule, and the `values` that the graph returns.
        objective: a function of x, and of its options by name.
        options: the names of these options.
    """
    builder = Builder()
    first, _, *others = rule.graph.inputs
    count = len(rule.states)
    x, *state = (builder.input(var.shape, var.dtype, var.name) for var in (first, *others[:count]))
    t = builder.input((), np.float64, "t")
    given = {name: builder.input((), np.float64, name) for name in options}
    numbers = [builder.input((), np.float64, var.name) for var in others[count + 2 :]]
    steps = builder.input((), np.float64, "steps")

    def f(p: Any) -> Any:
        return objective(p, **given)

    unknown = {"gradient_at": grad(f), "loss_at": f, "hessian_times": lambda v: hvp(f)(x, v)}
    g = value_and_grad(f)(x)[1]
    every = [x, g, *state, t, steps, *numbers]
    here: dict[Var, Any] = dict(zip(rule.graph.inputs, every, strict=True)) | dict(rule.graph.constants)
    for node in rule.graph.nodes:
        here[node.output] = _computed(builder, node, [here[var] for var in node.inputs], unknown)
    return builder.finish([*(here[var] for var in rule.graph.outputs), g, *(here[var] for var in rule.values)])


def _computed(builder: Builder, node: Node, operands: list[Any], unknown: Mapping[str, Callable[..., Any]]) -> Any:
    if node.op.kind == "unknown":
        return unknown[node.op.name](*operands)
    return builder.emit(node.op, operands, dict(node.params))
