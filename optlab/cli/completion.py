"""Completion in the shell: the names of plugins, the user's own among them."""

from __future__ import annotations

from collections.abc import Callable


def names(*kinds: str, others: tuple[str, ...] = ()) -> Callable[[str], list[str]]:
    """A completer of the names of optimizers, problems and so on; of several with commas between, of the last one."""

    def complete(incomplete: str) -> list[str]:
        from optlab import registry

        known = registry.load()
        found = sorted({name for kind in kinds for name in getattr(known, kind)} | {*others})
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in found if name.startswith(last)]

    return complete
