"""Methods of `scipy.optimize.minimize` that ask for gradients and for nothing beyond."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import scipy.optimize
from scipy.optimize import _minimize as methods

from optlab.foreign.base import Arguments, Array, Foreign, Look, Value, described, options
from optlab.signature import Signature

METHODS = {
    "CG": "_minimize_cg",
    "BFGS": "_minimize_bfgs",
    "Newton-CG": "_minimize_newtoncg",
    "L-BFGS-B": "_minimize_lbfgsb",
    "TNC": "_minimize_tnc",
    "SLSQP": "_minimize_slsqp",
}
WHAT = f"scipy:NAME is a method of scipy.optimize.minimize that asks for gradients alone: {', '.join(METHODS)}"
NOT_OFFERED = ("maxiter", "maxfun", "maxfev", "minfev", "disp", "iprint", "return_all", "eps", "args", "constraints")
"""The budget is the experiment's; `eps` is of differences in place of a gradient."""
WHOLE = ("maxcor", "maxls", "maxCGit")
"""The options that count something. All others are real numbers, also where the default is written 0 or -1."""
MOST = 2**31 - 1


def names() -> list[str]:
    return list(METHODS)


def optimizer(name: str) -> Foreign:
    """A method by its name in `scipy.optimize.minimize`."""
    read = options(inspect.signature(getattr(methods, METHODS[name])).parameters.values(), NOT_OFFERED)
    real = {key: float(v) for key, v in read.choices.items() if type(v) is int and key not in WHOLE}
    choices = {key: value for key, value in read.choices.items() if key not in real}
    read = Signature(read.state, {**read.numbers, **real}, choices, read.supplied)
    return described("scipy", name, read, ("scipy",), minimize=functools.partial(_minimize, name))


def _minimize(name: str, x: Array, arguments: Arguments, budget: int, value: Value, look: Look) -> Array:
    known = inspect.signature(getattr(methods, METHODS[name])).parameters
    limits = {"maxiter": budget, "maxfun": MOST}  # an iteration takes one gradient at least
    given: dict[str, Any] = {**arguments, **{limit: most for limit, most in limits.items() if limit in known}}
    found = scipy.optimize.minimize(value, x, method=name, jac=lambda p: look(p)[1], options=given)
    if str(found.message).startswith("ERROR"):  # what L-BFGS-B says of options in place of an exception
        raise ValueError(found.message)
    return found.x
