"""The gates of a function: the value that each computes, and the gradient that flows back through it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.draw.circuit import draw
from optlab.engine.draw.symbols import written
from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var, names_in
from optlab.engine.ops import OPS
from optlab.engine.passes import prune
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp
from optlab.errors import UserError
from optlab.markup.svg import Drawing

Array = NDArray[Any]

_ROLES = {
    "distributes": ("add", "each input gets the gradient unchanged"),
    "distributes, turning": ("subtract", "the first input gets the gradient unchanged, the second with opposite sign"),
    "swaps": ("multiply matmul", "each input gets the gradient times the other input"),
    "routes": (
        "maximum minimum max min relu where clip",
        "the selected input gets the whole gradient, the others get none; inputs that tie share it",
    ),
    "spreads": ("sum", "each entry gets the gradient of the sum"),
    "selects": ("getitem take", "the selected entries get the gradient, the others get none"),
    "gathers": ("broadcast_to", "the gradients of all copies are added"),
    "rearranges": ("reshape transpose place astype", "the gradient goes back to where the entries came from"),
}
_ROLE_OF = {op: role for role, (ops, _) in _ROLES.items() for op in ops.split()}
_SCALES = "scales", "the input gets the gradient times the local gradient"
_STOPS = "stops", "no gradient passes: the value jumps, or is treated as a constant"


@dataclass(frozen=True)
class Wire:
    """An input of a gate: its value, the local gradient d(gate)/d(input), and the gradient that flows back along it.

    `local` has the shape of the gate's output; it is None if the gate does not work entry by entry. `gradient` is the
    local gradient times the gradient at the gate's output, in the shape of the input. Both are None if there is no
    derivative.
    """

    name: str
    value: Array
    local: Array | None
    gradient: Array | None


@dataclass(frozen=True)
class Gate:
    """One operation: the name and value of its output, its formula, its inputs, and the gradient that it receives.

    `gradient` is the gradient of the function with respect to the gate's output; None for conditions and integers.
    """

    name: str
    operation: str
    written: str
    wires: tuple[Wire, ...]
    value: Array
    gradient: Array | None

    @property
    def role(self) -> str:
        """What the gate does to the gradient: add distributes, max routes, multiply swaps."""
        if all(wire.gradient is None for wire in self.wires):
            return _STOPS[0]
        return _ROLE_OF.get(self.operation, _SCALES[0])


@dataclass(frozen=True)
class Gates:
    """A function at a point, split into gates: the gates in order, the value, and the gradient for each input.

    `str` gives a table; notebooks show the picture.
    """

    gates: tuple[Gate, ...]
    output: str
    value: Array
    gradients: Mapping[str, Array]
    graph: Graph = field(repr=False)
    names: Mapping[Var, str] = field(repr=False)
    values: Mapping[Var, Array] = field(repr=False)
    flows: Mapping[Var, Array] = field(repr=False)

    def __str__(self) -> str:
        roles = dict.fromkeys(gate.role for gate in self.gates)
        meanings = {role: meaning for role, (_, meaning) in _ROLES.items()} | dict([_SCALES, _STOPS])
        legend = [f"{role}: {meanings[role]}" for role in roles]
        end = ", ".join(f"d{self.output}/d{name} = {shown(g, 6)}" for name, g in self.gradients.items())
        blocks = [_aligned(_rows(self.gates)), legend, [f"{self.output} = {shown(self.value, 6)}; {end}"]]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def draw(self) -> Drawing:
        """Draw the gates, with values above the lines in green and gradients below the lines in red."""
        above = {var: shown(value, 4) for var, value in self.values.items()}
        below = {var: shown(flow, 4) for var, flow in self.flows.items()}
        gates = {gate.output: self.names[gate.output] for gate in self.graph.nodes}
        inputs = {var: self.names[var] for var in self.graph.inputs}
        return draw(self.graph, above, below, inputs | gates, title=f"{self.output} = {shown(self.value, 6)}")

    def _repr_svg_(self) -> str:
        return self.draw().svg()


def gates(function: Graph | Callable[..., Any], values: Sequence[Any], names: Sequence[str] | None = None) -> Gates:
    """Split a function into gates and compute the values and gradients at a point.

    A gate gets inputs u and computes v and the local gradients dv/du. In the backward pass it receives df/dv, the
    gradient of the whole function with respect to its output. By the chain rule it passes df/du = df/dv dv/du to each
    input. The gradients that flow back to a value are added if the value is used several times.

    Args:
        function: a plain NumPy function, or a graph; its value is a single number.
        values: its arguments, numbers or arrays.
        names: the names of the arguments; by default the names in the function.

    Raises:
        UserError: the value is not a single number.
        TraceError: the function cannot be traced.

    Source: the text's example, after CS231n, "Backpropagation, Intuitions".

    >>> print(gates(lambda x, y, z: (x + y) * z, (-2.0, 5.0, -4.0)))
    gate       value  gradient  input  value  local  flows back  the gate
    q = x + y      3        -4      x     -2      1          -4  distributes
                                    y      5      1          -4
    f = q * z    -12         1      q      3     -4          -4  swaps
                                    z     -4      3           3
    <BLANKLINE>
    distributes: each input gets the gradient unchanged
    swaps: each input gets the gradient times the other input
    <BLANKLINE>
    f = -12; df/dx = -4, df/dy = -4, df/dz = 3
    """
    arrays = [np.asarray(value, dtype=float) for value in values]
    graph = prune(function if isinstance(function, Graph) else trace(function, *arrays))
    if len(graph.outputs) != 1 or graph.outputs[0].shape != ():
        found = (
            f"{len(graph.outputs)} values" if len(graph.outputs) != 1 else f"an array of shape {graph.outputs[0].shape}"
        )
        raise UserError(
            f"the function must return a single number, and this one returns {found}; np.sum adds all entries"
        )
    named = _named(graph, names)
    known = _forward(graph, arrays)
    flows = _backward(graph, arrays)
    return Gates(
        gates=tuple(_gate(node, named, known, flows) for node in graph.nodes),
        output=named[graph.outputs[0]] if graph.nodes else "f",
        value=known[graph.outputs[0]],
        gradients={named[v]: flows[v] for v in graph.inputs},
        graph=graph,
        names=named,
        values=known,
        flows=flows,
    )


def _named(graph: Graph, names: Sequence[str] | None) -> dict[Var, str]:
    """Name all values: inputs and constants keep their names; gates get q1, q2, ... (q if there is one), the last f."""
    named = names_in(graph)
    if names is not None:
        named |= dict(zip(graph.inputs, names, strict=True))
    taken = {named[v] for v in graph.inputs}
    inner = [node.output for node in graph.nodes if node.output not in graph.outputs]
    fresh = _fresh("q", taken if len(inner) == 1 else taken | {"q"})
    named |= dict(zip(inner, fresh, strict=False))
    if graph.nodes:
        named[graph.outputs[0]] = next(_fresh("f", taken))
    return named | {v: f"({named[v]})" for v in graph.constants if named[v].startswith("-")}


def _fresh(letter: str, taken: Collection[str]) -> Iterator[str]:
    """The names q, q1, q2, ... that are not in `taken`."""
    return (name for name in chain([letter], (f"{letter}{i}" for i in count(1))) if name not in taken)


def _forward(graph: Graph, arrays: Sequence[Array]) -> dict[Var, Array]:
    """The value of every variable."""
    inner = [node.output for node in graph.nodes]
    every = Graph(graph.inputs, graph.nodes, (*graph.outputs, *inner), graph.constants)(*arrays)[1:]
    return {**graph.constants, **dict(zip(graph.inputs, arrays, strict=True)), **dict(zip(inner, every, strict=True))}


def _backward(graph: Graph, arrays: Sequence[Array]) -> dict[Var, Array]:
    """The gradient with respect to every value: a zero is added to each value, and the graph is differentiated with
    respect to these zeros."""
    nudges: dict[Var, Var] = {}
    nudged: dict[Var, Var] = {}
    nodes = []
    for node in graph.nodes:
        output = node.output
        node = Node(node.op, tuple(nudged.get(v, v) for v in node.inputs), node.params, output)
        nodes.append(node)
        if output.dtype.kind == "f":
            nudges[output], nudged[output] = (Var(output.shape, output.dtype) for _ in range(2))
            nodes.append(Node(OPS["add"], (output, nudges[output]), {}, nudged[output]))
    inputs = (*graph.inputs, *nudges.values())
    outputs = tuple(nudged.get(v, v) for v in graph.outputs)
    back = vjp(Graph(inputs, tuple(nodes), outputs, graph.constants), range(len(inputs)))
    zeros = [np.full(v.shape, -0.0, v.dtype) for v in nudges.values()]  # x + (-0.0) is x, even for -0.0
    products = back(*arrays, *zeros, np.ones((), graph.outputs[0].dtype))[1:]
    return dict(zip((*graph.inputs, *nudges), products, strict=True))


def _gate(node: Node, named: Mapping[Var, str], known: Mapping[Var, Array], flows: Mapping[Var, Array]) -> Gate:
    values = [known[v] for v in node.inputs]
    gradient = flows.get(node.output)
    back = _pull(node, values, gradient)
    local: list[Array | None] = [None] * len(values)
    if node.op.kind == "elementwise":  # with inputs broadcast first, no sum over copies is part of it
        stretched = [np.broadcast_to(value, node.output.shape) for value in values]
        local = _pull(node, stretched, np.ones(node.output.shape, node.output.dtype))
    names = [named[v] for v in node.inputs]
    wires = tuple(map(Wire, names, values, local, back))
    return Gate(named[node.output], node.op.name, written(node, names), wires, known[node.output], gradient)


def _pull(node: Node, values: Sequence[Array], cotangent: Array | None) -> list[Array | None]:
    """The vector-Jacobian product of a single operation for each input; None if there is no derivative."""
    inputs = tuple(Var(value.shape, value.dtype) for value in values)
    rules = node.op.vjp * (len(inputs) if node.op.variadic else 1)
    smooth = [i for i, v in enumerate(inputs) if v.dtype.kind == "f" and i < len(rules) and rules[i] is not None]
    if cotangent is None or not smooth:
        return [None] * len(inputs)
    output = Var(node.output.shape, node.output.dtype)
    back = vjp(Graph(inputs, (Node(node.op, inputs, node.params, output),), (output,)), smooth)
    products = dict(zip(smooth, back(*values, cotangent)[1:], strict=True))
    return [products.get(i) for i in range(len(inputs))]


# ---- as text ---------------------------------------------------------------------------------------------------------


def shown(value: Array | None, digits: int) -> str:
    """A number as text, or an array; of an array with more than four entries only the first three: `[1 2 3 ...]`."""
    if value is None:
        return ""
    if value.dtype.kind == "b" and not value.ndim:
        return str(bool(value))
    if not value.ndim:
        return f"{value.item() + 0.0:.{digits}g}"
    entries = [shown(entry, min(digits, 4)) for entry in value.reshape(-1)[:4]]
    inside = " ".join(entries if value.size <= 4 else [*entries[:3], "..."])
    return f"[{inside}]" if value.ndim == 1 and value.size <= 4 else f"[{inside}] {value.shape}"


def _rows(found: Sequence[Gate]) -> list[tuple[str, ...]]:
    if not found:
        return []
    rows: list[tuple[str, ...]] = [("gate", "value", "gradient", "input", "value", "local", "flows back", "the gate")]
    for gate in found:
        head = (f"{gate.name} = {gate.written}", shown(gate.value, 6), shown(gate.gradient, 6))
        for i, wire in enumerate(gate.wires):
            cells = (wire.name, shown(wire.value, 6), shown(wire.local, 6), shown(wire.gradient, 6))
            rows.append((*(("", "", "") if i else head), *cells, "" if i else gate.role))
    return rows


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines of text. The first and the last column are aligned left, the numbers between them right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:-1], row[-1]]).rstrip())
    return lines
