"""Which files in a results folder optlab made. No other file is overwritten or removed, and no link is followed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from optlab.errors import ResultsError, UserError
from optlab.results.store import manifest as layout

FOLDERS = (layout.HISTORY, layout.TRAJECTORIES, layout.PLOTS)
"""The folders in a results folder."""

_TABLE = re.compile(rf"({layout.HISTORY}|{layout.TRAJECTORIES})/[0-9a-f]{{16}}\.parquet")
_PICTURE = re.compile(f"{layout.PLOTS}/{layout.PICTURE}")


def own(folder: Path) -> set[str]:
    """The names of the files in a folder that optlab made, and may replace and remove.

    These are the files named in the manifest, and the tables of sweeps, whose names are hashes. Manifests of earlier
    versions do not name the pictures, so that pictures are recognised by their names. If the manifest cannot be read,
    all files are recognised by their names, provided that the table of a sweep shows that optlab wrote to the folder.
    """
    files = {f"{inner}/{path.name}" for inner in FOLDERS for path in _files(folder / inner)}
    tables = {name for name in files if _TABLE.fullmatch(name)}
    by_name = tables | {name for name in files if _PICTURE.fullmatch(name)} | {layout.ERRORS_LOG}
    try:
        manifest = layout.read_sealed(folder / layout.MANIFEST)
    except (ResultsError, OSError):
        return by_name | {layout.MANIFEST, layout.RUNS, layout.SPEC, layout.SOURCES, layout.REPORT} if tables else set()
    named = {
        layout.MANIFEST,
        *manifest["files"],
        *layout.pictures(manifest),
        *([layout.ERRORS_LOG] if layout.failed(manifest) else []),
    }
    return named | (tables if layout.PICTURES in manifest else by_name)


def _files(inner: Path) -> list[Path]:
    """The files in a folder. There are none if the folder does not exist or is a link."""
    if inner.is_symlink() or not inner.is_dir():
        return []
    return [path for path in inner.iterdir() if is_file(path)]


def is_file(path: Path) -> bool:
    """Whether the path is a regular file and not a link."""
    return path.is_file() and not path.is_symlink()


def check_free(folder: Path, names: Iterable[str], ours: Collection[str]) -> None:
    """Check that files can be written under these names.

    Raises:
        UserError: one of the names is a link, or a file or folder that optlab did not make.
    """
    for name in names:
        *folders, _ = Path(name).parts
        for inner in folders:
            _check_folder(folder / inner)
        path = folder / name
        _check_link(path)
        if os.path.lexists(path) and (name not in ours or not path.is_file()):
            raise _name_taken(path)


def check_folders(folder: Path) -> None:
    """Check that the names of the folders that optlab makes are free or folders. Raises `UserError`."""
    for inner in FOLDERS:
        _check_folder(folder / inner)


def _check_folder(path: Path) -> None:
    _check_link(path)
    if os.path.lexists(path) and not path.is_dir():
        raise _name_taken(path)


def _check_link(path: Path) -> None:
    if path.is_symlink():
        raise UserError(
            f"{path}: is a link, and optlab does not write through links; remove it, or choose another folder (--out)"
        )


def _name_taken(path: Path) -> UserError:
    return UserError(
        f"{path}: exists already and was not made by optlab; move it elsewhere, or choose another folder (--out)"
    )
