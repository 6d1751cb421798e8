"""What a drop-in file declares, read without executing it, because its code ends or holds the process."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from optlab.errors import PluginError
from optlab.plugins.optimizers.base import optimizer
from optlab.plugins.problems.base import problem
from optlab.plugins.registry.loading import DROP_IN
from optlab.plugins.schedules.base import schedule
from optlab.plugins.transforms.base import transform
from optlab.plugins.withheld import Fate, withheld

_DECORATORS = {"optimizer": optimizer, "problem": problem, "schedule": schedule, "transform": transform}


def module_of(path: Path, fate: Fate) -> ModuleType:
    """A module with the plugins that a file declares with decorators. Their functions raise `NotExecuted`.

    Names, arguments and literals are read: `lr=0.01` in a `def`, `start=[1.0, 2.0]` in a decorator. Other values in a
    decorator are left out, and other defaults of arguments are 0.0.

    Raises:
        PluginError: the file declares no plugin that can be read in this way.
    """
    module = ModuleType(f"{DROP_IN}{path.stem}")
    functions = [node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef)]
    declared = {node.name: decorator for node in functions if (decorator := _decorator(node))}
    if not declared:
        raise PluginError(f"{path}: the code {fate.why}")
    tree = ast.Module([_reduced(node, declared[node.name]) for node in functions if node.name in declared], [])
    code = compile(ast.fix_missing_locations(tree), os.path.abspath(path), "exec")
    try:
        exec(code, module.__dict__ | _DECORATORS, module.__dict__)
    except Exception as error:
        raise PluginError(f"{path}: the code {fate.why}; without it, nothing is known of its plugins") from error
    for name in declared:
        setattr(module, name, withheld(getattr(module, name), fate))
    return module


def _decorator(node: ast.FunctionDef) -> ast.expr | None:
    """The decorator of a plugin above a `def`."""
    return next((one for one in node.decorator_list if _name(one) in _DECORATORS), None)


def _name(decorator: ast.expr) -> str:
    """`problem` in `@problem`, `@problem(...)` and `@optlab.problem(...)`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _reduced(node: ast.FunctionDef, decorator: ast.expr) -> ast.FunctionDef:
    """The `def` with its decorator and its arguments, as far as they are literals, and with an empty body."""
    given = node.args
    arguments = ast.arguments(
        posonlyargs=[ast.arg(one.arg) for one in given.posonlyargs],
        args=[ast.arg(one.arg) for one in given.args],
        kwonlyargs=[ast.arg(one.arg) for one in given.kwonlyargs],
        kw_defaults=[None if default is None else _default(default) for default in given.kw_defaults],
        defaults=[_default(default) for default in given.defaults],
    )
    called: ast.expr = ast.Name(_name(decorator), ast.Load())
    if isinstance(decorator, ast.Call):
        known = [one for one in decorator.keywords if one.arg not in (None, "files") and _is_literal(one.value)]
        called = ast.Call(called, [], known)
    ast.copy_location(called, decorator)
    node.args, node.body, node.decorator_list, node.returns = arguments, [ast.Pass()], [called], None
    return node


def _default(value: ast.expr) -> ast.expr:
    return value if _is_literal(value) else ast.Constant(0.0)


def _is_literal(value: Any) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True
