"""The gradient as a transformation of graphs: reverse mode, from the rules in `ops.py`.

Two things are done here once, for all rules. Broadcasting is undone: a cotangent is summed over the axes along which
its input was stretched. And what a choice does not take (a branch of `where`, the smaller operand of `maximum`, entries
beside an index) stays silent: its cotangent is 0, and a mask goes with it, so that 0 times an infinite derivative (sqrt
at 0, say) is 0 and not NaN. `hazards.py` says where a mask is needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.graph import Graph, Node, Shape, Var
from optlab.engine.hazards import Hazards, is_matrix_product
from optlab.engine.ops import OPS
from optlab.engine.passes import optimise
from optlab.engine.rules import emit, spread_over
from optlab.engine.tracer import Builder, Tracer


@dataclass(frozen=True)
class Cotangent:
    """A traced cotangent, and where it is alive; a mask of None means everywhere.

    A light mask is for second derivatives alone: the cotangent is 0 outside it without further ado.
    """

    value: Any
    mask: Any = None
    light: bool = False


def vjp(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The graph that also computes the vector-Jacobian products.

    For y = f(x) and a cotangent w of the shape of y, the product is w' J, with J the Jacobian dy/dx.

    Args:
        graph: y = f(inputs), of one or several outputs.
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
    """The products alone: (*inputs, one cotangent per output) -> one cotangent per position in `wrt`, optimised."""
    both = vjp(graph, wrt)
    return optimise(Graph(both.inputs, both.nodes, both.outputs[len(graph.outputs) :], both.constants))


def jvp(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The Jacobian-vector products: (*inputs, one tangent per position in `wrt`) -> one tangent per output, optimised.

    They are the transpose of the transpose: w' J is linear in w, and J v is the derivative of v . (w' J) by w.
    """
    first, back = len(graph.inputs), pullback(graph, wrt)
    forth = vjp(back, range(first, len(back.inputs)))
    zeros = {w: np.zeros(w.shape, w.dtype) for w in forth.inputs[first : len(back.inputs)]}  # any w will do
    inputs = forth.inputs[:first] + forth.inputs[len(back.inputs) :]
    return optimise(Graph(inputs, forth.nodes, forth.outputs[len(back.outputs) :], {**forth.constants, **zeros}))


def _leads_to(graph: Graph, inputs: set[Var]) -> set[Var]:
    """All values that depend smoothly on these inputs: not the conditions and the whole numbers."""
    reached = set(inputs)
    for node in graph.nodes:
        if node.output.dtype.kind == "f" and any(v in reached for v in node.inputs):
            reached.add(node.output)
    return reached


def _contributions(node: Node, g: Cotangent, primal: dict[Var, Tracer], wanted: set[Var], hazards: Hazards) -> Any:
    """What a node passes on to each of its inputs."""
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
    """Which entries of an input a choice takes: an array of the shape of what the rule returns."""
    rule = node.op.taken[position] if node.op.taken else None
    if rule is None:  # an index, which moves a mask of what it takes as it moves the cotangent
        return pull(output.builder.constant(np.ones(g.value.shape, bool)), output, *inputs)
    taken = rule(output, *inputs, **node.params)
    return taken if node.op.kind == "reduce" else np.broadcast_to(taken, g.value.shape)


def _silenced(
    node: Node, pull: Callable[..., Any], g: Cotangent, output: Tracer, inputs: list[Tracer], hazards: Hazards
) -> Cotangent:
    """A contribution with the dead entries at 0 whatever the derivative was, and the mask that goes with it."""
    value, mask = pull(g.value, output, *inputs), g.mask
    if node.op.linear:  # moves entries about, and moves the mask in the same way
        return Cotangent(value, pull(mask, output, *inputs), g.light)
    if node.op.kind == "elementwise":
        if hazards.are_silent(node):
            return Cotangent(value, mask, g.light)
        if g.light or node in hazards.harmless:
            return _silent_later(value, mask, g.light)
        return Cotangent(np.where(mask, value, 0.0), mask)
    alive = mask.astype(g.value.dtype)
    if is_matrix_product(node):
        moved = pull(alive, output, *(np.ones_like(v) for v in inputs)) != 0
        if g.light:
            return _silent_later(value, moved, g.light)
        return Cotangent(_silenced_product(pull, g.value, alive, output, inputs), moved)
    if node.op.kind == "reduce":
        return _silent_later(value, spread_over(alive, *inputs, **node.params) != 0, g.light)
    # of matrices: each is alive as a whole, or dead
    stack = max(v.ndim for v in inputs) - 2
    any_alive = np.sum(alive, axis=tuple(range(stack, alive.ndim))) if alive.ndim > stack else alive
    moved = np.broadcast_to(any_alive[..., None, None], value.shape) != 0
    return Cotangent(np.where(moved, value, 0.0), moved)


def _silent_later(value: Any, mask: Any, light: bool) -> Cotangent:
    """A contribution whose dead entries are 0 already, and stay 0 in its own derivative."""
    return Cotangent(emit("alive", value, mask), mask, light)


def _silenced_product(pull: Callable[..., Any], g: Any, alive: Any, output: Tracer, inputs: list[Tracer]) -> Any:
    """Of a product of matrices, which adds up products, of which the dead ones may be 0 times infinity."""
    finite = [np.isfinite(v) for v in inputs]
    value = pull(g, output, *(np.where(f, v, 0.0) for f, v in zip(finite, inputs, strict=True)))
    spoilt = pull(alive, output, *(np.where(f, 0.0, 1.0) for f in finite)) != 0
    return np.where(spoilt, np.nan, value)


def _total(parts: list[Cotangent]) -> Cotangent:
    """The sum of all contributions; pieces that are merely placed are placed together."""
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
    alive = masks[0]
    for mask in masks[1:]:
        alive = np.logical_or(alive, mask)
    return Cotangent(total, alive, all(p.light for p in parts))


def _placed(part: Cotangent) -> bool:
    node = part.value.builder.nodes_by_output.get(part.value.stands_for)
    return node is not None and node.op is OPS["place"]


def _fitted(g: Cotangent, var: Var) -> Cotangent:
    """A cotangent in the dtype of an input, summed over the axes along which the input was stretched."""
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
