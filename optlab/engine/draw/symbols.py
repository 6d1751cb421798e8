"""The notation of operations: as a term, `x + y`, and as the sign on a gate, `+`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optlab.engine.nodes import Node, Var, show

_FORMS = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "remainder": "{} % {}",
    "power": "{}**{}",
    "matmul": "{} @ {}",
    "negative": "-{}",
    "square": "{}**2",
    "reciprocal": "1 / {}",
    "absolute": "abs({})",
    "maximum": "max({}, {})",
    "minimum": "min({}, {})",
    "less": "{} < {}",
    "less_equal": "{} <= {}",
    "greater": "{} > {}",
    "greater_equal": "{} >= {}",
    "equal": "{} == {}",
    "not_equal": "{} != {}",
}
_SIGNS = {
    **{name: form.replace("{}", "").strip() for name, form in _FORMS.items()},
    "negative": "-x",
    "square": "x²",
    "sqrt": "√x",
    "reciprocal": "1/x",
    "absolute": "|x|",
    "power": "x^y",
    "maximum": "max",
    "minimum": "min",
}
SYMMETRIC = ("add", "multiply", "maximum", "minimum")


def written(node: Node, names: Sequence[str]) -> str:
    """An operation as a term in the names of its inputs: `x + y`, `max(z, w)`, `x[1:]`."""
    name, params = node.op.name, dict(node.params)
    if name == "getitem":
        return f"{names[0]}[{', '.join(map(show, params['index']))}]"
    if name in _FORMS:
        return _FORMS[name].format(*names)
    if node.op.kind == "reduce" and len(params["axis"]) == len(node.inputs[0].shape):
        params = {}
    params.pop("keepdims", None)
    return f"{name}({', '.join([*names, *(f'{key}={show(value)}' for key, value in params.items())])})"


def number(value: Any) -> str:
    """A number with four significant digits."""
    return f"{value:.4g}"


def sign(node: Node, numbers: Mapping[Var, str]) -> str:
    """The text on a gate. It includes inputs that are constant scalars: `*2`, `1/x`."""
    if not any(v in numbers for v in node.inputs):
        bare = written(node, [""] * len(node.inputs)) if node.op.name == "getitem" else node.op.name
        return _SIGNS.get(node.op.name, bare)
    if node.op.name in ("add", "multiply"):
        return _SIGNS[node.op.name] + "".join(numbers[v] for v in node.inputs if v in numbers)
    letters = iter("xyzuvw")
    return written(node, [numbers.get(v) or next(letters) for v in node.inputs]).replace(" ", "").replace("**", "^")
