"""Small mistakes, one at a time, in the derivative rules and in the functions of `vjp.py` that apply them.

A mutant is a rule whose syntax tree was changed in one place. It replaces the original temporarily.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import importlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optlab.engine import ops, vjp_rules
from optlab.engine.ops import OPS
from tests.engine.normal_form import normal_form

vjp_module = importlib.import_module("optlab.engine.vjp")  # the package has a function of this name

COMPANIONS = {
    **dict(a.split() for a in ("sin cos", "cos sin", "sinh cosh", "cosh sinh", "exp log", "log exp", "sqrt square")),
    **dict(
        a.split() for a in ("square sqrt", "maximum minimum", "minimum maximum", "rint floor", "floor_divide divide")
    ),
    **dict(a.split() for a in ("logical_and logical_or", "logical_or logical_and", "tril triu", "isinf isnan")),
    **dict(a.split() for a in ("hypot add", "sign absolute", "sum max", "ones zeros")),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.Lt, ast.GtE),
    ast.GtE: (ast.LtE, ast.Gt),
    ast.Lt: (ast.Gt, ast.LtE),
    ast.LtE: (ast.GtE, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
}
SYMMETRIC = ("np.hypot", "np.logical_and", "np.logical_or", "np.broadcast_shapes")
"""Functions for which the order of the arguments has no effect."""
ARROW = "  ->  "


@dataclass(frozen=True)
class Mutant:
    """A change, the operations whose derivatives depend on it (None: all), and how to put it in place.

    `where` is an operation and the number of its input, or a function. `change` is the normal form of the expression
    before and after, followed by (2), (3), ... if the same change is possible in other places of the same rule.
    Neither depends on the names of variables, on modules, or on the order of lines. `source` is the change as it reads
    in the source, for messages.
    """

    where: str
    change: str
    source: str
    operations: frozenset[str] | None
    installed: Callable[[], contextlib.AbstractContextManager[None]]

    @property
    def key(self) -> str:
        return f"{self.where}: {self.change}"

    def __str__(self) -> str:
        return f"{self.key}    (in the source: {self.source})"


def all_mutants() -> list[Mutant]:
    return [*mutants_of_the_table(), *mutants_of_the_rules(), *mutants_of_vjp()]


# ---- changes of a syntax tree ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A change of one node of a syntax tree: in normal form, as it reads in the source, and the changed tree."""

    form: str
    source: str
    tree: Any


def changes(tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[Change]:
    """Every change of one node. `namespace` tells modules from variables."""
    seen: Counter[str] = Counter()
    for position, node in enumerate(ast.walk(tree)):
        for choice in range(len(alternatives(node))):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[position]
            new = alternatives(target)[choice]
            shown = _around(changed, target) if isinstance(target, ast.Constant) else None
            before = copy.deepcopy(shown or target)
            changed = ast.fix_missing_locations(_Replace(target, new).visit(changed))
            after = shown or new
            form = ARROW.join(normal_form(before, after, namespace=namespace))
            seen[form] += 1
            repeated = f" ({seen[form]})" if seen[form] > 1 else ""
            yield Change(form + repeated, ARROW.join(map(ast.unparse, (before, after))), changed)


def _around(tree: ast.AST, constant: ast.AST) -> ast.AST:
    """The node that contains a number, without its sign, a slice or a tuple."""
    node = constant
    while node is constant or isinstance(node, ast.UnaryOp | ast.Slice | ast.Tuple):
        node = next(n for n in ast.walk(tree) if node in ast.iter_child_nodes(n))
    return node


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def alternatives(node: Any) -> list[Any]:
    """The nodes that may replace a node by mistake."""
    if isinstance(node, ast.Lambda):
        return [_with(node, body=ast.UnaryOp(ast.USub(), node.body))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        return [node.operand]
    if isinstance(node, ast.BinOp):
        return _of_two_terms(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return [_with(node, ops=[new()]) for new in COMPARISONS.get(type(node.ops[0]), ())]
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return [_with(node, op=other), *node.values]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return [ast.Constant(not node.value)]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return [ast.Constant(node.value + 1)]
    if isinstance(node, ast.Call):
        return _of_a_call(node)
    return []


def _of_two_terms(node: ast.BinOp) -> list[Any]:
    swapped = _with(node, left=node.right, right=node.left)
    if isinstance(node.op, ast.Mult):
        return [node.left, node.right]
    if isinstance(node.op, ast.Div):
        return [node.left, swapped]
    if isinstance(node.op, ast.MatMult):
        return [swapped]
    if isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return [_with(node, op=other), node.left, node.right]
    return []


def _of_a_call(node: ast.Call) -> list[Any]:
    found: list[Any] = []
    args = node.args
    first = 1 if ast.unparse(node.func) in ("np.where", "emit") else 0
    if len(args) >= first + 2 and ast.unparse(node.func) not in SYMMETRIC:
        found.append(_with(node, args=[*args[:first], args[first + 1], args[first], *args[first + 2 :]]))
    if isinstance(node.func, ast.Attribute) and node.func.attr in COMPANIONS:
        found.append(_with(node, func=ast.Attribute(node.func.value, COMPANIONS[node.func.attr], ast.Load())))
    if len(args) == 1 and not node.keywords and ast.unparse(node.func) not in ("tuple", "range", "len", "min", "max"):
        found.append(args[0])
    return found


def _with(node: Any, **fields: Any) -> Any:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


# ---- where the rules are ---------------------------------------------------------------------------------------------


@functools.cache
def table() -> dict[str, list[ast.expr]]:
    """The syntax trees of the rules of every operation that is written out in the table, in the order of its inputs."""
    tree = ast.parse(inspect.getsource(ops))
    (rows,) = (n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "_ROWS")
    found = {}
    for row in rows.elts:
        if isinstance(row, ast.Call):
            start = {"elementwise": 2, "reduction": 2, "view": 3, "batched": 3, "Op": 4}[ast.unparse(row.func)]
            given = row.args[start].elts if ast.unparse(row.func) == "Op" else row.args[start:]
            name = ast.literal_eval(row.args[0])
            found[name] = given[: len(OPS[name].vjp)]
    return found


def mutants_of_the_table() -> Iterator[Mutant]:
    for name, trees in table().items():
        for position, tree in enumerate(trees):
            if isinstance(tree, ast.Lambda):
                for change in changes(tree, vars(ops)):
                    rule = eval(compile(ast.Expression(change.tree), f"<{name}>", "eval"), vars(ops))
                    put = _in_table(name, position, rule)
                    yield Mutant(f"{name}, {position}", change.form, change.source, frozenset({name}), put)


def _in_table(name: str, position: int, rule: Any) -> Callable[[], contextlib.AbstractContextManager[None]]:
    @contextlib.contextmanager
    def installed() -> Iterator[None]:
        op = OPS[name]
        original = op.vjp
        object.__setattr__(op, "vjp", (*original[:position], rule, *original[position + 1 :]))
        try:
            yield
        finally:
            object.__setattr__(op, "vjp", original)

    return installed


def _functions(module: Any) -> dict[str, ast.FunctionDef]:
    """The functions of a module, bare of docstrings and annotations."""
    found = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[1:] if ast.get_docstring(node) else node.body
            for argument in (*node.args.args, *node.args.kwonlyargs, *filter(None, [node.args.vararg])):
                argument.annotation = None
            node.returns = None
            for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):  # it only checks
                call.keywords = [k for k in call.keywords if k.arg != "strict"]
            found[node.name] = node
    return found


def mutants_of_the_rules() -> Iterator[Mutant]:
    functions = _functions(vjp_rules)
    for name, tree in functions.items():
        if name not in ("is_traced", "emit"):
            users = _users(name, functions)
            for change in changes(tree, vars(vjp_rules)):
                yield Mutant(name, change.form, change.source, users, _in_module(vjp_rules, name, change.tree))


def _users(rule: str, functions: dict[str, ast.FunctionDef]) -> frozenset[str]:
    """The operations whose rules use a function of `vjp_rules.py`, directly or not."""
    using = {rule}
    for _ in functions:
        using |= {name for name, tree in functions.items() if using & _names(tree)}
    return frozenset(name for name, trees in table().items() if any(using & _names(tree) for tree in trees))


@functools.cache
def _names(tree: ast.AST) -> set[str]:
    nodes = list(ast.walk(tree))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


def mutants_of_vjp() -> Iterator[Mutant]:
    functions = _functions(vjp_module)
    for name in ("_taken", "_silenced", "_silenced_product", "_total", "_fitted", "_sum_to"):
        for change in changes(functions[name], vars(vjp_module)):
            yield Mutant(name, change.form, change.source, None, _in_module(vjp_module, name, change.tree))


def _in_module(module: Any, name: str, tree: ast.FunctionDef) -> Callable[[], contextlib.AbstractContextManager[None]]:
    @contextlib.contextmanager
    def installed() -> Iterator[None]:
        original, made = getattr(module, name), {}
        exec(compile(ast.Module([tree], []), f"<{name}>", "exec"), vars(module), made)
        with contextlib.ExitStack() as stack:
            for place in (vjp_rules, vjp_module):
                if getattr(place, name, None) is original:
                    setattr(place, name, made[name])
                    stack.callback(setattr, place, name, original)
            for op in OPS.values():
                for position, rule in enumerate(op.vjp):
                    if rule is original:
                        stack.enter_context(_in_table(op.name, position, made[name])())
            yield

    return installed
