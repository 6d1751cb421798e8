"""The manifest of a results folder: the names of its files, and the checksum of each file and of the manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optlab.errors import DamagedResults, ResultsError
from optlab.execution.records import FAILURES
from optlab.experiments.choices import FORMATS
from optlab.experiments.choices import PICTURES as KINDS

FORMAT = 1
"""The version of this layout, in the manifest."""

MANIFEST, SPEC, RUNS, ERRORS_LOG = "manifest.json", "spec.toml", "runs.parquet", "errors.log"
SOURCES = "sources.json"
"""The files of plugins that are not built in, see `optlab.results.sharing.sources`."""
HISTORY, TRAJECTORIES, PLOTS = "history", "trajectories", "plots"
REPORT = "report.html"
PICTURE = rf"({'|'.join(KINDS)})_[^/]*\.({'|'.join(FORMATS)})"
"""The names of pictures, as a regular expression. Pictures that plugins draw have names extra_NAME."""
PICTURES, DRAWN = "pictures", "drawn"
"""Keys of the manifest: the checksums of the pictures and of the report, and the formats in which all pictures were
drawn. Older manifests without these keys are read as well."""
SEAL = "checksum"
"""The last key of the manifest."""

NEXT = ".optlab-next"
"""The folder of published files that are not yet at their places; see `publishing`."""


def located(folder: Path, name: str) -> tuple[Path, Path]:
    """The two possible paths of a file of the results. The first one that exists is valid.

    A published file is moved from the first path to the second. A reader that tries them in this order always finds it.
    """
    return folder / NEXT / name, folder / name


def sealed(manifest: Mapping[str, Any]) -> str:
    """The text of a manifest. Its last key is the checksum of all other keys."""
    rest = {name: value for name, value in manifest.items() if name != SEAL}
    return json.dumps({**rest, SEAL: hashlib.sha256(json.dumps(rest).encode()).hexdigest()}, indent=2) + "\n"


def outcomes(manifest: Mapping[str, Any]) -> str:
    """How many runs ended with which status, and how many of them stopped early.

    >>> outcomes({"statuses": {"done": 3000, "diverged": 1, "error": 0}, "stopped": {"loss": 5, "seconds": 1}})
    '3,000 done (5 stopped at a loss, 1 at a number of seconds), 1 diverged'
    """
    early = [f"{n:,} at {_LIMITS[reason]}" for reason, n in manifest.get("stopped", {}).items() if n]
    notes = {"done": f" ({', '.join(early).replace(' at ', ' stopped at ', 1)})"} if early else {}
    return ", ".join(f"{n:,} {name}{notes.get(name, '')}" for name, n in manifest["statuses"].items() if n)


_LIMITS = {"loss": "a loss", "gradient_norm": "a gradient norm", "seconds": "a number of seconds"}


def failed(manifest: Mapping[str, Any]) -> int:
    """How many runs failed."""
    return sum(manifest["statuses"].get(status, 0) for status in FAILURES)


def missing(manifest: Mapping[str, Any]) -> list[str]:
    """The histories that are not in the manifest although their sweeps are. Each sweep has one history."""
    names = [f"{HISTORY}/{sweep['id']}.parquet" for sweep in manifest["sweeps"]]
    return [name for name in names if name not in manifest["files"]]


def pictures(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The checksum of each picture, and of the report, by name."""
    return dict(manifest.get(PICTURES, {}))


def are_same(manifest: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two manifests describe the same results.

    Pictures and the text of the experiment may differ. The table of runs may differ too, because a repeated run with
    equal results takes a different time.
    """

    def results(manifest: Mapping[str, Any]) -> Any:
        files = {name: sum_ for name, sum_ in manifest["files"].items() if name not in (SPEC, RUNS)}
        return manifest.get("experiment"), manifest["statuses"], files

    return results(manifest) == results(other)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the results in a folder.

    Raises:
        ResultsError: the manifest is missing, damaged, or of another format.
    """
    for path in located(folder, MANIFEST):
        if path.is_file():
            try:
                return read_sealed(path)
            except FileNotFoundError:  # it was moved to its place just now
                continue
    what = f"{folder}: holds no finished results ({MANIFEST} is missing)"
    if any((folder / HISTORY).glob("*.parquet")):  # the folder had a manifest before
        raise DamagedResults(what)
    raise ResultsError(f"{what}; run the experiment again")


def read_sealed(path: Path) -> dict[str, Any]:
    """The manifest in a file.

    Raises:
        ResultsError: the manifest is damaged, or of another format.
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
