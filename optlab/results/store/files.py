"""Write tables and texts to files, and compute their checksums."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def write_text(path: Path, text: str) -> None:
    """Write a text without changing its line ends."""
    path.write_bytes(text.encode())


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table. It is an Arrow table, because a pandas data frame would turn NaN into null."""
    # Floats are rarely equal, so that a dictionary encoding is slow and useless. Split by byte they compress well.
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
