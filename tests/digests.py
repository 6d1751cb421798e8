"""Digests of files that tests compare: pytest needs minutes to show the difference of two pictures."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


def digest(path: Path) -> str:
    """A short text that differs if the content of a file differs."""
    return sha256(path.read_bytes()).hexdigest()
