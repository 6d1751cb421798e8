"""`python -I -S clock.py FILE COMMAND ...`: run a command; write its seconds, peak memory (as the system counts it) and
exit status into a file.

A separate, small process, because the reported peak of a child is never less than that of its parent.
"""

import os
import sys
import time

begin = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - begin
with open(sys.argv[1], "w") as file:
    print(seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status), file=file)
