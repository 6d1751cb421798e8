"""What all other checks need: the rule can be called, and the lab can trace it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from optlab.optimizers.base import Optimizer
from optlab.testing.batches import step_graph
from optlab.testing.checks.base import CALLED, FINITE, TRACED, Check, on_each_ground
from optlab.testing.ground import Ground, Skipped, by_design, failed, initial, names, returned_names, update


@on_each_ground
def returns_x_and_state(optimizer: Optimizer, ground: Ground) -> None:
    """The rule can be called, and as many values come back as the signature has: x, then each state."""
    update(optimizer, ground.bowl, initial(optimizer, ground.start), 1)  # `call` counts them


@on_each_ground
def can_be_traced(optimizer: Optimizer, ground: Ground) -> None:
    """The lab sees the operations of the rule when it runs it once on values that stand for numbers."""
    step_graph(optimizer, ground)


@on_each_ground
def makes_a_first_step(optimizer: Optimizer, ground: Ground) -> None:
    """The first step, t = 1, gives a finite x, and a state that is no NaN."""
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
    """Why the first step may give no number."""
    if "t" in optimizer.signature.supplied:
        x, *_ = update(optimizer, ground.bowl, initial(optimizer, ground.start), 2)
        if np.isfinite(x).all():
            return "t begins at 1: 1 - beta**(t - 1) and log(t) are 0 then, and 1 / (t - 1) is infinite"
    return "the state is 0 at first: does the rule divide by it, or take its logarithm?"


def returns_in_order(optimizer: Optimizer) -> None:
    """Where a `return` names x and all states, it names them in the order of the signature.

    New values may be called `new_m`, `m_new`, `m_next` or `m_t`. It is read from the text of the rule.
    """
    wanted = returned_names(optimizer)
    for line, found in _returned(optimizer):
        if sorted(found) == sorted(wanted) and found != wanted:
            raise failed(
                optimizer,
                f"ends with return {', '.join(found)} in line {line}",
                f"return {', '.join(wanted)}: the order of the signature",
                "states come back in the order in which they stand after x, g" + by_design("returns_in_order"),
            )


def _returned(optimizer: Optimizer) -> Iterator[tuple[int, list[str]]]:
    """The lines in which the rule returns, and the names that it returns there; x where it is an expression."""
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(optimizer.function))
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        raise Skipped("its text cannot be read") from None
    wanted = returned_names(optimizer)
    for node in _of_itself(tree.body[0]):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            found = [_meant(part, wanted) for part in node.value.elts]
            if found and found[0] == "":
                found[0] = wanted[0]
            yield first + node.lineno - 1, found


def _of_itself(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield from _of_itself(child)


def _meant(part: ast.expr, known: Sequence[str]) -> str:
    """Which of the names a returned expression means, or nothing."""
    if not isinstance(part, ast.Name):
        return ""
    bare = re.sub(r"^(new|next)_?|_?(new|next|t)$", "", part.id)
    return next((name for name in (part.id, bare) if name in known), "")


CHECKS = (
    Check(
        CALLED,
        returns_x_and_state,
        "it raises an exception, or a state is forgotten in the return, or the return itself",
        needs=(),
    ),
    Check(
        TRACED,
        can_be_traced,
        "what no graph can hold: Python decides by a number, an array is written to",
        needs=(CALLED,),
    ),
    Check(FINITE, makes_a_first_step, "a division by zero where t is 1 or the state is 0", needs=(CALLED,)),
    Check("returns_in_order", returns_in_order, "two states change places from step to step", needs=()),
)
