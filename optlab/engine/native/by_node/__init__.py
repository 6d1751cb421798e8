"""One loop nest per node, for graphs with matrix products such as networks, and for random numbers.

    groups     which nodes are computed together in one nest: arithmetic on entries of one shape
    places     where the values are in memory
    loops      loops over entries, loading and storing in them
    nests      the loop nest of each node
    products   the loop nests of matrix products, which compute several entries at once
    step       machine code for one step of all runs, in place of replay

The runs are the lanes of vectors, as in the rest of the native back end. WebAssembly computes one run.
"""

from optlab.engine.native.by_node.step import StepCode

__all__ = ["StepCode"]
