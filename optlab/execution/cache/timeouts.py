"""Runs that reached a limit of time: they are kept only for this limit, and only for just these runs together."""

from __future__ import annotations

import hashlib

import numpy as np

from optlab.execution.cache.addresses import Address
from optlab.execution.cache.identity import SIZE
from optlab.execution.cache.kept import ROWS
from optlab.execution.cache.segments import Journal
from optlab.execution.records import TIMEOUT, Ints, Trajectories

_NO_FAMILY = bytes(8)
"""What is said of other sweeps of the same problem and rule does not depend on these entries."""


def key_of(address: Address, at: Ints, seconds: float) -> bytes:
    """The key of the runs at these places of a sweep, executed together with this limit in seconds."""
    rows = address.rows[at]
    ordered = rows[np.lexsort(rows.T)]
    return hashlib.blake2b(address.identity.key + repr(seconds).encode() + ordered.tobytes(), digest_size=SIZE).digest()


def keep(journal: Journal, address: Address, at: Ints, done: Trajectories, seconds: float) -> None:
    """Keep that the runs at these places reached the limit, if they did."""
    if (done.status == TIMEOUT).all():
        arrays = {ROWS: address.rows[at], "status": done.status}
        journal.append(key_of(address, at, seconds), _NO_FAMILY, {"log": done.log, "parts": {}}, arrays)
