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

A function that optlab differentiates is plain NumPy. The functions below can be applied to its arguments and to all
values computed from them, with the arguments shown; those after `*` are keyword arguments. Any function may be called
on plain arrays, which NumPy computes as usual. Other functions of traced values are errors, with the line and what to
write instead.

Results have the shape and dtype of NumPy, except for the few functions that return `float16` for booleans and the
smallest integers. A remark says where the derivative is zero, or where it does not exist and which value is used. This
page is printed by `python scripts/list_functions.py`.

## Operators

`+ - * / // % ** @`, `abs(x)`, comparisons, and `& | ^ ~` between booleans. `x[...]` takes integers, slices,
`...`, `np.newaxis`, and plain arrays of integers or booleans. A traced array can be iterated over, and has `shape`,
`ndim`, `size`, `dtype`, `len(x)`, `T` and `mT`. It is read-only: `x[i] = y` and `x += y` are errors. `reduce` of
`np.add`, `np.multiply`, `np.maximum` and `np.minimum` is the reduction below, and every ufunc of two arguments has its
`outer`.
"""

ZERO = "derivative 0"
CONDITION = "a boolean, without derivative"

REMARKS = {
    "np.absolute": "derivative 0 at 0",
    "np.all": CONDITION,
    "np.amax": "as `np.max`",
    "np.amin": "as `np.min`",
    "np.any": CONDITION,
    "np.arctan2": "derivative 0 at the origin",
    "np.argmax": "the first of several, or the first NaN; no derivative",
    "np.argmin": "the first of several, or the first NaN; no derivative",
    "np.argsort": "ties keep their order; no derivative",
    "np.around": ZERO,
    "np.astype": "derivative 0 through integers and booleans",
    "np.average": "weights of the shape of `a`, or of the axes averaged over; they may be traced",
    "np.bitwise_and": "`&`, between booleans",
    "np.bitwise_or": r"`\|`, between booleans",
    "np.bitwise_xor": "`^`, between booleans",
    "np.clip": "derivative 1 inside and on a bound, 0 beyond; bounds may be traced",
    "np.compress": "the condition is a plain array",
    "np.cumprod": "exact at zeros",
    "np.dot": "`b` has at most two axes",
    "np.einsum": "letters only; products from left to right for any `optimize`",
    "np.fabs": "derivative 0 at 0",
    "np.fix": ZERO,
    "np.fmod": "jumps have no derivative",
    "np.hypot": "derivative 0 at (0, 0)",
    "np.invert": "`~`, of a boolean",
    "np.linalg.cholesky": "of a symmetric matrix; NaN if there is no factor",
    "np.linalg.det": "also of singular matrices: the derivative is the matrix of cofactors",
    "np.linalg.inv": "NaN if there is no inverse",
    "np.linalg.norm": "vectors: any number; matrices: None, 'fro', 1, -1, inf, -inf; derivative 0 at 0",
    "np.linalg.solve": "NaN if there is no solution",
    "np.max": "ties share the derivative equally",
    "np.maximum": "each of two ties gets half of the derivative",
    "np.median": "the two middle entries share the derivative; NaN if an entry is NaN",
    "np.min": "ties share the derivative equally",
    "np.minimum": "each of two ties gets half of the derivative",
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
    "np.sort": "ties keep their order, and each entry its own derivative",
    "np.sqrt": "derivative infinite at 0",
    "np.cbrt": "derivative infinite at 0",
    "np.std": "derivative 0 if all entries are equal",
    "np.take": "the indices are plain arrays",
    "np.take_along_axis": "indices may be traced",
    "np.where": "NaN in the branch not taken has no effect on derivatives",
    "x.copy": "the array itself, since it is read-only",
    "x.flatten": "as `np.ravel`",
    "x.reshape": "lengths, or one tuple of them",
    "x.transpose": "axes, or one tuple of them",
    "optlab.logsumexp": "of any size without overflow; the derivative is the softmax",
    "optlab.relu": "derivative 0 at 0",
    "optlab.sigmoid": "of any size without overflow",
    "optlab.softmax": "of any size without overflow",
    "optlab.softplus": "of any size without overflow; the derivative is the sigmoid",
    "optlab.stop_gradient": "x itself, held fixed: the derivative is 0",
}
OWN = (optlab.logsumexp, optlab.relu, optlab.sigmoid, optlab.softmax, optlab.softplus, optlab.stop_gradient)
CONDITIONS = ("equal", "greater", "is", "less", "logical", "not_equal", "signbit")


def page() -> str:
    arguments = dict(supported())
    themes = {theme: {name: arguments[name] for name in names} for theme, names in _themes(arguments).items()}
    themes["optlab's own"] = {f"optlab.{f.__name__}": parameters_of(f) for f in OWN}
    themes["Methods"] = {f"x.{name}": parameters_of(row, skip=1) for name, row in METHODS.items()}
    return "\n".join([INTRODUCTION, *(_table(theme, rows) for theme, rows in themes.items())])


def _themes(names: Iterable[str]) -> dict[str, list[str]]:
    """The names by theme. A name without a theme is a ufunc."""
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
