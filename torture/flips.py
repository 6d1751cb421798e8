"""Flipped bits and cut files: damage is found in each file, named, and mended by the next run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import optlab
from optlab.errors import ResultsError
from optlab.results import store
from torture.rows import Row

DOCUMENT = {
    "name": "e",
    "steps": 20,
    "problem": [{"name": "rosenbrock"}],
    "optimizer": [{"name": "gd", "lr": [1e-4, 1e-3]}, {"name": "adam"}],
}
FLIPS, CUTS, MENDED = 600, 200, 10


def rows(room: Path, scale: float, seed: int) -> Iterator[Row]:
    folder = optlab.run(DOCUMENT, out=room).folder
    rng = random.Random(seed)
    yield damaged("a flipped bit in a file", folder, _flipped, int(FLIPS * scale), rng)
    yield damaged("a file cut at a random place", folder, _cut, int(CUTS * scale), rng)
    yield mended(folder, int(MENDED * scale), rng)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _flipped(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def damaged(fault, folder: Path, harm, number: int, rng: random.Random) -> Row:
    """Damage the files in turn. Each damage must be found, and the message must have the name of the file."""
    row, files = Row(fault), _files(folder)
    for n in range(number):
        path = files[n % len(files)]
        content = path.read_bytes()
        path.write_bytes(harm(content, rng))
        if path.relative_to(folder).as_posix() in found(folder):
            row.count("found and named")
        else:
            row.violations.append(f"{fault}: not found in {path.name}")
        path.write_bytes(content)
    return row


def found(folder: Path) -> str:
    """The message on damage that a reader gets, or an empty text."""
    try:
        return " ".join(store.load(folder).damaged_pictures())
    except ResultsError as error:
        return str(error)


def mended(folder: Path, number: int, rng: random.Random) -> Row:
    """Damage several files at once. The next run must restore all results, pictures and the report."""
    row, files = Row("several damaged files, then a run"), _files(folder)
    before = optlab.load(folder).runs.drop(columns="seconds")
    pictures = {path: path.read_bytes() for path in files if path.suffix == ".png"}
    for _ in range(number):
        for path in rng.sample(files, 3):
            path.write_bytes(rng.choice([_flipped, _cut])(path.read_bytes(), rng))
        results = optlab.run(DOCUMENT, out=folder.parent)
        is_equal = results.runs.drop(columns="seconds").equals(before) and not found(folder)
        if is_equal and _files(folder) == files and all(path.read_bytes() == was for path, was in pictures.items()):
            row.count("restored, equal to the bit")
        else:
            row.violations.append("not restored")
    return row
