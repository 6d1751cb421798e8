"""Files that are written whole or not at all: under a temporary name, synced, and renamed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


@contextlib.contextmanager
def replacing(*paths: Path) -> Iterator[list[Path]]:
    """Temporary paths beside `paths`, which replace them, in this order, once all went well."""
    temporaries: list[Path] = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix + ".tmp", dir=path.parent)
            os.close(handle)
            temporaries.append(Path(name))
        yield temporaries
        for temporary in temporaries:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
        for temporary, path in zip(temporaries, paths, strict=True):
            os.replace(temporary, path)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write a text, as part of what is replaced."""
    path.write_bytes(text.encode())  # verbatim, line ends included


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table, whole or not at all."""
    with replacing(path) as (temporary,):
        write_parquet(temporary, table)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table, as part of what is replaced. It is no data frame of pandas, which would turn NaN into null."""
    # Floats hardly repeat: a dictionary of them takes longer than all the rest. Byte by byte they are smaller.
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    encodings: dict[str, Any] = {
        "use_dictionary": [name for name in table.column_names if name not in floats],
        "use_byte_stream_split": floats,
    }
    pq.write_table(table, path, compression="zstd", compression_level=1, write_page_checksum=True, **encodings)


def checksum(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
