"""The checks that all others need: the rule can be called, and the lab can trace it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.batches import step_graph
from optlab.testing.checks.base import CALLED, FINITE, TRACED, Check, on_each_ground
from optlab.testing.ground import Ground, Skipped, by_design, failed, initial, names, returned_names, update


@on_each_ground
def returns_x_and_state(optimizer: Optimizer, ground: Ground) -> None:
    """The rule can be called, and returns as many values as its signature has: x, then each state."""
    update(optimizer, ground.bowl, initial(optimizer, ground.start), 1)  # `call` counts the values


@on_each_ground
def can_be_traced(optimizer: Optimizer, ground: Ground) -> None:
    """The lab can record the operations of the rule by running it once on traced values."""
    step_graph(optimizer, ground)


@on_each_ground
def makes_a_first_step(optimizer: Optimizer, ground: Ground) -> None:
    """The first step, t = 1, gives a finite x, and a state without NaN."""
    values = update(optimizer, ground.bowl, initial(optimizer, ground.start), 1)
    lost = [] if np.isfinite(values[0]).all() else ["x"]
    lost += [name for name, v in zip(optimizer.signature.state, values[1:], strict=True) if np.isnan(v).any()]
    if lost:
        raise failed(
            optimizer,
            f"gives {lost[0]} = {values[names(optimizer).index(lost[0])]} in the first step, on ordinary numbers",
            "finite numbers",
            _of_first_step(optimizer, ground),
        )


def _of_first_step(optimizer: Optimizer, ground: Ground) -> str:
    """The hint for a first step that gives NaN or infinity."""
    if "t" in optimizer.signature.supplied:
        x, *_ = update(optimizer, ground.bowl, initial(optimizer, ground.start), 2)
        if np.isfinite(x).all():
            return "t begins at 1: 1 - beta**(t - 1) and log(t) are 0 then, and 1 / (t - 1) is infinite"
    return "the state is 0 at first: does the rule divide by it, or take its logarithm?"


def returns_in_order(optimizer: Optimizer) -> None:
    """A `return` that names x and all states names them in the order of the signature.

    New values may be called `new_m`, `m_new`, `m_next` or `m_t`. The names are read from the source of the rule.
    """
    wanted = returned_names(optimizer)
    for line, found in _returned(optimizer):
        if sorted(found) == sorted(wanted) and found != wanted:
            raise failed(
                optimizer,
                f"ends with return {', '.join(found)} in line {line}",
                f"return {', '.join(wanted)}: the order of the signature",
                "return the states in the order in which they follow x, g" + by_design("returns_in_order"),
            )


def _returned(optimizer: Optimizer) -> Iterator[tuple[int, list[str]]]:
    """The line of each `return` of the rule, and the names returned there; x if the first value is an expression."""
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(optimizer.function))
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        raise Skipped("its source cannot be read") from None
    wanted = returned_names(optimizer)
    for node in _own_nodes(tree.body[0]):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            found = [_matching_name(part, wanted) for part in node.value.elts]
            if found and found[0] == "":
                found[0] = wanted[0]
            yield first + node.lineno - 1, found


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without the nodes of functions inside it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield from _own_nodes(child)


def _matching_name(part: ast.expr, known: Sequence[str]) -> str:
    """The one of `known` that a returned expression names, or ""."""
    if not isinstance(part, ast.Name):
        return ""
    bare = re.sub(r"^(new|next)_?|_?(new|next|t)$", "", part.id)
    return next((name for name in (part.id, bare) if name in known), "")


CHECKS = (
    Check(
        CALLED,
        returns_x_and_state,
        "it raises an exception, or the return, or a state in it, is missing",
        needs=(),
    ),
    Check(
        TRACED,
        can_be_traced,
        "code that a graph cannot contain: a branch of Python on a number, writing to an array",
        needs=(CALLED,),
    ),
    Check(FINITE, makes_a_first_step, "a division by zero where t is 1 or the state is 0", needs=(CALLED,)),
    Check("returns_in_order", returns_in_order, "two states are swapped in each step", needs=()),
)
