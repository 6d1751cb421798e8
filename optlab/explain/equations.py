"""An update rule as equations, and a function as a formula, both generated from the graph that is executed.

The rule is called once with tracers. Its operations are written in an order in which every symbol can be overwritten in
place. No term is rearranged; only brackets that are redundant by associativity are omitted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.passes import optimise, prune, settle
from optlab.engine.trace import trace
from optlab.errors import UserError
from optlab.execution.rule import Rule
from optlab.explain.notation import Latex, PlainNotation
from optlab.explain.patterns import idioms
from optlab.explain.rule_graph import initial_graph, rule_of, traced
from optlab.explain.statements import StatementText, lines, statements, symbols
from optlab.explain.writer import FormulaWriter
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import STEP, Problem
from optlab.plugins.signature import summary

PARAMETERS, COLUMNS = 997, 991
"""The number of parameters that rules are traced with. No rule contains this number itself, so it is written as n
wherever it appears. Rules for tensors are traced with a matrix of n rows and m columns."""
_LETTERS = "nmNMKL"
"""The symbols for sizes; letters that a rule uses as names are skipped."""
_MEANINGS = {
    "g": "g is the gradient ∇f(x) at the x before the step",
    "t": "t is the number of the step, from 1",
    "steps": "steps is the number of all steps",
    "gradient_at": "∇f(p) is the gradient at a point p, on the same minibatch",
    "loss_at": "f(p) is the loss at a point p, on the same minibatch",
    "hessian_times": "H is the Hessian of f at the x before the step",
    "xi": "ξ are standard normal random numbers, new ones in every step",
    "u": "u are random numbers from 0 to 1, new ones in every step",
}
"""The explanation of an input or an operation, printed if the rule uses it."""


@dataclass(frozen=True)
class Equations:
    """An update rule as equations; see `equations`.

    The order of `lines` matters: after `m ← ...`, m is the new value, and mₜ₋₁ is the value before the step. `initial`
    holds the states before the first step. `grad_evals` is the number of gradients that a step computes for
    `PARAMETERS` parameters; a product with the Hessian counts as two.
    """

    name: str
    heading: str
    lines: tuple[StatementText, ...]
    meanings: tuple[str, ...]
    initial: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    choices: Mapping[str, Any]
    grad_evals: int

    def __str__(self) -> str:
        """The equations, followed by the notes."""
        return "\n".join([self.heading or self.name, "", *_aligned(self.lines), "", self.notes()])

    def notes(self) -> str:
        """The meaning of the symbols, the initial states, the defaults, and the cost of a step."""
        notes = [
            ("where", self.meanings),
            ("start", [", ".join(f"{name} = {value}" for name, value in self.initial.items())]),
            ("numbers", [", ".join(f"{name} = {value}" for name, value in self.hyperparameters.items())]),
            ("choices", [", ".join(f"{name} = {value!r}" for name, value in self.choices.items())]),
            ("costs", [f"{_count(self.grad_evals)} per step"]),
        ]
        return "\n".join(
            f"{title if i == 0 else '':<9}{text}" for title, texts in notes for i, text in enumerate(texts) if text
        )

    def latex(self) -> str:
        """The equations as a block of LaTeX; it requires amsmath."""
        return _latex(self.lines)


def _count(gradients: int) -> str:
    """A number of gradients as text, in terms of n if it grows with the number of parameters.

    >>> _count(1), _count(2 * PARAMETERS + 1)
    ('1 gradient', '2 n + 1 gradients')
    """
    each, rest = divmod(gradients, PARAMETERS)
    return f"{f'{each} n + ' * bool(each)}{rest} gradient{'s' * (gradients != 1)}"


def equations(rule: Optimizer | Rule | str) -> Equations:
    """The update rule of an optimizer as equations.

    A `Rule` is written with its transforms and its schedule. An optimizer alone (or its name) is written with the
    defaults of its choices. Hyperparameters stay symbols.

    Raises:
        UnknownName: there is no optimizer of this name.
        TraceError: the rule does something that cannot be traced.
        PluginError: the rule does not return the values that its signature declares.

    >>> print(equations("adam"))
    Adam (Kingma & Ba, 2015).
    <BLANKLINE>
      m ← β₁ m + (1 − β₁) g
      v ← β₂ v + (1 − β₂) g²
      x ← x − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
    <BLANKLINE>
    where    g is the gradient ∇f(x) at the x before the step
             t is the number of the step, from 1
    start    m = 0, v = 0
    numbers  lr = 0.001, β₁ (beta1) = 0.9, β₂ (beta2) = 0.999, ε (eps) = 1e-8
    choices  raw_eps = False
    costs    1 gradient per step
    """
    rule = rule_of(rule)
    shape = (PARAMETERS, COLUMNS) if rule.optimizer.per == "tensor" else (PARAMETERS,)
    initial = initial_graph(rule, shape)
    whole, carried = traced(rule, initial, shape)
    raw = prune(whole)
    names = [var.name for var in raw.inputs]
    graph = idioms(optimise(settle(raw)))
    shown = symbols(names, PlainNotation())
    sizes = _sizes(shape, names)
    starts = _values(idioms(optimise(settle(initial))), ["x"], sizes)
    written = tuple(lines(graph, names, statements(graph, names, carried), sizes))
    asked = [node.op.name for node in raw.nodes]
    used = {v for node in raw.nodes for v in node.inputs} | set(raw.outputs)
    seen = {*asked, *(var.name for var in raw.inputs if var in used and var.name not in carried)}
    return Equations(
        name=rule.optimizer.name,
        heading=_heading(rule),
        lines=written,
        meanings=(*(meaning for name, meaning in _MEANINGS.items() if name in seen), *_size_meaning(written, sizes)),
        initial={shown[name].text: value for name, value in zip(carried[1:], starts, strict=True)},
        hyperparameters=_defaults(rule, names, shown),
        choices={name: value for (_, name), value in rule.all_choices.items()},
        grad_evals=("g" in seen) + asked.count("gradient_at") + 2 * asked.count("hessian_times"),
    )


def _sizes(shape: tuple[int, ...], names: Sequence[str]) -> dict[float, str]:
    """The symbols for the number of rows, the number of columns, and the number of all entries."""
    letters = [letter for letter in _LETTERS if letter not in names]
    found: dict[float, str] = dict(zip(shape, letters, strict=False))
    return {math.prod(shape): f"({' '.join(found.values())})"} | found


def _size_meaning(written: Sequence[StatementText], sizes: Mapping[float, str]) -> list[str]:
    letters = [letter for letter in sizes.values() if len(letter) == 1]
    text = " ".join(line.value for line in written)
    if not any(re.search(rf"\b{letter}\b", text) for letter in letters):
        return []
    if len(letters) == 1:
        return [f"{letters[0]} is the number of parameters"]
    return [f"x is a matrix of {letters[0]} rows and {letters[1]} columns"]


def _heading(rule: Rule) -> str:
    """The first line: the optimizer, its transforms and its schedule."""
    around = [*(transform.name for transform in rule.transforms), *([rule.schedule.name] if rule.schedule else [])]
    heading = summary(rule.optimizer.function) or rule.optimizer.name
    return f"{heading.rstrip('.')}, with {', '.join(around)}." if around else heading


def _defaults(rule: Rule, names: Sequence[str], shown: Mapping[str, Any]) -> dict[str, str]:
    """The default of each number, by its symbol."""
    first = names.index("steps") + 1
    found = {}
    for default, name in zip(rule.numbers.values(), names[first:], strict=False):
        symbol = shown[name].text
        found[symbol + f" ({name})" * (symbol != name)] = PlainNotation().number(default).text
    return found


# ---- functions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Formula:
    """A function as a formula; see `equation`. `lines` are the intermediate values, followed by the function itself."""

    lines: tuple[StatementText, ...]
    options: Mapping[str, str]

    def __str__(self) -> str:
        listed = ", ".join(f"{name} = {value}" for name, value in self.options.items())
        return "\n".join([*_aligned(self.lines, indent="")]) + (f"   with {listed}" if listed else "")

    def latex(self) -> str:
        """The formula as a block of LaTeX; it requires amsmath."""
        return _latex(self.lines)


def equation(
    graph: Graph, *, name: str = "f", names: Sequence[str] = (), options: Mapping[str, float] | None = None
) -> Formula:
    """A function as a formula.

    Args:
        graph: the function, from `optlab.trace`. The formula depends on its shapes: the entries of a vector of two
            numbers are written as x₀ and x₁, slices of a longer vector as x[1:].
        name: the name of the function.
        names: the names of the inputs, instead of the names in the graph.
        options: the values of the last inputs. They are listed after the formula and not written as arguments.

    >>> print(equation(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)))
    f(x, y, z) = (x + y) z
    """
    graph = idioms(optimise(settle(graph)))
    options = options or {}
    names = list(names) or [var.name or f"x{i}" for i, var in enumerate(graph.inputs)]
    results = [name] if len(graph.outputs) == 1 else [f"{name}{i}" for i in range(len(graph.outputs))]
    arguments = names[: len(names) - len(options)]
    written = lines(graph, names, statements(graph, names, results), {})
    heads = {PlainNotation().name(result).text for result in results}
    written = [_with_arguments(line, arguments) if line.target in heads else line for line in written]
    shown = symbols(names, PlainNotation())
    return Formula(
        tuple(written), {shown[key].text: PlainNotation().number(value).text for key, value in options.items()}
    )


def _with_arguments(line: StatementText, names: Sequence[str]) -> StatementText:
    """Replace the target f by f(x, y)."""
    text, latex = (
        ", ".join(term.text for term in symbols(names, script).values()) for script in (PlainNotation(), Latex())
    )
    return replace(line, target=f"{line.target}({text})", latex=(f"{line.latex[0]}({latex})", line.latex[1]))


def formula(function: Problem | Callable[..., Any], *example: Any) -> str:
    """A problem or a function of arrays as a formula, with one line for each intermediate value and each result.

    Args:
        function: a problem, whose numeric options stay symbols, or a plain NumPy function.
        example: example arguments; only their shapes matter. Without them a problem has its default dimension.

    Raises:
        UserError: the problem is trained on data, so that the formula would contain the data.
        TraceError: the function does something that cannot be traced.

    >>> from optlab.plugins.problems.functions.himmelblau import himmelblau
    >>> print(formula(himmelblau))
    f(x) = (x₀² + x₁ − 11)² + (x₀ + x₁² − 7)²
    """
    if not isinstance(function, Problem):
        return str(equation(trace(function, *example), name=_plain_name(function)))
    if function.trains_on_data:
        raise UserError(f"'{function.name}' is trained on data and has no formula; choose a test function")
    numbers = {**({STEP: 1.0} if function.changes else {}), **function.signature.numbers}

    def f(x: Any, *values: Any) -> Any:
        return function.function(x, **dict(zip(numbers, values, strict=True)))

    graph = trace(f, *(example or (np.zeros(function.default_dim),)), *numbers.values())
    return str(equation(graph, names=["x", *numbers], options=numbers))


def _plain_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "f")
    return name if name.isidentifier() else "f"


# ---- writing ---------------------------------------------------------------------------------------------------------


def _values(graph: Graph, names: Sequence[str], sizes: Mapping[float, str]) -> list[str]:
    """Each output of a graph as one expression."""
    shown = dict(zip(graph.inputs, (PlainNotation().name(name) for name in names), strict=True))
    expressions = FormulaWriter(graph, PlainNotation(), shown.get, sizes)
    return [expressions.write(var).text for var in graph.outputs]


def _aligned(written: Sequence[StatementText], indent: str = "  ") -> list[str]:
    width = max((len(line.target) for line in written), default=0)
    return [f"{indent}{line.target:<{width}} {line.sign} {line.value}" for line in written]


def _latex(written: Sequence[StatementText]) -> str:
    arrows = {"=": "=", "←": r"\leftarrow"}
    inner = " \\\\\n".join(f"{line.latex[0]} &{arrows[line.sign]} {line.latex[1]}" for line in written)
    return f"\\begin{{align*}}\n{inner}\n\\end{{align*}}"
