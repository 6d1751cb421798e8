"""A graph as a program on NumPy: preallocated buffers, views made once, and a list of calls to replay.

The graph describes one run. The program executes many runs at once. For indexing, the last axis of every array that
differs between runs is the *run axis*. In memory, its position depends on the graph. It is last for functions of a few
numbers, which gives long contiguous rows of runs. It is first if there are matrix products: then each run's matrices
are contiguous, and each product has the same shape for any number of runs.

    inputs    how each input is fed, and the kind of every value: shared, uniform, or differing between runs
    memory    the array of every value
    calls     the NumPy calls of every node on these arrays
    program   the whole program

Values that do not depend on the step are computed once, by `prepare`.
"""

from optlab.engine.replay.inputs import RUN, SHARED, UNIFORM, Input, kinds
from optlab.engine.replay.program import Program, compile

__all__ = ["RUN", "SHARED", "UNIFORM", "Input", "Program", "compile", "kinds"]
