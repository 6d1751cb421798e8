"""Methods of `scipy.optimize.minimize` that use gradients, or gradients and the Hessian."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np
import scipy.optimize
from scipy.optimize import _minimize as methods
from scipy.optimize._trustregion import _minimize_trust_region

from optlab.plugins.external.base import Arguments, Array, Foreign, Look, Product, Value, described, options
from optlab.plugins.signature import Signature

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
"""Methods that use the product of the Hessian and a vector."""
OF_HESSIANS = ("trust-exact", "dogleg")
"""Methods that use the whole Hessian, which is computed from products with every unit vector."""
WHAT = f"scipy:NAME is a method of scipy.optimize.minimize that uses gradients: {', '.join(METHODS)}"
INSTEAD: dict[str, str] = {}
"""Empty: all methods that use gradients are available."""
NOT_OFFERED = ("maxiter", "maxfun", "maxfev", "minfev", "disp", "iprint", "return_all", "eps", "args", "constraints")
NOT_OFFERED += ("inexact",)
"""Options that are not available. The experiment sets the budget, `eps` is for finite differences, and `inexact` is
only for trust-krylov."""
WHOLE = ("maxcor", "maxls", "maxCGit")
"""The options that are integers. All others are real numbers, even if their default is written as 0 or -1."""
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
    """The parameters of a method. Trust-region methods pass further arguments to a common function."""
    own = dict(inspect.signature(getattr(methods, METHODS[name])).parameters)
    is_trust_region = name in OF_PRODUCTS + OF_HESSIANS
    return {**inspect.signature(_minimize_trust_region).parameters, **own} if is_trust_region else own


def _minimize(
    name: str, x: Array, arguments: Arguments, budget: int, value: Value, look: Look, product: Product
) -> Array:
    known = _parameters(name)
    limits = {"maxiter": budget, "maxfun": MOST}  # an iteration needs at least one gradient
    given: dict[str, Any] = {**arguments, **{limit: most for limit, most in limits.items() if limit in known}}
    second: dict[str, Any] = {}
    if name in OF_PRODUCTS:
        second["hessp"] = product
    elif name in OF_HESSIANS:
        second["hess"] = lambda p: np.stack([product(p, e) for e in np.eye(p.size)])
    found = scipy.optimize.minimize(value, x, method=name, jac=lambda p: look(p)[1], options=given, **second)
    if str(found.message).startswith("ERROR"):  # L-BFGS-B reports invalid options in this way
        raise ValueError(found.message)
    return found.x
