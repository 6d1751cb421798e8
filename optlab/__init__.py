"""optlab: a lab for experimenting with gradient-descent optimizers.

The public names below are imported when they are first used, so that `import optlab` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from optlab.atlas import basins as basins
    from optlab.atlas import stability as stability
    from optlab.catalogue import available as available
    from optlab.engine import check_grad as check_grad
    from optlab.engine import directional_derivative as directional_derivative
    from optlab.engine import grad as grad
    from optlab.engine import hessian as hessian
    from optlab.engine import hvp as hvp
    from optlab.engine import jacobian as jacobian
    from optlab.engine import jvp as jvp
    from optlab.engine import logsumexp as logsumexp
    from optlab.engine import relu as relu
    from optlab.engine import sigmoid as sigmoid
    from optlab.engine import softmax as softmax
    from optlab.engine import softplus as softplus
    from optlab.engine import trace as trace
    from optlab.engine import value_and_grad as value_and_grad
    from optlab.engine import vjp as vjp
    from optlab.errors import OptlabError as OptlabError
    from optlab.explain.backprop import backprop as backprop
    from optlab.explaining import explanation as explanation
    from optlab.hookspecs import hookimpl as hookimpl
    from optlab.minimization import minimize as minimize
    from optlab.optimizers.base import optimizer as optimizer
    from optlab.pipeline import load as load
    from optlab.pipeline import run as run
    from optlab.problems.base import dataset as dataset
    from optlab.problems.base import problem as problem
    from optlab.racing import race as race
    from optlab.schedules.base import schedule as schedule
    from optlab.transforms.base import transform as transform

_HOME = {
    "OptlabError": "optlab.errors",
    "available": "optlab.catalogue",
    "backprop": "optlab.explain.backprop",
    "basins": "optlab.atlas",
    "dataset": "optlab.problems.base",
    "directional_derivative": "optlab.engine",
    "hessian": "optlab.engine",
    "hvp": "optlab.engine",
    "jacobian": "optlab.engine",
    "jvp": "optlab.engine",
    "vjp": "optlab.engine",
    "check_grad": "optlab.engine",
    "explanation": "optlab.explaining",
    "grad": "optlab.engine",
    "hookimpl": "optlab.hookspecs",
    "load": "optlab.pipeline",
    "logsumexp": "optlab.engine",
    "minimize": "optlab.minimization",
    "optimizer": "optlab.optimizers.base",
    "problem": "optlab.problems.base",
    "race": "optlab.racing",
    "relu": "optlab.engine",
    "run": "optlab.pipeline",
    "schedule": "optlab.schedules.base",
    "stability": "optlab.atlas",
    "sigmoid": "optlab.engine",
    "softmax": "optlab.engine",
    "softplus": "optlab.engine",
    "trace": "optlab.engine",
    "transform": "optlab.transforms.base",
    "value_and_grad": "optlab.engine",
}

__all__ = ["__version__", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if (
        name == "analysis"
    ):  # a module of tables, `optlab.analysis.ranking(results.runs)`; importing it also sets the name
        return importlib.import_module("optlab.analysis")
    if name not in _HOME:
        raise AttributeError(f"module 'optlab' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
