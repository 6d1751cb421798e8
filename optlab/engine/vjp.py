"""Reverse-mode differentiation as a transformation of graphs, from the rules in `ops.py`.

Two things are done here for all rules. Broadcasting is undone: a cotangent is summed over the axes along which its
input was broadcast. And values that a choice does not take (a branch of `where`, the smaller operand of `maximum`,
entries that an index does not select) get no gradient: their cotangent is 0 and carries a mask, so that 0 times an
infinite derivative (of sqrt at 0, for example) is 0 and not NaN. `vjp_hazards.py` determines where a mask is needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Shape, Var
from optlab.engine.ops import OPS
from optlab.engine.passes import optimise
from optlab.engine.tracer import Builder, Tracer
from optlab.engine.vjp_hazards import Hazards, is_matrix_product
from optlab.engine.vjp_rules import emit, spread_over


@dataclass(frozen=True)
class Cotangent:
    """A traced cotangent, and a mask of the entries where it is active. None means that all entries are active.

    A light mask is used by second derivatives only: the cotangent outside it is 0 already.
    """

    value: Any
    mask: Any = None
    light: bool = False


def vjp(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The graph extended by the vector-Jacobian products.

    For y = f(x) and a cotangent w of the shape of y, the product is w' J, where J is the Jacobian dy/dx.

    Args:
        graph: y = f(inputs), with one or several outputs.
        wrt: positions of the inputs to differentiate with respect to.

    Returns:
        A graph of (*inputs, one cotangent per output) -> (*outputs, one cotangent per position in `wrt`).
    """
    builder = Builder()
    primal = {v: builder.input(v.shape, v.dtype, v.name) for v in graph.inputs}
    primal.update({v: builder.constant(value) for v, value in graph.constants.items()})
    for node in graph.nodes:
        primal[node.output] = builder.emit(node.op, [primal[v] for v in node.inputs], dict(node.params))

    wanted = _leads_to(graph, {graph.inputs[i] for i in wrt})
    hazards = Hazards.of(graph)
    incoming: dict[Var, list[Cotangent]] = {}
    for var in graph.outputs:
        seed = builder.input(var.shape, var.dtype, "w")
        incoming.setdefault(var, []).append(Cotangent(seed))
    for node in reversed(graph.nodes):
        if node.output in incoming and node.output in wanted:
            total = _total(incoming.pop(node.output))
            for var, part in _contributions(node, total, primal, wanted, hazards):
                incoming.setdefault(var, []).append(part)

    products: list[Any] = []
    for i in wrt:
        var = graph.inputs[i]
        products.append(_total(incoming[var]).value if var in incoming else np.zeros(var.shape, var.dtype))
    return builder.finish([*(primal[v] for v in graph.outputs), *products])


def pullback(graph: Graph, wrt: Sequence[int]) -> Graph:
    """Only the products: (*inputs, one cotangent per output) -> one cotangent per position in `wrt`, optimised."""
    both = vjp(graph, wrt)
    return optimise(Graph(both.inputs, both.nodes, both.outputs[len(graph.outputs) :], both.constants))


def jvp(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The Jacobian-vector products: (*inputs, one tangent per position in `wrt`) -> one tangent per output, optimised.

    They are computed by two reverse passes: w' J is linear in w, and J v is the derivative of v . (w' J) by w.
    """
    first, back = len(graph.inputs), pullback(graph, wrt)
    forth = vjp(back, range(first, len(back.inputs)))
    zeros = {w: np.zeros(w.shape, w.dtype) for w in forth.inputs[first : len(back.inputs)]}  # J v does not depend on w
    inputs = forth.inputs[:first] + forth.inputs[len(back.inputs) :]
    return optimise(Graph(inputs, forth.nodes, forth.outputs[len(back.outputs) :], {**forth.constants, **zeros}))


def _leads_to(graph: Graph, inputs: set[Var]) -> set[Var]:
    """All float values that depend on these inputs; conditions and integers have no derivative."""
    reached = set(inputs)
    for node in graph.nodes:
        if node.output.dtype.kind == "f" and any(v in reached for v in node.inputs):
            reached.add(node.output)
    return reached


def _contributions(node: Node, g: Cotangent, primal: dict[Var, Tracer], wanted: set[Var], hazards: Hazards) -> Any:
    """The cotangent that a node passes to each of its inputs."""
    inputs, output = [primal[v] for v in node.inputs], primal[node.output]
    for position, var in enumerate(node.inputs):
        rule = node.op.vjp[0 if node.op.variadic else position] if node.op.vjp else None
        if var not in wanted or rule is None:
            continue
        pull = functools.partial(rule, *((position,) if node.op.variadic else ()), **node.params)
        taken = _taken(node, position, g, pull, output, inputs) if hazards.need_mask(node, var) else None
        if g.mask is None:
            part = Cotangent(pull(g.value, output, *inputs), taken, hazards.need_light_mask(node, var))
        else:
            part = _silenced(node, pull, g, output, inputs, hazards)
            if taken is not None:
                light = part.light and hazards.need_light_mask(node, var)
                part = Cotangent(part.value, np.logical_and(taken, part.mask), light)
        mask = part.mask if hazards.reach(var) else None
        yield var, _fitted(Cotangent(part.value, mask, part.light or not hazards.infinite(var)), var)


def _taken(
    node: Node, position: int, g: Cotangent, pull: Callable[..., Any], output: Tracer, inputs: list[Tracer]
) -> Any:
    """The mask of the entries of an input that a choice takes, in the shape of the cotangent that the rule returns."""
    rule = node.op.taken[position] if node.op.taken else None
    if rule is None:  # an index: its rule scatters a mask in the same way as the cotangent
        return pull(output.builder.constant(np.ones(g.value.shape, bool)), output, *inputs)
    taken = rule(output, *inputs, **node.params)
    return taken if node.op.kind == "reduce" else np.broadcast_to(taken, g.value.shape)


def _silenced(
    node: Node, pull: Callable[..., Any], g: Cotangent, output: Tracer, inputs: list[Tracer], hazards: Hazards
) -> Cotangent:
    """A contribution whose inactive entries are 0 for any derivative, and its mask."""
    value, mask = pull(g.value, output, *inputs), g.mask
    if node.op.linear:  # the rule moves entries, and can move the mask in the same way
        return Cotangent(value, pull(mask, output, *inputs), g.light)
    if node.op.kind == "elementwise":
        if hazards.are_silent(node):
            return Cotangent(value, mask, g.light)
        if g.light or node in hazards.harmless:
            return _silent_later(value, mask, g.light)
        return Cotangent(np.where(mask, value, 0.0), mask)
    active = mask.astype(g.value.dtype)
    if is_matrix_product(node):
        moved = pull(active, output, *(np.ones_like(v) for v in inputs)) != 0
        if g.light:
            return _silent_later(value, moved, g.light)
        return Cotangent(_silenced_product(pull, g.value, active, output, inputs), moved)
    if node.op.kind == "reduce":
        return _silent_later(value, spread_over(active, *inputs, **node.params) != 0, g.light)
    # linear algebra: all entries of a matrix are active, or none
    stack = max(v.ndim for v in inputs) - 2
    any_active = np.sum(active, axis=tuple(range(stack, active.ndim))) if active.ndim > stack else active
    moved = np.broadcast_to(any_active[..., None, None], value.shape) != 0
    return Cotangent(np.where(moved, value, 0.0), moved)


def _silent_later(value: Any, mask: Any, light: bool) -> Cotangent:
    """A contribution whose inactive entries are 0 already, and are kept at 0 in its own derivative."""
    return Cotangent(emit("masked_gradient", value, mask), mask, light)


def _silenced_product(pull: Callable[..., Any], g: Any, active: Any, output: Tracer, inputs: list[Tracer]) -> Any:
    """The contribution of a matrix product. Inactive terms of its sums would be NaN if they were 0 times infinity."""
    finite = [np.isfinite(v) for v in inputs]
    value = pull(g, output, *(np.where(f, v, 0.0) for f, v in zip(finite, inputs, strict=True)))
    spoilt = pull(active, output, *(np.where(f, 0.0, 1.0) for f in finite)) != 0
    return np.where(spoilt, np.nan, value)


def _total(parts: list[Cotangent]) -> Cotangent:
    """The sum of all contributions. Outputs of "place" are combined into one "place" operation."""
    if len(parts) == 1:
        return parts[0]
    placed = [p.value for p in parts if _placed(p)]
    rest = [p.value for p in parts if not _placed(p)]
    if placed:
        nodes = [t.builder.nodes_by_output[t.stands_for] for t in placed]
        pieces = [Tracer(placed[0].builder, v) for n in nodes for v in n.inputs]
        indices = tuple(i for n in nodes for i in n.params["indices"])
        rest.append(emit("place", *pieces, shape=placed[0].shape, indices=indices))
    total = rest[0]
    for value in rest[1:]:
        total = total + value
    masks = [p.mask for p in parts]
    if any(m is None for m in masks):
        return Cotangent(total)
    active = masks[0]
    for mask in masks[1:]:
        active = np.logical_or(active, mask)
    return Cotangent(total, active, all(p.light for p in parts))


def _placed(part: Cotangent) -> bool:
    node = part.value.builder.nodes_by_output.get(part.value.stands_for)
    return node is not None and node.op is OPS["place"]


def _fitted(g: Cotangent, var: Var) -> Cotangent:
    """A cotangent in the dtype of an input, summed over the axes along which the input was broadcast."""
    value = g.value.astype(var.dtype) if var.dtype.kind == "f" else g.value
    if value.shape == var.shape:
        return Cotangent(value, g.mask, g.light)
    mask = None if g.mask is None else _sum_to(g.mask.astype(value.dtype), var.shape) != 0
    return Cotangent(_sum_to(value, var.shape), mask, g.light)


def _sum_to(value: Any, shape: Shape) -> Any:
    if value.shape == shape:
        return value
    value = np.broadcast_to(value, np.broadcast_shapes(value.shape, shape))
    extra = value.ndim - len(shape)
    stretched = tuple(i + extra for i, n in enumerate(shape) if n == 1 and value.shape[i + extra] != 1)
    summed = np.sum(value, axis=(*range(extra), *stretched)) if extra or stretched else value
    return summed.reshape(shape)
