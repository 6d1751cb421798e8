"""Methods of `scipy.optimize.minimize` that ask for gradients, or for the Hessian too."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import _minimize as methods
from scipy.optimize._trustregion import _minimize_trust_region

from optlab.foreign.base import Arguments, Array, Foreign, Look, Product, Value, described, options
from optlab.signature import Signature

METHODS = {
    "CG": "_minimize_cg",
    "BFGS": "_minimize_bfgs",
    "Newton-CG": "_minimize_newtoncg",
    "L-BFGS-B": "_minimize_lbfgsb",
    "TNC": "_minimize_tnc",
    "SLSQP": "_minimize_slsqp",
    "trust-ncg": "_minimize_trust_ncg",
    "trust-krylov": "_minimize_trust_krylov",
    "trust-exact": "_minimize_trustregion_exact",
    "dogleg": "_minimize_dogleg",
}
OF_PRODUCTS = ("trust-ncg", "trust-krylov")
"""Those that ask for the Hessian times a vector."""
OF_HESSIANS = ("trust-exact", "dogleg")
"""Those that ask for the whole Hessian, which is made of products with every unit vector."""
WHAT = f"scipy:NAME is a method of scipy.optimize.minimize that asks for gradients: {', '.join(METHODS)}"
INSTEAD: dict[str, str] = {}
"""All methods that ask for gradients work."""
NOT_OFFERED = ("maxiter", "maxfun", "maxfev", "minfev", "disp", "iprint", "return_all", "eps", "args", "constraints")
NOT_OFFERED += ("inexact",)
"""The budget is the experiment's; `eps` is of differences in place of a gradient, `inexact` for trust-krylov alone."""
WHOLE = ("maxcor", "maxls", "maxCGit")
"""The options that count something. All others are real numbers, also where the default is written 0 or -1."""
MOST = 2**31 - 1


def names() -> list[str]:
    return list(METHODS)


def optimizer(name: str) -> Foreign:
    """A method by its name in `scipy.optimize.minimize`."""
    read = options(_parameters(name).values(), NOT_OFFERED)
    real = {key: float(v) for key, v in read.choices.items() if type(v) is int and key not in WHOLE}
    choices = {key: value for key, value in read.choices.items() if key not in real}
    read = Signature(read.state, {**read.numbers, **real}, choices, read.supplied)
    return described("scipy", name, read, ("scipy",), minimize=functools.partial(_minimize, name))


def _parameters(name: str) -> dict[str, inspect.Parameter]:
    """What a method takes. The methods of trust regions hand on what they do not take themselves."""
    own = dict(inspect.signature(getattr(methods, METHODS[name])).parameters)
    handed_on = name in OF_PRODUCTS + OF_HESSIANS
    return {**inspect.signature(_minimize_trust_region).parameters, **own} if handed_on else own


def _minimize(
    name: str, x: Array, arguments: Arguments, budget: int, value: Value, look: Look, product: Product
) -> Array:
    known = _parameters(name)
    limits = {"maxiter": budget, "maxfun": MOST}  # an iteration takes one gradient at least
    given: dict[str, Any] = {**arguments, **{limit: most for limit, most in limits.items() if limit in known}}
    second: dict[str, Any] = {}
    if name in OF_PRODUCTS:
        second["hessp"] = product
    elif name in OF_HESSIANS:
        second["hess"] = lambda p: np.stack([product(p, e) for e in np.eye(p.size)])
    found = scipy.optimize.minimize(value, x, method=name, jac=lambda p: look(p)[1], options=given, **second)
    if str(found.message).startswith("ERROR"):  # what L-BFGS-B says of options in place of an exception
        raise ValueError(found.message)
    return found.x
