"""A graph as statements in an order in which every symbol can be overwritten in place, and those written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optlab.engine.graph import Graph, Var
from optlab.explain.expressions import Expressions, fresh, leaves, worth_naming
from optlab.explain.notation import Latex, Term, Text


@dataclass(frozen=True, eq=False)
class Statement:
    """`name` gets the value `var`. It overwrites an input, or else is another name for an intermediate value."""

    name: str
    var: Var
    overwrites: Var | None = None


@dataclass(frozen=True)
class Line:
    """A statement as text; `latex` are target and value in LaTeX."""

    target: str
    sign: str
    value: str
    latex: tuple[str, str]


def statements(graph: Graph, names: Sequence[str], carried: Sequence[str]) -> list[Statement]:
    """What is to be written, in an order in which as few old values as possible are needed after they are overwritten.

    Args:
        graph: as `idioms` leaves it.
        names: of its inputs.
        carried: of its outputs. An output with the name of an input overwrites it.
    """
    inputs = dict(zip(names, graph.inputs, strict=True))
    pairs = zip(carried, graph.outputs, strict=True)
    found = [Statement(name, var, inputs.get(name)) for name, var in pairs if var is not inputs.get(name)]
    letters = fresh([*names, *carried, "f", "g", "t", "n"])
    found += [Statement(next(letters), var) for var in worth_naming(graph, makers_of_names(graph, found))]
    place = {node.output: i for i, node in enumerate(graph.nodes)}
    return _in_order(graph, sorted(found, key=lambda s: place.get(s.var, -1)))


def makers_of_names(graph: Graph, found: Sequence[Statement]) -> dict[Var, Statement]:
    """Which statement names a value: the first that has it, if it is computed at all."""
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
) -> list[Line]:
    """The statements written down. A value that has been overwritten is marked as that from before the step."""
    text, latex = (_written(graph, names, ordered, sizes, script) for script in (Text(), Latex()))
    signs = ["=" if s.overwrites is None else "←" for s in ordered]
    return [
        Line(target.text, sign, value.text, (in_latex[0].text, in_latex[1].text))
        for (target, value), sign, in_latex in zip(text, signs, latex, strict=True)
    ]


def _written(
    graph: Graph, names: Sequence[str], ordered: Sequence[Statement], sizes: Mapping[float, str], script: Text
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

    expressions = Expressions(graph, script, name, sizes)
    written = []
    for s in ordered:
        value = expressions.define(s.var) if named.get(s.var) is s else expressions.write(s.var)
        written.append((shown[s.name], value))
        overwritten.add(s.overwrites)
    return written


def symbols(names: Sequence[str], script: Text) -> dict[str, Term]:
    """What each name is written as; names that would be written alike keep their letters."""
    terms = {name: script.name(name) for name in names}
    count = Counter(term.text for term in terms.values())
    return {name: term if count[term.text] == 1 else script.word(name) for name, term in terms.items()}
