"""Derivatives and execution. The engine does not depend on optimizers, grids or files.

Read in this order: `graph` (the language), `ops` with `vjp_rules` (the primitives and their derivatives), `trace` (from
NumPy to a graph), `vjp` (the gradient of a graph), `passes` (simplification of a graph), `replay` and `native`
(execution of a graph for many runs at once), `calls` and `arguments`, then `derivatives`, which uses both. The folder
`functions` is a reference: NumPy's functions, by theme.
"""

from optlab.engine.derivatives import directional_derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from optlab.engine.functions import logsumexp, relu, sigmoid, softmax, softplus, stop_gradient
from optlab.engine.functions.lookup import lookup
from optlab.engine.gradcheck.check import check_grad
from optlab.engine.trace import trace

__all__ = [
    "check_grad",
    "directional_derivative",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "logsumexp",
    "lookup",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
