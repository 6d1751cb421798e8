"""Several launches at once on one results folder: of one experiment, and of two experiments with one name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torture import experiment
from torture.commands import OPTLAB, Command, Ended, run
from torture.equal import unequal
from torture.rows import Row
from torture.tables import tables

LAUNCHES = (2, 8)
REPEATED = 3
REUSED, IN_USE = "nothing was computed", "another run is writing its results there"


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    lab = Lab(room)
    for launches in LAUNCHES if scale == 1 else LAUNCHES[:1]:
        yield lab.of_one(launches, max(1, round(REPEATED * scale)))
        yield lab.of_two(launches, max(1, round(REPEATED * scale)))


class Lab:
    """Two experiments with one name, and the results of a single launch of each."""

    def __init__(self, room: Path, steps: tuple[int, int] = (100, 90), values: int = 4) -> None:
        self.room = room
        self.files = [experiment.write(room, number, values) for number in steps]
        folders = [experiment.reference(room, file) for file in self.files]
        self.expected = [tables(folder) for folder in folders]
        self.names = names(folders[0].parent)

    def of_one(self, launches: int, number: int) -> Row:
        """One launch computes. The others wait for it and use its results."""
        row = Row(f"{launches} launches of one experiment at once")
        for n in range(number):
            out = f"one-{launches}-{n}"
            ended = self._launch(self.files[:1] * launches, out)
            reused = sum(REUSED in one.printed for one in ended)
            if faults := [one.last for one in ended if one.status != 0]:
                row.violations.append(f"{row.fault}: {faults[0]}")
            elif reused != launches - 1:
                row.violations.append(f"{row.fault}: {launches - reused} launches computed it")
            elif fault := self._fault(out, self.expected[0]):
                row.violations.append(f"{row.fault}: {fault}")
            else:
                row.count("computed once, the results of a single launch")
        return row

    def of_two(self, launches: int, number: int) -> Row:
        """One experiment is run, by all its launches. Those of the other one are refused, or come later."""
        row = Row(f"{launches} launches of two experiments with one name at once")
        for n in range(number):
            out = f"two-{launches}-{n}"
            ended = self._launch(self.files * (launches // 2), out)
            last = [0 if one.status == 0 else IN_USE in one.said for one in ended]
            faults = [self._fault(out, expected) for expected in self.expected]
            if wrong := [one.last for one in ended if one.status != 0 and not (one.status == 2 and IN_USE in one.said)]:
                row.violations.append(f"{row.fault}: {wrong[0]}")
            elif all(last) or all(faults):
                row.violations.append(f"{row.fault}: {faults[0] or 'all were refused'}")
            elif fault := self._later(out):
                row.violations.append(f"{row.fault}: then one after the other: {fault}")
            else:
                row.count("the results of one of them, complete; those of each after its next run")
        return row

    def _launch(self, files: list[Path], out: str) -> list[Ended]:
        started = [Command(self.room, OPTLAB, *experiment.words(file, out)) for file in files]
        return [command.ended() for command in started]

    def _fault(self, out: str, expected: dict[str, str]) -> str:
        """What differs from a single launch; an empty text if nothing does."""
        if differing := unequal(tables(self.room / out / "e"), expected):
            return f"other bits in {', '.join(differing)}"
        left = [name for name in names(self.room / out) if name not in self.names and not name.endswith(".parquet")]
        return f"there is {', '.join(left)}" if left else ""

    def _later(self, out: str) -> str:
        for file, expected in zip(self.files, self.expected, strict=True):
            if (ended := run(self.room, *experiment.words(file, out))).status != 0:
                return ended.last
            if fault := self._fault(out, expected):
                return fault
        return ""


def names(folder: Path) -> list[str]:
    """The files in a folder of all results. Files of kept runs have a name for each process, which is left out."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        {str(path.parent / f"*{path.suffix}") if path.parts[0] == ".optlab-cache" else str(path) for path in found}
    )
