"""Orders the assignments of a graph so that every symbol can be overwritten in place, and writes them as lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optlab.engine.graph import Graph
from optlab.engine.nodes import Var
from optlab.explain.notation import Latex, PlainNotation, Term
from optlab.explain.writer import FormulaWriter, fresh, leaves, worth_naming


@dataclass(frozen=True, eq=False)
class Statement:
    """`name` is assigned the value `var`. It overwrites an input, or else names an intermediate value."""

    name: str
    var: Var
    overwrites: Var | None = None


@dataclass(frozen=True)
class StatementText:
    """A statement as text; `latex` holds the target and the value in LaTeX."""

    target: str
    sign: str
    value: str
    latex: tuple[str, str]


def statements(graph: Graph, names: Sequence[str], carried: Sequence[str]) -> list[Statement]:
    """The statements of a graph, ordered so that as few old values as possible are read after they are overwritten.

    Args:
        graph: the result of `idioms`.
        names: the names of its inputs.
        carried: the names of its outputs. An output with the name of an input overwrites that input.
    """
    inputs = dict(zip(names, graph.inputs, strict=True))
    pairs = zip(carried, graph.outputs, strict=True)
    found = [Statement(name, var, inputs.get(name)) for name, var in pairs if var is not inputs.get(name)]
    letters = fresh([*names, *carried, "f", "g", "t", "n"])
    found += [Statement(next(letters), var) for var in worth_naming(graph, makers_of_names(graph, found))]
    place = {node.output: i for i, node in enumerate(graph.nodes)}
    return _in_order(graph, sorted(found, key=lambda s: place.get(s.var, -1)))


def makers_of_names(graph: Graph, found: Sequence[Statement]) -> dict[Var, Statement]:
    """The statement that names each computed value: the first statement that assigns it."""
    computed = graph.producers()
    return {s.var: s for s in reversed(found) if s.var in computed}


def _in_order(graph: Graph, found: list[Statement]) -> list[Statement]:
    named = makers_of_names(graph, found)
    reads = {s: set(leaves(graph, s.var, named)) if named.get(s.var) in (s, None) else {s.var} for s in found}
    ordered: list[Statement] = []
    waiting = list(found)
    while waiting:
        ready = [s for s in waiting if all(named[v] not in waiting for v in reads[s] if v in named)]
        harmless = [s for s in ready if all(s.overwrites not in reads[other] for other in waiting if other is not s)]
        ordered.append((harmless or ready)[0])
        waiting.remove(ordered[-1])
    return ordered


def lines(
    graph: Graph,
    names: Sequence[str],
    ordered: Sequence[Statement],
    sizes: Mapping[float, str],
) -> list[StatementText]:
    """The statements as text. A value that was already overwritten is marked as the value before the step."""
    text, latex = (_written(graph, names, ordered, sizes, script) for script in (PlainNotation(), Latex()))
    signs = ["=" if s.overwrites is None else "←" for s in ordered]
    return [
        StatementText(target.text, sign, value.text, (in_latex[0].text, in_latex[1].text))
        for (target, value), sign, in_latex in zip(text, signs, latex, strict=True)
    ]


def _written(
    graph: Graph, names: Sequence[str], ordered: Sequence[Statement], sizes: Mapping[float, str], script: PlainNotation
) -> list[tuple[Term, Term]]:
    named = makers_of_names(graph, ordered)
    inputs = dict(zip(graph.inputs, names, strict=True))
    shown = symbols([*names, *(s.name for s in ordered)], script)
    overwritten: set[Var | None] = set()

    def name(var: Var) -> Term | None:
        if var in named:
            return shown[named[var].name]
        if var in overwritten:
            return script.name(inputs[var], before=True)
        return shown[inputs[var]] if var in inputs else None

    expressions = FormulaWriter(graph, script, name, sizes)
    written = []
    for s in ordered:
        written.append((shown[s.name], right_side(s, named, expressions)))
        overwritten.add(s.overwrites)
    return written


def right_side(statement: Statement, named: Mapping[Var, Statement], expressions: FormulaWriter) -> Term:
    """The term that a statement assigns: the definition of its value, or the name that the value already has."""
    var = statement.var
    return expressions.define(var) if named.get(var) is statement else expressions.write(var)


def symbols(names: Sequence[str], script: PlainNotation) -> dict[str, Term]:
    """The term for each name; names whose terms would be equal are written unchanged."""
    terms = {name: script.name(name) for name in names}
    count = Counter(term.text for term in terms.values())
    return {name: term if count[term.text] == 1 else script.word(name) for name, term in terms.items()}
