"""Arguments and values that consist of several arrays: nested tuples, lists and dictionaries of arrays.

A list or tuple of plain numbers is an array, as in NumPy. A list or tuple that contains an array or a dictionary is a
tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from optlab.engine.vjp_rules import is_traced


def is_tree(value: Any) -> bool:
    """Whether a value is a container of arrays, and not an array."""
    if isinstance(value, dict):
        return True
    if not isinstance(value, tuple | list):
        return False
    return not value or any(is_traced(v) or isinstance(v, np.ndarray) or is_tree(v) for v in value)


def of_arrays(value: Any) -> Any:
    """A value with plain numbers converted to arrays, so that every tuple or list in it is a tree."""
    if isinstance(value, dict):
        return {key: of_arrays(branch) for key, branch in value.items()}
    if isinstance(value, tuple | list):
        branches = [of_arrays(branch) for branch in value]
        return type(value)(*branches) if hasattr(value, "_fields") else type(value)(branches)
    return np.asarray(value) if isinstance(value, bool | int | float) else value


def leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays of a tree in order, each with the Python expression that selects it.

    >>> list(leaves({"w": np.ones(2), "b": 0.5}, "p"))
    [("p['w']", array([1., 1.])), ("p['b']", 0.5)]
    """
    if not is_tree(tree):
        yield name, tree
        return
    for key, branch in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield from leaves(branch, f"{name}[{key!r}]")


def rebuilt(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same form, with new leaves in the same order.

    >>> rebuilt((np.ones(2), {"b": 0.5}), iter([1, 2]))
    (1, {'b': 2})
    """
    if not is_tree(tree):
        return next(values)
    if isinstance(tree, dict):
        return {key: rebuilt(branch, values) for key, branch in tree.items()}
    branches = [rebuilt(branch, values) for branch in tree]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)
