"""Derivatives and execution. Knows no optimizer, grid or file.

Read in this order: `ops` (the primitives), `graph` (the language), `trace` and `functions` (from NumPy to a graph),
`vjp` (the gradient of a graph), `passes` (the same in fewer nodes), `replay` (a graph over many runs at once),
`derivatives`.
"""

from optlab.engine.derivatives import grad, value_and_grad
from optlab.engine.functions import logsumexp, relu, sigmoid, softmax, softplus
from optlab.engine.trace import trace

__all__ = ["grad", "logsumexp", "relu", "sigmoid", "softmax", "softplus", "trace", "value_and_grad"]
