"""A graph as a program on NumPy: preallocated buffers, views made once, and a list of calls to replay.

The graph describes one run. The program executes it for many at once, along a *run axis* that is the last axis of
every array that differs between runs, as far as indexing is concerned; in memory it lies where the graph wants it:
last for functions of a few numbers (long contiguous rows of runs), first where there are matrix products (each run's
matrices contiguous, so that each product has one shape whatever the number of runs).

    inputs    how a graph is fed, and of which kind every value is: shared, uniform, or of a run
    memory    where every value lies
    calls     what every node does there
    program   all of it together

What does not depend on the step is computed once, by `prepare`.
"""

from optlab.engine.replay.inputs import RUN, SHARED, UNIFORM, Input, kinds
from optlab.engine.replay.program import Program, compile

__all__ = ["RUN", "SHARED", "UNIFORM", "Input", "Program", "compile", "kinds"]
