"""The files of a store: segments, each with the results of many blocks of runs, one after the other.

An entry is a block of runs: a head of fixed size, a description as JSON, and the bytes of arrays. All of it has
checksums. A segment is written as `NAME.part`. When it is complete, it is synced and renamed to `NAME.runs`. The
entries of a `.part` file are valid too: it belongs to a process that still writes it, or that was killed. Its last
entry may be incomplete.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.markup.files import sync_folder

PART, COMPLETE = ".part", ".runs"
CHECKPOINT, SAVING = ".checkpoint", ".saving"
"""The suffixes of a segment with the state of one block, and of one that is being written: see `checkpoints.py`."""
MAGIC, DROPPED = b"OLR1", b"OLR0"
"""The first bytes of an entry, and of one that was found to be damaged."""
_HEAD = struct.Struct("<4sIIIQ16s8s")
"""The first bytes, the checksum of the rest and of the description, the length of the description, the number of runs,
the bytes of the arrays, the key and the family."""
_UNSUMMED = 8
_SYNC_EACH = 10.0
"""The seconds after which a segment that is still being written is synced."""

Arrays = dict[str, NDArray[Any]]


class Damaged(Exception):
    """The bytes of an entry are not those that were written."""


@dataclass(frozen=True)
class StoredRuns:
    """A block of runs in a segment. `offset` is its place, and `size` its length in bytes."""

    path: Path
    offset: int
    size: int
    key: bytes
    family: bytes
    runs: int

    def description(self) -> tuple[dict[str, Any], int]:
        """What is said about the block, and where its arrays begin. Raises `Damaged`."""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise Damaged
            length = _HEAD.unpack(head)[2]
            text = file.read(length)
        if not _is_whole(head, text):
            raise Damaged
        return json.loads(text), self.offset + _HEAD.size + length

    def arrays(self, *names: str) -> Arrays:
        """Some of the arrays of the block, or all. Raises `Damaged`."""
        found: Arrays = {}
        described, place = self.description()
        with open(self.path, "rb") as file:
            for name, dtype, shape, checksum in described["arrays"]:
                size = np.dtype(dtype).itemsize * math.prod(shape)
                if not names or name in names:
                    file.seek(place)
                    data = file.read(size)
                    if len(data) < size or zlib.crc32(data) != checksum:
                        raise Damaged
                    found[name] = np.frombuffer(bytearray(data), dtype).reshape(shape)
                place += size
        return found

    def drop(self) -> None:
        """Mark the entry, so that it is not found again."""
        with contextlib.suppress(OSError), open(self.path, "r+b") as file:
            file.seek(self.offset)
            file.write(DROPPED)


def _is_whole(head: bytes, text: bytes) -> bool:
    return _HEAD.unpack(head)[1] == zlib.crc32(text, zlib.crc32(head[_UNSUMMED:]))


def entries(path: Path) -> Iterator[StoredRuns]:
    """The entries of a segment. Raises `Damaged` at the first place from which the file cannot be read."""
    with open(path, "rb") as file:
        end, offset = os.fstat(file.fileno()).st_size, 0
        while offset < end:
            file.seek(offset)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise Damaged
            magic, _, length, runs, payload, key, family = _HEAD.unpack(head)
            size = _HEAD.size + length + payload
            if magic not in (MAGIC, DROPPED) or offset + size > end or not _is_whole(head, file.read(length)):
                raise Damaged
            if magic == MAGIC:
                yield StoredRuns(path, offset, size, key, family, runs)
            offset += size


def encoded(key: bytes, family: bytes, runs: int, about: Mapping[str, Any], arrays: Arrays) -> list[Any]:
    """The bytes of an entry, in parts."""
    views = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    described = [[name, a.dtype.str, a.shape, zlib.crc32(a.data)] for name, a in views.items()]
    text = json.dumps({**about, "arrays": described}).encode()
    size = sum(array.nbytes for array in views.values())
    head = _HEAD.pack(MAGIC, 0, len(text), runs, size, key, family)
    checksum = zlib.crc32(text, zlib.crc32(head[_UNSUMMED:]))
    head = _HEAD.pack(MAGIC, checksum, len(text), runs, size, key, family)
    return [head, text, *(array.data for array in views.values() if array.nbytes)]


class Journal:
    """Writes one segment. The file is made with the first entry.

    `failure` is the error because of which a block could not be written, such as that of a full disk. Then no more
    blocks are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file, self._synced = folder, None, time.monotonic()
        self._name = f"{int(time.time())}-{os.getpid()}-{secrets.token_hex(4)}"
        self.failure: OSError | None = None
        self._has_failed = False

    def append(self, key: bytes, family: bytes, about: Mapping[str, Any], arrays: Arrays) -> bool:
        """Write a block of runs. The last axis of the array "status" has its runs. Returns whether it was written."""
        if self._has_failed:
            return False
        try:
            self._write(encoded(key, family, len(arrays["status"]), about, arrays))
        except OSError as error:
            self.failure, self._has_failed = error, True
        return not self._has_failed

    def _write(self, parts: list[Any]) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self._folder / (self._name + PART), "xb", buffering=1 << 16)  # noqa: SIM115
        begin = self._file.tell()
        try:
            for part in parts:
                self._file.write(part)
            self._file.flush()
            if time.monotonic() - self._synced > _SYNC_EACH:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(self._file.fileno(), begin)
            raise

    def sync(self) -> None:
        """Sync what was written."""
        if self._file is not None and not self._has_failed:
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self.failure, self._has_failed = error, True

    def close(self) -> None:
        """Sync the segment and give it its final name."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            with file:
                os.fsync(file.fileno())
            os.rename(self._folder / (self._name + PART), self._folder / (self._name + COMPLETE))
            sync_folder(self._folder)
        except FileNotFoundError:  # the store was cleared meanwhile
            return
        except OSError as error:
            self.failure = error
