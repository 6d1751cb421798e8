"""The store of sweeps: the results of runs are kept on disk and used again by all later experiments.

`identity.py` hashes all that bears on the numbers of a sweep, without its runs. `rows.py` identifies the runs of a
sweep by their seeds and numbers. `segments.py` is the format of the files, and `store.py` a folder of them. `reuse.py`
executes only the runs of sweeps that are not in a store. `reasons.py` says why these are executed.
"""

from optlab.execution.cache.reuse import Reuse as Reuse
from optlab.execution.cache.store import FOLDER as FOLDER
from optlab.execution.cache.store import RunStore as RunStore
