"""The manifest of a results folder: what is in it, and the checksum of each file and of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optlab.errors import ResultsError
from optlab.records import FAILURES

FORMAT = 1
"""The version of this layout, in the manifest."""

MANIFEST, SPEC, RUNS, ERRORS_LOG = "manifest.json", "spec.toml", "runs.parquet", "errors.log"
HISTORY, TRAJECTORIES = "history", "trajectories"
SEAL = "checksum"
"""The last key of the manifest."""


def sealed(manifest: Mapping[str, Any]) -> str:
    """The text of a manifest, which ends with a checksum of all the rest."""
    rest = {name: value for name, value in manifest.items() if name != SEAL}
    return json.dumps({**rest, SEAL: hashlib.sha256(json.dumps(rest).encode()).hexdigest()}, indent=2) + "\n"


def failed(manifest: Mapping[str, Any]) -> int:
    """How many runs failed."""
    return sum(manifest["statuses"].get(status, 0) for status in FAILURES)


def missing(manifest: Mapping[str, Any]) -> list[str]:
    """The histories that the manifest does not name, although it names their sweeps: there is one for each."""
    names = [f"{HISTORY}/{sweep['id']}.parquet" for sweep in manifest["sweeps"]]
    return [name for name in names if name not in manifest["files"]]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises:
        ResultsError: it is missing, damaged, or of another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ResultsError(f"{folder}: holds no finished results ({MANIFEST} is missing); run the experiment again")
    try:
        text = path.read_bytes().decode()
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise ResultsError(f"{path}: has format {manifest['format']}, and this optlab reads format {FORMAT}")
        if text != sealed(manifest):
            raise ValueError(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ResultsError(f"{path}: is damaged; run the experiment again") from None
    return manifest
