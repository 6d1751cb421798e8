"""The list of mistakes."""

from __future__ import annotations

from optlab.errors import Mistake
from optlab.experiments.resolve.diagnostics import Diagnostics


def test_a_mistake_noted_twice_is_listed_once():
    notes = Diagnostics(before=frozenset({("steps",)}))
    for message in ("a", "b", "a"):
        notes.note(("optimizer", 0), message)
    assert notes.mistakes == [Mistake(("optimizer", 0), "a"), Mistake(("optimizer", 0), "b")]
    assert notes.is_wrong(("steps",))
    assert notes.is_wrong(("optimizer", 0))
    assert not notes.is_wrong(("optimizer",))


def test_the_time_is_not_quadratic():
    """Each mistake is compared by its hash: a comparison for each pair of 3,000 mistakes would be 4.5 million."""
    compared = []

    class Path(tuple):
        __slots__ = ()
        __hash__ = tuple.__hash__

        def __eq__(self, other):
            compared.append(other)
            return tuple.__eq__(self, other)

    notes = Diagnostics()
    for n in range(3_000):
        path = Path(("optimizer", 0, "transforms", n))
        if not notes.is_wrong(path):
            notes.note(path, "is there already")
    assert len(notes.mistakes) == 3_000
    assert len(compared) < 30_000
