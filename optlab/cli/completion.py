"""Shell completion of the names of plugins, including the user's drop-in files."""

from __future__ import annotations

from collections.abc import Callable


def names(*kinds: str, others: tuple[str, ...] = ()) -> Callable[[str], list[str]]:
    """A completer for names of some kinds, such as optimizers. In a list with commas it completes the last name."""

    def complete(incomplete: str) -> list[str]:
        from optlab.plugins import registry

        known = registry.load()
        found = sorted({name for kind in kinds for name in getattr(known, kind)} | {*others})
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in found if name.startswith(last)]

    return complete
