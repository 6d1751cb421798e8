"""optlab: a lab for experimenting with gradient-descent optimizers.

The public names below are imported at their first use, so that `import optlab` is fast.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from optlab.api.animate import animate as animate
    from optlab.api.catalogue import available as available
    from optlab.api.compare import compare as compare
    from optlab.api.explaining import explanation as explanation
    from optlab.api.maps import basins as basins
    from optlab.api.maps import stability as stability
    from optlab.api.minimize import minimize as minimize
    from optlab.api.pack import pack as pack
    from optlab.api.pack import verify as verify
    from optlab.api.play import play as play
    from optlab.api.race import race as race
    from optlab.api.reproduce import reproduce as reproduce
    from optlab.api.run import load as load
    from optlab.api.run import run as run
    from optlab.engine import check_grad as check_grad
    from optlab.engine import directional_derivative as directional_derivative
    from optlab.engine import grad as grad
    from optlab.engine import hessian as hessian
    from optlab.engine import hvp as hvp
    from optlab.engine import jacobian as jacobian
    from optlab.engine import jvp as jvp
    from optlab.engine import logsumexp as logsumexp
    from optlab.engine import lookup as lookup
    from optlab.engine import relu as relu
    from optlab.engine import sigmoid as sigmoid
    from optlab.engine import softmax as softmax
    from optlab.engine import softplus as softplus
    from optlab.engine import stop_gradient as stop_gradient
    from optlab.engine import trace as trace
    from optlab.engine import value_and_grad as value_and_grad
    from optlab.engine import vjp as vjp
    from optlab.errors import OptlabError as OptlabError
    from optlab.explain.backprop import backprop as backprop
    from optlab.plugins.hookspecs import hookimpl as hookimpl
    from optlab.plugins.optimizers.base import optimizer as optimizer
    from optlab.plugins.problems.base import dataset as dataset
    from optlab.plugins.problems.base import problem as problem
    from optlab.plugins.schedules.base import schedule as schedule
    from optlab.plugins.suites.base import suite as suite
    from optlab.plugins.transforms.base import transform as transform

_HOME = {
    "OptlabError": "optlab.errors",
    "animate": "optlab.api.animate",
    "available": "optlab.api.catalogue",
    "compare": "optlab.api.compare",
    "backprop": "optlab.explain.backprop",
    "basins": "optlab.api.maps",
    "dataset": "optlab.plugins.problems.base",
    "directional_derivative": "optlab.engine",
    "hessian": "optlab.engine",
    "hvp": "optlab.engine",
    "jacobian": "optlab.engine",
    "jvp": "optlab.engine",
    "vjp": "optlab.engine",
    "check_grad": "optlab.engine",
    "explanation": "optlab.api.explaining",
    "grad": "optlab.engine",
    "hookimpl": "optlab.plugins.hookspecs",
    "load": "optlab.api.run",
    "logsumexp": "optlab.engine",
    "lookup": "optlab.engine",
    "minimize": "optlab.api.minimize",
    "optimizer": "optlab.plugins.optimizers.base",
    "pack": "optlab.api.pack",
    "play": "optlab.api.play",
    "problem": "optlab.plugins.problems.base",
    "race": "optlab.api.race",
    "relu": "optlab.engine",
    "reproduce": "optlab.api.reproduce",
    "run": "optlab.api.run",
    "schedule": "optlab.plugins.schedules.base",
    "stability": "optlab.api.maps",
    "sigmoid": "optlab.engine",
    "suite": "optlab.plugins.suites.base",
    "softmax": "optlab.engine",
    "softplus": "optlab.engine",
    "stop_gradient": "optlab.engine",
    "trace": "optlab.engine",
    "transform": "optlab.plugins.transforms.base",
    "value_and_grad": "optlab.engine",
    "verify": "optlab.api.pack",
}

__all__ = ["__version__", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in ("analysis", "results"):  # modules that need no separate import: `optlab.results.from_table(frame)`
        return importlib.import_module(f"optlab.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'optlab' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


_MOVED = {
    "analysis": "results.analysis",
    "bridges": "api.bridges",
    "kinds": "experiments.kinds",
    "minimization": "api.minimize",
    "oneline": "plugins.shorthand",
    "optimizers": "plugins.optimizers",
    "plots": "figures",
    "problems.datasets": "plugins.datasets",
    "problems": "plugins.problems",
    "registry": "plugins.registry",
    "scaling": "plugins.scaling",
    "schedules": "plugins.schedules",
    "transforms": "plugins.transforms",
}
"""Modules that are also found under other names: public ones, and those that plugin files and pickles know."""


class _Moved:
    """An importer of modules under the names in `_MOVED`. Each is the same module as under its own name."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        root, _, inner = name.partition(".")
        if root == __name__:
            for old, new in _MOVED.items():
                if f"{inner}.".startswith(f"{old}."):
                    return ModuleSpec(name, _Moved, origin=f"{root}.{new}{inner.removeprefix(old)}")  # type: ignore[arg-type]
        return None

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(str(spec.origin))
        spec.loader_state = module.__spec__
        return module

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        spec = module.__spec__  # the one of `find_spec`
        module.__spec__ = spec.loader_state if spec else None


sys.meta_path.insert(0, _Moved)  # pyright: ignore[reportArgumentType]


def __dir__() -> list[str]:
    return sorted(__all__)
