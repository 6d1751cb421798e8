"""Where sweeps are executed: threads of this process, further processes, or the workers of a cluster.

`local.py` divides sweeps into blocks and gives them to a task, one after the other on each thread. The task executes a
block itself (`runner.Runner`), or lets a worker execute it (`remote.Remote`). `drain.py` ends runs after Ctrl-C.
`travel.py` writes what is sent to a worker, `worker.py` is what runs there. `processes.py` and `dask.py` have the
workers. `choice.py` finds an executor by name. A run has the same bits wherever it is executed.
"""

from optlab.execution.executors.choice import name_of as name_of
from optlab.execution.executors.choice import opened as opened
from optlab.execution.executors.drain import draining as draining
from optlab.execution.executors.local import Stopped as Stopped
from optlab.execution.executors.local import blocks as blocks
from optlab.execution.executors.local import execute as execute
from optlab.execution.executors.local import threads as threads
from optlab.execution.executors.local import whole as whole
from optlab.execution.executors.local import workers as workers
