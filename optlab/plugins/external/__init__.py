"""Optimizers of other packages, found by name, for comparison with the user's rules.

A name consists of the package and the optimizer, as in "torch:Adam". Only these names are looked up: public classes of
`torch.optim`, functions of `optax` that take a learning rate, and methods of `scipy.optimize.minimize`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util

from optlab.errors import MissingPackage, UnknownName, did_you_mean
from optlab.plugins.external.base import Foreign as Foreign

PACKAGES = ("torch", "optax", "scipy")


@functools.cache
def find(name: str) -> Foreign:
    """The optimizer with a name like "torch:Adam".

    Raises:
        UnknownName: the package or the optimizer does not exist.
        MissingPackage: the package is not installed.

    >>> find("scipy:L-BFGS-B").signature.options["maxcor"]
    10
    """
    package, _, own = name.partition(":")
    if package not in PACKAGES:
        guess = did_you_mean(package, PACKAGES) or "; names of other packages begin with torch:, optax: or scipy:"
        raise UnknownName(f"there is no optimizer {name!r}{guess}")
    if importlib.util.find_spec(package) is None:
        raise MissingPackage(f"{name} needs {package}, which is not installed; pip install 'optlab[{package}]'")
    home = importlib.import_module(f"optlab.plugins.external.{package}")
    known = [f"{package}:{one}" for one in home.names()]
    if own in home.INSTEAD:
        raise UnknownName(f"{name} cannot be used here: {home.INSTEAD[own]}")
    if name not in known:
        spelt = {one.casefold(): one for one in known}
        meant = spelt.get(name.casefold())
        guess = f" (did you mean {meant!r}?)" if meant else did_you_mean(name, known) or f"; {home.WHAT}"
        raise UnknownName(f"there is no optimizer {name!r}{guess}")
    return home.optimizer(own)
