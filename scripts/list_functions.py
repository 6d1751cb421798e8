"""Print docs/functions.md, the list of everything that can be traced, from the tables of the engine.

python scripts/list_functions.py > docs/functions.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import optlab
from optlab.engine.functions import METHODS, full_name, supported
from optlab.engine.functions.base import parameters_of
from optlab.engine.functions.tables import THEMES
from optlab.engine.ops import OPS

INTRODUCTION = """\
# What can be traced

A function that optlab differentiates is plain NumPy. What follows can be applied to its arguments and to all that is
computed from them, with the arguments shown; those after `*` are given by name. Anything may also be called on plain
arrays, which NumPy computes as ever. What cannot be traced is refused, with the line and what to write instead.

Results have NumPy's shape and type (but for the few functions that make `float16` of truth values and of the smallest
whole numbers). A remark says where the derivative is zero, or where there is none and what is taken for it. This page
is printed by `python scripts/list_functions.py`.

## Operators

`+ - * / // % ** @`, `abs(x)`, comparisons, and `& | ^ ~` between conditions. `x[...]` takes whole numbers, slices,
`...`, `np.newaxis`, and plain arrays of whole numbers or truth values. A traced array can be iterated over, and has
`shape`, `ndim`, `size`, `dtype`, `len(x)`, `T` and `mT`. It is never written to: `x[i] = y` and `x += y` are refused.
`np.add.reduce` and the same of `np.multiply`, `np.maximum` and `np.minimum` are the reductions below, and every ufunc
of two arguments has its `outer`.
"""

ZERO = "derivative 0"
CONDITION = "a condition, without derivative"

REMARKS = {
    "np.absolute": "derivative 0 at 0",
    "np.all": CONDITION,
    "np.amax": "as `np.max`",
    "np.amin": "as `np.min`",
    "np.any": CONDITION,
    "np.arctan2": "derivative 0 at the origin",
    "np.argmax": "the first of several, or the first NaN; no derivative",
    "np.argmin": "the first of several, or the first NaN; no derivative",
    "np.argsort": "those that tie keep their order; no derivative",
    "np.around": ZERO,
    "np.astype": "derivative 0 through whole numbers and truth values",
    "np.average": "weights of the shape of `a`, or of the axes averaged over; they may be traced",
    "np.bitwise_and": "`&`, between conditions",
    "np.bitwise_or": r"`\|`, between conditions",
    "np.bitwise_xor": "`^`, between conditions",
    "np.clip": "derivative 1 inside and on a bound, 0 beyond; bounds may be traced",
    "np.compress": "the condition is plain",
    "np.cumprod": "exact at zeros",
    "np.dot": "`b` has at most two axes",
    "np.einsum": "letters only; products from left to right, whatever `optimize` says",
    "np.fabs": "derivative 0 at 0",
    "np.fix": ZERO,
    "np.fmod": "jumps have no derivative",
    "np.hypot": "derivative 0 at (0, 0)",
    "np.invert": "`~`, of a condition",
    "np.linalg.cholesky": "of a symmetric matrix; NaN where there is none",
    "np.linalg.det": "of singular matrices too: the derivative is the matrix of cofactors",
    "np.linalg.inv": "NaN where there is none",
    "np.linalg.norm": "vectors: any number; matrices: None, 'fro', 1, -1, inf, -inf; derivative 0 at 0",
    "np.linalg.solve": "NaN where there is no solution",
    "np.max": "ties share the derivative equally",
    "np.maximum": "half to each of two that tie",
    "np.median": "the two in the middle share the derivative; NaN if there is one",
    "np.min": "ties share the derivative equally",
    "np.minimum": "half to each of two that tie",
    "np.ndim": "a plain number",
    "np.pad": "modes constant, edge, reflect, symmetric, wrap",
    "np.prod": "exact at zeros",
    "np.ptp": "ties share the derivative equally",
    "np.remainder": "jumps have no derivative",
    "np.round": ZERO,
    "np.select": "conditions and choices may be traced",
    "np.shape": "a plain tuple",
    "np.sinc": "derivative 0 at 0",
    "np.size": "a plain number",
    "np.sort": "those that tie keep their order, and each its own derivative",
    "np.sqrt": "derivative infinite at 0",
    "np.cbrt": "derivative infinite at 0",
    "np.std": "derivative 0 where all entries are the same",
    "np.take": "the indices are plain",
    "np.take_along_axis": "indices may be traced",
    "np.where": "a branch that is not taken leaks no NaN",
    "x.copy": "the array itself: it is never written to",
    "x.flatten": "as `np.ravel`",
    "x.reshape": "lengths, or one tuple of them",
    "x.transpose": "axes, or one tuple of them",
    "optlab.logsumexp": "of any size without overflow; the derivative is the softmax",
    "optlab.relu": "derivative 0 at 0",
    "optlab.sigmoid": "of any size without overflow",
    "optlab.softmax": "of any size without overflow",
    "optlab.softplus": "of any size without overflow; the derivative is the sigmoid",
}
OWN = (optlab.logsumexp, optlab.relu, optlab.sigmoid, optlab.softmax, optlab.softplus)
CONDITIONS = ("equal", "greater", "is", "less", "logical", "not_equal", "signbit")


def page() -> str:
    arguments = dict(supported())
    themes = {theme: {name: arguments[name] for name in names} for theme, names in _themes(arguments).items()}
    themes["optlab's own"] = {f"optlab.{f.__name__}": parameters_of(f) for f in OWN}
    themes["Methods"] = {f"x.{name}": parameters_of(row, skip=1) for name, row in METHODS.items()}
    return "\n".join([INTRODUCTION, *(_table(theme, rows) for theme, rows in themes.items())])


def _themes(names: Iterable[str]) -> dict[str, list[str]]:
    """The names by theme; what is in no theme of the table is a ufunc."""
    themes = {theme: [full_name(f) for f in rows] for theme, rows in THEMES.items()}
    others = {name for names in themes.values() for name in names}
    return {"Ufuncs": [name for name in names if name not in others], **themes}


def _table(title: str, rows: Mapping[str, str]) -> str:
    ordered = sorted(rows.items(), key=lambda row: row[0].lower())
    lines = [f"| `{name}({arguments})` | {_remark(name)} |".replace("|  |", "| |") for name, arguments in ordered]
    return "\n".join([f"## {title}", "", "| function | remark |", "|---|---|", *lines, ""])


def _remark(name: str) -> str:
    op = OPS.get(name.removeprefix("np."))
    if name in REMARKS:
        return REMARKS[name]
    if name.startswith("x."):
        return f"as `np.{name[2:]}`"
    if op is None or any(op.vjp):
        return ""
    return CONDITION if op.name.startswith(CONDITIONS) else ZERO


if __name__ == "__main__":
    print(page(), end="")
