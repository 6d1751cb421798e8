"""An update rule with its numbers at each step, for `web/kernels/rule.js`.

The rule on its objective is a list of operations on single numbers, which the page executes itself. The modules that
compute paths do not keep intermediate values.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.scalar_ir import written_out
from optlab.engine.passes import settle
from optlab.execution.records import Case, Sweep
from optlab.execution.rule import STEPS
from optlab.execution.step import objective
from optlab.explain.rule_values import DIM, RuleWithPlaces, on_objective, rule_with_places
from optlab.report.packing import plain

SLOPE = np.array([1.0, -1.0])
"""The gradient with which the direction of a state is found. Squares of its entries have no direction along it."""
_ON_A_PLANE = {"gradient_at": lambda _: SLOPE, "loss_at": lambda _: np.float64(1.0), "hessian_times": np.zeros_like}
"""Losses and gradients for a function with this gradient everywhere, near a point where it is 1."""


def is_in_plane(case: Case) -> bool:
    """Whether a case is a function of two parameters that is the same in all steps."""
    return case.dim == DIM and case.split is None and not case.problem.changes


def rule_in_numbers(sweep: Sweep) -> dict[str, Any]:
    """The rule of a sweep on its problem of two parameters as JSON; see `is_in_plane`. It draws no random numbers.

    - `keys`: the numbers, in order, each with owner and name. The last one is the number of all steps.
    - `initial`: a program, x -> state. `step`: a program, (x, state, step number, numbers) -> values.
    - `next`, `gradient`: the places in `step` of the next x and state, and of the gradient.
    - `values`: the places and the shape of each value that a line shows.
    - `lines`: the statements: `target`, `sign` and `symbols` as text; `numbers`: texts, and indices of values;
      `result`: the index of the value that is assigned.
    - `vectors`: each part of the state that is a vector in the plane, see `_vectors`.

    A program is a list of operations; the first values are its inputs, and each operation appends one value. `outputs`
    are the places of the results. If an operation on arrays has no form for single numbers, there is only `reason`.

    Raises:
        TraceError, PluginError: as `step.build`.
    """
    try:
        return _in_numbers(sweep)
    except Unsupported as why:
        return {"reason": f"The rule is not shown with its numbers because {why}."}


def _in_numbers(sweep: Sweep) -> dict[str, Any]:
    rule = rule_with_places(sweep.rule)
    options = tuple(sweep.case.problem.signature.numbers)
    graph = settle(on_objective(rule, objective(sweep.case), options))
    step, outputs = program(graph, carried=1 + len(rule.states))
    count = 1 + len(rule.states)
    after, gradient, values = outputs[:count], outputs[count], outputs[count + 1 :]
    initial, begun = program(rule.initial, carried=0)
    keys = [*(("option", name) for name in options), *rule.numbers, STEPS]
    return {
        "keys": [{"owner": owner, "name": name} for owner, name in keys],
        "initial": {"code": initial, "outputs": [*chain(*begun)]},
        "step": step,
        "next": [*chain(*after)],
        "gradient": gradient,
        "values": [{"at": at, "shape": var.shape} for at, var in zip(values, rule.values, strict=True)],
        "lines": [asdict(line) for line in rule.lines],
        "vectors": _vectors(rule),
    }


def program(graph: Graph, carried: int) -> tuple[list[Any], list[list[int]]]:
    """The operations of a graph, and the places of the entries of each output."""
    scalars = written_out(graph, None, range(carried))
    inputs = list(scalars.inputs)
    needed = [i for i in scalars.needed if i not in scalars.inputs]
    place = {i: n for n, i in enumerate([*inputs, *needed])}
    code = [
        ["constant", plain(scalars.values[i])]
        if i in scalars.values
        else [scalars.ops[i], *(place[a] for a in scalars.args[i])]
        for i in needed
    ]
    return code, [[place[i] for i in output.tolist()] for output in scalars.outputs]


def _vectors(rule: RuleWithPlaces) -> list[dict[str, Any]]:
    """The parts of the state with an entry for each parameter: `name`, the place `at` of the first entry in x and the
    state, and the `kind` of arrow that shows it.

    - "point": it begins as x, and is a point: the arrow goes from x to it.
    - "against": it grows with the gradient, as an average of gradients: the opposite is drawn, which points downhill.
    - "along": it grows with the opposite of the gradient, as a velocity, or it does not change in the first step.
    - "size": neither, as an average of squares.
    """
    nodes = tuple(
        replace(node, op=replace(node.op, run=_ON_A_PLANE[node.op.name])) if node.op.kind == "unknown" else node
        for node in rule.graph.nodes
    )
    x = np.zeros(DIM)
    _, *after = replace(rule.graph, nodes=nodes)(x, SLOPE, *rule.initial(x), 1.0, 1.0, *rule.defaults)
    found, at = [], DIM
    for name, var, value in zip(rule.states, rule.initial.outputs, after, strict=True):
        if var.shape == (DIM,):
            kind = "point" if var in rule.initial.inputs else _kind(value)
            found.append({"name": name, "at": at, "kind": kind})
        at += math.prod(var.shape)
    return found


def _kind(after: NDArray[Any]) -> str:
    """How a state that began without the gradient follows it.

    >>> _kind(np.array([0.1, -0.1])), _kind(np.array([-0.1, 0.1])), _kind(np.array([0.1, 0.1]))
    ('against', 'along', 'size')
    """
    along = float(after @ SLOPE)
    return "against" if along > 0 else "along" if along < 0 or not after.any() else "size"
