"""Expressions in a form that does not depend on the names in the source."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np


def normal_form(*expressions: ast.AST, namespace: Mapping[str, Any]) -> list[str]:
    """The text of expressions with their names replaced by v0, v1, ..., in the order of first use in all of them.

    Names of Python and NumPy stay, without a module before them. Names of variables, of other functions and of their
    modules, and of attributes that are not NumPy's, are replaced. The form of a lambda is its body without arguments.

    >>> normal_form(ast.parse("np.rint((a - y) / rules.part(b, len(b.kind), a.ndim))"), namespace={"rules": ast})
    ['rint((v0 - v1) / v2(v3, len(v3.v4), v0.ndim))']
    """
    renaming = _Renaming(namespace)
    bodies = [node.body if isinstance(node, ast.Lambda) else node for node in expressions]
    return [ast.unparse(renaming.visit(copy.deepcopy(node))) for node in bodies]


class _Renaming(ast.NodeTransformer):
    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.modules = {name for name, value in namespace.items() if isinstance(value, ModuleType)} | {"np"}
        self.numbered: dict[str, str] = {}

    def _new(self, name: str) -> str:
        return self.numbered.setdefault(name, f"v{len(self.numbered)}")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return node if hasattr(builtins, node.id) else ast.Name(self._new(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._new(node.arg))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self.modules:
            name = node.attr if node.value.id == "np" else self._new(node.attr)
            return ast.Name(name, node.ctx)
        value = self.visit(node.value)
        name = node.attr if hasattr(np.ndarray, node.attr) else self._new(f".{node.attr}")
        return ast.Attribute(value, name, node.ctx)
