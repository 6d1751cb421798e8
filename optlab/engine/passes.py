"""Passes that simplify a graph: the same function in fewer nodes. Every pass keeps the result to the bit.

fold       constant folding; operations without effect, like a product with 1, are removed
unstretch  explicit broadcasting is removed where the operation broadcasts its inputs anyway
share      common subexpressions are computed once
absorb     a negation is merged into the operation that follows it
prune      dead code is removed

`settle` runs before them if a graph is only executed and not differentiated any more. It removes operations that are
used by derivatives only.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var
from optlab.engine.ops import OPS

FOLD_LIMIT = 100_000
"""Results with more entries than this are not folded, to save memory."""


def optimise(graph: Graph) -> Graph:
    """Apply all passes; `share` and `prune` run again because other passes create work for them."""
    for run in (prune, fold, unstretch, share, absorb, share, prune):
        graph = run(graph)
    return graph


def settle(graph: Graph) -> Graph:
    """Remove the operations that affect derivatives only.

    They are `detach`, `tie_mark`, `nan_slope`, `masked_gradient`, `undefined_curvature` and `zero_slope`.
    """
    constants = dict(graph.constants)
    same: dict[Var, Var] = {}
    zeros: set[Var] = set()  # outputs of "zero_slope": slopes of 0 that affect second derivatives only
    nodes = []
    for node in graph.nodes:
        node = _rewired(node, same)
        name, output, first = node.op.name, node.output, node.inputs[0] if node.inputs else None
        others = [v for v in node.inputs if v not in zeros]
        marked = name in ("tie_mark", "nan_slope", "masked_gradient")
        if first is not None and (marked or name == "detach") and _same_type(first, output):
            same[output] = first
        elif name == "add" and len(others) == 1 and _same_type(others[0], output):
            same[output] = others[0]
        elif marked:
            nodes.append(Node(OPS["broadcast_to"], node.inputs[:1], {"shape": output.shape}, output))
        elif name in ("undefined_curvature", "zero_slope"):
            constants[output] = np.zeros(output.shape, output.dtype)
            if name == "zero_slope":
                zeros.add(output)
        else:
            nodes.append(node)
    return Graph(graph.inputs, tuple(nodes), tuple(same.get(v, v) for v in graph.outputs), constants)


def prune(graph: Graph) -> Graph:
    """Remove the nodes and constants that no output depends on."""
    needed = set(graph.outputs)
    nodes = []
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            nodes.append(node)
    constants = {v: value for v, value in graph.constants.items() if v in needed}
    return Graph(graph.inputs, tuple(reversed(nodes)), graph.outputs, constants)


def fold(graph: Graph) -> Graph:
    """Compute values that depend on constants only, and remove operations without effect."""
    constants = dict(graph.constants)
    same: dict[Var, Var] = {}
    unsigned = {v for v, value in constants.items() if not np.signbit(value.astype(float)).any()}
    opposites: dict[Var, Var] = {}
    nodes = []
    for node in graph.nodes:
        node = _rewired(node, same)
        if node.op.name == "logical_not":
            opposites[node.output] = node.inputs[0]
        if _is_unsigned(node, unsigned):
            unsigned.add(node.output)
        unchanged, value = _unchanged(node, constants, unsigned), _known(node, constants, opposites)
        if unchanged is not None:
            same[node.output] = unchanged
        elif value is not None:
            constants[node.output] = value
        else:
            nodes.append(node)
    return Graph(graph.inputs, tuple(nodes), tuple(same.get(v, v) for v in graph.outputs), constants)


def _is_unsigned(node: Node, unsigned: set[Var]) -> bool:
    """Whether no entry of the result has its sign bit set; -0 has."""
    if node.op.name in ("square", "absolute", "exp", "exp2", "cosh", "hypot", "sigmoid"):
        return True
    operands = node.inputs[1:] if node.op.name == "where" else node.inputs
    keeps = node.op.kind == "view" or node.op.name in _KEEP_UNSIGNED
    return keeps and unsigned.issuperset(operands)


_KEEP_UNSIGNED = frozenset(["add", "multiply", "divide", "sqrt", "maximum", "minimum", "sum", "max", "min", "where"])


def _unchanged(node: Node, constants: Mapping[Var, Any], unsigned: set[Var]) -> Var | None:
    """The input that a node returns unchanged, or None."""

    def all_are(var: Var, value: float) -> bool:
        return var in constants and bool((constants[var] == value).all())

    name, inputs = node.op.name, node.inputs
    kept: Var | None = None
    if name in ("multiply", "divide", "logical_and"):
        a, b = inputs
        if all_are(b, 1) or (a is b and name == "logical_and"):
            kept = a
        elif all_are(a, 1) and name != "divide":
            kept = b
    elif name == "where" and inputs[0] in constants:
        kept = inputs[1] if all_are(inputs[0], 1) else inputs[2] if all_are(inputs[0], 0) else None
    elif name == "masked_gradient":
        kept = inputs[0] if all_are(inputs[1], 1) else None
    elif name in ("reshape", "broadcast_to") or (name == "positive_zero" and inputs[0] in unsigned):
        kept = inputs[0]
    return kept if kept is not None and _same_type(kept, node.output) else None


def _known(node: Node, constants: Mapping[Var, Any], opposites: Mapping[Var, Var]) -> Any:
    """The value of a node if it is constant and not too large to keep, or None."""
    if math.prod(node.output.shape) > FOLD_LIMIT:
        return None
    if node.op.name == "logical_and" and any(v in constants and not constants[v].any() for v in node.inputs):
        return np.zeros(node.output.shape, bool)
    if node.op.name == "logical_or":
        a, b = node.inputs
        if opposites.get(a) is b or opposites.get(b) is a:
            return np.ones(node.output.shape, bool)
    if not constants.keys() >= set(node.inputs):
        return None
    with np.errstate(all="ignore"):
        return np.array(node.op.run(*(constants[v] for v in node.inputs), **node.params), dtype=node.output.dtype)


def _same_type(a: Var, b: Var) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def unstretch(graph: Graph) -> Graph:
    """Pass an elementwise operation its input without explicit broadcasting, if the output keeps its shape."""
    makers = graph.producers()
    constants = dict(graph.constants)
    nodes = []
    for node in graph.nodes:
        if node.op.kind == "elementwise":
            for i in range(len(node.inputs)):
                node = _with_original(node, i, makers, constants)
        nodes.append(node)
    return Graph(graph.inputs, tuple(nodes), graph.outputs, constants)


def _with_original(node: Node, i: int, makers: Mapping[Var, Node], constants: dict[Var, Any]) -> Node:
    var = node.inputs[i]
    if var in constants and var.shape and _uniform(constants[var]):
        original = Var((), var.dtype)  # a constant with equal entries becomes a scalar
    elif var in makers and makers[var].op.name == "broadcast_to":
        original = makers[var].inputs[0]
    else:
        return node
    inputs = (*node.inputs[:i], original, *node.inputs[i + 1 :])
    if np.broadcast_shapes(*(v.shape for v in inputs)) != node.output.shape:
        return node
    if var in constants:
        constants[original] = np.asarray(constants[var].flat[0])
    return Node(node.op, inputs, node.params, node.output)


def _uniform(value: Any) -> bool:
    """Whether all entries are equal to the bit; 0.0 and -0.0 are not."""
    return value.size > 0 and value.tobytes() == value.flat[:1].tobytes() * value.size


def share(graph: Graph) -> Graph:
    """Compute equal expressions once."""
    same: dict[Var, Var] = {}
    seen: dict[Hashable, Var] = {}

    def first(key: Hashable, var: Var) -> bool:
        same[var] = seen.setdefault(key, var)
        return same[var] is var

    constants = {v: value for v, value in graph.constants.items() if first(_constant_key(v, value), v)}
    nodes = []
    for node in graph.nodes:
        node = _rewired(node, same)
        key = (node.op, node.inputs, tuple((k, _hashable(v)) for k, v in node.params.items()))
        if first(key, node.output):
            nodes.append(node)
    return Graph(graph.inputs, tuple(nodes), tuple(same.get(v, v) for v in graph.outputs), constants)


def absorb(graph: Graph) -> Graph:
    """Merge each negation into the operation that follows it."""
    negated = {node.output: node.inputs[0] for node in graph.nodes if node.op.name == "negative"}
    constants = dict(graph.constants)
    nodes = tuple(_without_negation(node, negated, constants) for node in graph.nodes)
    return Graph(graph.inputs, nodes, graph.outputs, constants)


def _without_negation(node: Node, negated: Mapping[Var, Var], constants: dict[Var, Any]) -> Node:
    """Replace a + -b by a - b, a - -b by a + b, and c * -a by (-c) * a for a float constant c, with the same bits.

    Other constants are left alone: the negative of an integer 0 has no sign, and a boolean cannot be negated.
    """
    if node.op.name not in ("add", "subtract", "multiply"):
        return node
    a, b = node.inputs
    if node.op.name == "multiply":
        for factor, other in ((a, b), (b, a)):
            if factor in constants and constants[factor].dtype.kind == "f" and other in negated:
                minus = Var(factor.shape, factor.dtype)
                constants[minus] = -constants[factor]
                return replace(node, inputs=(minus, negated[other]))
    elif b in negated:
        other = {"add": "subtract", "subtract": "add"}[node.op.name]
        return replace(node, op=OPS[other], inputs=(a, negated[b]))
    elif node.op.name == "add" and a in negated:
        return replace(node, op=OPS["subtract"], inputs=(b, negated[a]))
    return node


def _constant_key(var: Var, value: Any) -> Hashable:
    return (value.tobytes(), var.shape, var.dtype) if value.size <= 64 else id(value)


def _hashable(param: Any) -> Hashable:
    if isinstance(param, slice):
        return ("slice", param.start, param.stop, param.step)
    return tuple(map(_hashable, param)) if isinstance(param, tuple) else param


def _rewired(node: Node, same: Mapping[Var, Var]) -> Node:
    if same.keys().isdisjoint(node.inputs):
        return node
    return Node(node.op, tuple(same.get(v, v) for v in node.inputs), node.params, node.output)
