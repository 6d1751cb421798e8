"""The gradient as a transformation of graphs: reverse mode, from the rules in `ops.py`.

Two things are done here once, for all rules. Broadcasting is undone: a cotangent is summed over the axes along which
its input was stretched. And the branch of a `where` that was not taken stays silent: its cotangent is 0 there, and
carries a mask, so that 0 times an infinite derivative (sqrt at 0, say) is 0 and not NaN.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.graph import Graph, Node, Shape, Var
from optlab.engine.ops import OPS
from optlab.engine.rules import emit, spread_over
from optlab.engine.tracer import Builder, Tracer


@dataclass(frozen=True)
class Cotangent:
    """A traced cotangent, and where it is alive; a mask of None means everywhere."""

    value: Any
    mask: Any = None


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
    incoming: dict[Var, list[Cotangent]] = {}
    for var in graph.outputs:
        seed = builder.input(var.shape, var.dtype, "w")
        incoming.setdefault(var, []).append(Cotangent(seed))
    for node in reversed(graph.nodes):
        if node.output in incoming and node.output in wanted:
            total = _total(incoming.pop(node.output))
            for var, part in _contributions(node, total, primal, wanted):
                incoming.setdefault(var, []).append(part)

    products: list[Any] = []
    for i in wrt:
        var = graph.inputs[i]
        products.append(_total(incoming[var]).value if var in incoming else np.zeros(var.shape, var.dtype))
    return builder.finish([*(primal[v] for v in graph.outputs), *products])


def _leads_to(graph: Graph, inputs: set[Var]) -> set[Var]:
    """All values that depend smoothly on these inputs: not the conditions and the whole numbers."""
    reached = set(inputs)
    for node in graph.nodes:
        if node.output.dtype.kind == "f" and any(v in reached for v in node.inputs):
            reached.add(node.output)
    return reached


def _contributions(node: Node, g: Cotangent, primal: dict[Var, Tracer], wanted: set[Var]) -> Any:
    """What a node passes on to each of its inputs."""
    inputs, output = [primal[v] for v in node.inputs], primal[node.output]
    for position, var in enumerate(node.inputs):
        rule = node.op.vjp[0 if node.op.variadic else position] if node.op.vjp else None
        if var not in wanted or rule is None:
            continue
        pull = functools.partial(rule, *((position,) if node.op.variadic else ()), **node.params)
        if node.op.name == "where":
            part = Cotangent(pull(g.value, output, *inputs), _branch_mask(inputs[0], position, g))
        elif g.mask is None:
            part = Cotangent(pull(g.value, output, *inputs))
        else:
            part = _silenced(node, pull, g.value, g.mask, output, inputs)
        yield var, _fitted(part, var)


def _branch_mask(condition: Any, position: int, g: Cotangent) -> Any:
    """Where this branch of a `where` was taken, and the cotangent that reached it was alive."""
    taken = condition if position == 1 else np.logical_not(condition)
    taken = np.broadcast_to(taken, g.value.shape)
    return taken if g.mask is None else np.logical_and(taken, g.mask)


def _silenced(
    node: Node, pull: Callable[..., Any], g: Any, mask: Any, output: Tracer, inputs: list[Tracer]
) -> Cotangent:
    """A contribution with the dead entries at 0 whatever the derivative was, and the mask that goes with it."""
    if node.op.kind == "elementwise":
        return Cotangent(np.where(mask, pull(g, output, *inputs), 0.0), mask)
    if node.op.linear:  # moves entries about, and moves the mask in the same way
        return Cotangent(pull(g, output, *inputs), pull(mask, output, *inputs))
    alive = mask.astype(g.dtype)
    if node.op.kind == "matmul":  # adds up products, of which the dead ones may be 0 times infinity
        finite = [np.isfinite(v) for v in inputs]
        value = pull(g, output, *(np.where(f, v, 0.0) for f, v in zip(finite, inputs, strict=True)))
        spoilt = pull(alive, output, *(np.where(f, 0.0, 1.0) for f in finite)) != 0
        moved = pull(alive, output, *(np.ones_like(v) for v in inputs)) != 0
        return Cotangent(np.where(spoilt, np.nan, value), moved)
    value = pull(g, output, *inputs)
    if node.op.kind == "reduce":
        moved = spread_over(alive, *inputs, **node.params) != 0
    else:  # of matrices: each is alive as a whole, or dead
        stack = max(v.ndim for v in inputs) - 2
        any_alive = np.sum(alive, axis=tuple(range(stack, alive.ndim))) if alive.ndim > stack else alive
        moved = np.broadcast_to(any_alive[..., None, None], value.shape) != 0
    return Cotangent(np.where(moved, value, 0.0), moved)


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
    return Cotangent(total, alive)


def _placed(part: Cotangent) -> bool:
    node = part.value.builder.nodes_by_output.get(part.value.stands_for)
    return part.mask is None and node is not None and node.op is OPS["place"]


def _fitted(g: Cotangent, var: Var) -> Cotangent:
    """A cotangent in the dtype of an input, summed over the axes along which the input was stretched."""
    value = g.value.astype(var.dtype) if var.dtype.kind == "f" else g.value
    if value.shape == var.shape:
        return Cotangent(value, g.mask)
    mask = None if g.mask is None else _sum_to(g.mask.astype(value.dtype), var.shape) != 0
    return Cotangent(_sum_to(value, var.shape), mask)


def _sum_to(value: Any, shape: Shape) -> Any:
    if value.shape == shape:
        return value
    value = np.broadcast_to(value, np.broadcast_shapes(value.shape, shape))
    extra = value.ndim - len(shape)
    stretched = tuple(i + extra for i, n in enumerate(shape) if n == 1 and value.shape[i + extra] != 1)
    summed = np.sum(value, axis=(*range(extra), *stretched)) if extra or stretched else value
    return summed.reshape(shape)
