"""Where the runs of sweeps are in a store.

To find this, the code of plugins is traced, and problems draw their starts. What may harm the process is executed in a
process of its own for each set of plugins, so that only the sweeps of these plugins have no address if it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from optlab.errors import UserError
from optlab.execution import fingerprint
from optlab.execution.cache.identity import Identities, Identity
from optlab.execution.cache.rows import Rows, rows_of
from optlab.execution.records import Sweep
from optlab.execution.rule import Key
from optlab.execution.runner import Graphs
from optlab.plugins.code_location import is_built_in
from optlab.plugins.external import Foreign

if TYPE_CHECKING:
    from optlab.execution.apart import Send


@dataclass(frozen=True)
class Address:
    """Where the runs of a sweep are: what all of them share, and one row for each.

    `numbers`: the keys of the numbers in the rows, in this order.
    """

    identity: Identity
    numbers: Sequence[Key]
    rows: Rows


@dataclass(frozen=True)
class Apart:
    """What is executed in a process of its own may take this time for each sweep, in seconds, and memory, in bytes."""

    seconds: float
    memory: int


class Addresses:
    """Finds the addresses of sweeps. `graphs` has the step graphs, which the execution of the sweeps uses too.

    With `apart`, code of the user is executed in processes of its own. `faults` says which of it ended or held them.
    """

    def __init__(self, graphs: Graphs, apart: Apart | None = None) -> None:
        self._graphs, self._identities = graphs, Identities(graphs)
        self._apart = apart
        self.faults: list[str] = []

    def is_apart(self, sweep: Sweep) -> bool:
        """Whether the code of a sweep is executed in a process of its own."""
        return self._apart is not None and not fingerprint.are_built_in(sweep)

    def backend(self, sweep: Sweep) -> str:
        """The back end that would execute a sweep, whose code is executed in this process."""
        return self._identities.backend(sweep)

    def of(self, sweeps: Sequence[Sweep]) -> dict[str, Address | None]:
        """The addresses of sweeps by their ids; None for those that must not be kept, or whose code fails."""
        found = {sweep.id: None if self.is_apart(sweep) else self._of(sweep) for sweep in sweeps}
        if self._apart is not None:
            for together in _by_plugins(sweep for sweep in sweeps if self.is_apart(sweep)):
                found |= self._found_apart(together, self._apart)
        return found

    def _of(self, sweep: Sweep) -> Address | None:
        identity = self._identities.of(sweep)
        if identity is None:
            return None
        is_external = isinstance(sweep.rule.optimizer, Foreign)
        numbers = sorted(sweep.numbers) if is_external else self._graphs.of(sweep).numbers
        try:
            return Address(identity, numbers, rows_of(sweep, numbers))
        except UserError:  # the problem cannot draw its start: the execution reports it
            return None

    def _found_apart(self, sweeps: Sequence[Sweep], limits: Apart) -> Mapping[str, Address]:
        """The addresses of sweeps with the same plugins. If the process ends, those that it has sent."""
        # It takes time to load, and most experiments run in threads.
        from optlab.execution.apart import ProcessDied, follow

        found: dict[str, Address] = {}
        try:
            for sent in follow(partial(self._send, sweeps), lambda: limits.seconds, limits.memory):
                if isinstance(sent, tuple) and isinstance(sent[1], Address):
                    found[sent[0]] = sent[1]
        except ProcessDied as died:
            names = dict.fromkeys(plugin.name for plugin in _own(sweeps[0]))
            self.faults.append(f"runs of {' and '.join(names)} are not kept for later: its code {died.why}")
        return found

    def _send(self, sweeps: Sequence[Sweep], send: Send) -> None:
        from optlab.execution.apart import print_nothing

        print_nothing()
        for sweep in sweeps:
            send((sweep.id, self._of(sweep)))


def _own(sweep: Sweep) -> list[Any]:
    """The plugins of a sweep that are code of the user."""
    return [one for one in fingerprint.plugins(sweep) if not isinstance(one, Foreign) and not is_built_in(one.function)]


def _by_plugins(sweeps: Iterator[Sweep]) -> Iterator[list[Sweep]]:
    groups: dict[frozenset[int], list[Sweep]] = {}
    for sweep in sweeps:
        groups.setdefault(frozenset(map(id, _own(sweep))), []).append(sweep)
    yield from groups.values()
