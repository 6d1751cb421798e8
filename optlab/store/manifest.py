"""The manifest of a results folder: what is in it, and the checksum of each file and of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optlab.choices import FORMATS
from optlab.errors import DamagedResults, ResultsError
from optlab.records import FAILURES

FORMAT = 1
"""The version of this layout, in the manifest."""

MANIFEST, SPEC, RUNS, ERRORS_LOG = "manifest.json", "spec.toml", "runs.parquet", "errors.log"
HISTORY, TRAJECTORIES, PLOTS = "history", "trajectories", "plots"
PICTURE = rf"(contour|loss|lr|basins|stability|extra)_[^/]*\.({'|'.join(FORMATS)})"
"""The names of pictures, as a regular expression. Those that plugins draw are called extra_NAME."""
PICTURES, DRAWN = "pictures", "drawn"
"""Keys of the manifest: the checksums of the pictures, and the formats of which all pictures were drawn. Manifests
that were written before there were these keys are read as well."""
SEAL = "checksum"
"""The last key of the manifest."""

NEXT = ".optlab-next"
"""The folder of published files that are not yet at their places; see `publishing`."""


def located(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a file of the results is: at the first of these places that has one.

    A published file is moved from the first to the second, so whoever looks in this order finds it at any time.
    """
    return folder / NEXT / name, folder / name


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


def pictures(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The checksums of the pictures by their names."""
    return dict(manifest.get(PICTURES, {}))


def are_same(manifest: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two manifests are of the same results. Other pictures and another text of the same experiment do not
    matter; nor does that an experiment was run again, and came to the same: only the seconds in its runs are others."""

    def results(of: Mapping[str, Any]) -> Any:
        files = {name: sum_ for name, sum_ in of["files"].items() if name not in (SPEC, RUNS)}
        return of.get("experiment"), of["statuses"], files

    return results(manifest) == results(other)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the results in a folder.

    Raises:
        ResultsError: it is missing, damaged, or of another format.
    """
    for path in located(folder, MANIFEST):
        if path.is_file():
            try:
                return read_sealed(path)
            except FileNotFoundError:  # it was moved to its place just now
                continue
    what = f"{folder}: holds no finished results ({MANIFEST} is missing)"
    if any((folder / HISTORY).glob("*.parquet")):  # it was there once
        raise DamagedResults(what)
    raise ResultsError(f"{what}; run the experiment again")


def read_sealed(path: Path) -> dict[str, Any]:
    """The manifest in a file.

    Raises:
        ResultsError: it is damaged, or of another format.
    """
    content = path.read_bytes()
    try:
        text = content.decode()
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise ResultsError(f"{path}: has format {manifest['format']}, and this optlab reads format {FORMAT}")
        if text != sealed(manifest):
            raise ValueError(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedResults(f"{path}: is damaged") from None
    return manifest
