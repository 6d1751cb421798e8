"""Files that are replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optlab.errors import file_errors_name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, in the same folder, which is renamed to `path` at the end. If anything fails, an earlier file
    stays as it is.

    Raises:
        OSError: the file cannot be written. The message has `path`.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with file_errors_name(path):
        try:
            yield part
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
