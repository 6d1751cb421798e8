"""Results in one file: the tables, the experiment file, the files of plugins, the report and the manifest.

Pictures are left out, because they can be drawn again. The manifest has the versions and the checksum of every member.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optlab.errors import DamagedResults, ResultsError
from optlab.results import store
from optlab.results.sharing import archive
from optlab.results.store import manifest as layout
from optlab.results.store.files import checksum

_TABLES = rf"({layout.HISTORY}|{layout.TRAJECTORIES})/[0-9a-f]{{16}}\.parquet"
_TOP = (layout.MANIFEST, layout.SPEC, layout.RUNS, layout.ERRORS_LOG, layout.SOURCES, layout.REPORT)
KNOWN = re.compile(rf"{_TABLES}|{'|'.join(map(re.escape, _TOP))}")
"""The names of the members."""
_NEEDED: Mapping[str, type] = {"name": str, "experiment": str, "statuses": dict, "runs": int, "sweeps": list,
                               "files": dict, "hashes": dict, "versions": dict}  # fmt: skip
"""The keys of a manifest that are read everywhere, with their types."""
_OF_SWEEP = {"id", "label", "cases", "runs", "backend"}
"""Those of each sweep."""


def pack(results: store.Results, path: Path, report: Path | bytes) -> None:
    """Write results as a packed file. `report` is the report, or the file that has it."""
    members: dict[str, bytes | Path] = {name: results.file(name) for name in results.manifest["files"]}
    with tempfile.TemporaryDirectory() as folder:
        page = report if isinstance(report, Path) else Path(folder, layout.REPORT)
        if isinstance(report, bytes):
            page.write_bytes(report)
        about = {**results.manifest, layout.PICTURES: {layout.REPORT: checksum(page)}, layout.DRAWN: []}
        members |= {layout.REPORT: page, layout.MANIFEST: layout.sealed(about).encode()}
        archive.write(path, members)


def unpack(path: Path, folder: Path) -> store.Results:
    """The results in a packed file, written into a folder. Every checksum is compared.

    Raises:
        ResultsError: the file is damaged, or a member of it is refused; see `archive.extract`.
    """
    names = {*archive.extract(path, folder, KNOWN)}
    try:
        manifest = layout.read_manifest(folder)
        _check(path, manifest, names)
        results = store.load(folder)
    except RecursionError:
        raise ResultsError(f"{path}: is refused: its manifest is nested too deeply") from None
    except DamagedResults as error:
        raise ResultsError(f"{_named(error.what, folder, path)}; get the file again") from None
    except ResultsError as error:
        raise ResultsError(_named(str(error), folder, path)) from None
    if not results.has_report():
        raise ResultsError(f"{path}: {layout.REPORT} is damaged; get the file again")
    return results


def _named(message: str, folder: Path, path: Path) -> str:
    """A message with the packed file in place of the temporary folder."""
    return message.replace(f"{folder}/", f"{path}: ").replace(f"{folder}", f"{path}")


def _check(path: Path, manifest: Mapping[str, Any], names: set[str]) -> None:
    """Check that the manifest names all members and no others."""
    for key, kind in _NEEDED.items():
        if not isinstance(manifest.get(key), kind):
            raise ResultsError(f"{path}: its manifest has no {key}, so that it was not packed by optlab")
    for sweep in manifest["sweeps"]:
        if not isinstance(sweep, dict) or not sweep.keys() >= _OF_SWEEP:
            raise ResultsError(f"{path}: a sweep in its manifest lacks a key, so that it was not packed by optlab")
    told = {*manifest["files"], *layout.pictures(manifest), layout.MANIFEST}
    for name in sorted(told - names):
        raise ResultsError(f"{path}: its manifest names {name!r}, which is missing; get the file again")
    for name in sorted(names - told):
        raise ResultsError(f"{path}: is refused: its manifest does not name its member {name!r}")


def unpacked(path: Path) -> store.Results:
    """The results in a packed file, written into a temporary folder; see `unpack` and `remove_with`."""
    folder = Path(tempfile.mkdtemp(prefix="optlab-"))
    try:
        return unpack(path, folder)
    except BaseException:
        remove(folder)
        raise


def remove(folder: Path) -> None:
    """Remove a temporary folder."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_with(results: store.Results) -> None:
    """Remove the folder of results when this object is removed, or at the end of the process."""
    weakref.finalize(results, remove, results.folder)
