"""Which files in a results folder are optlab's. Nothing else is written or removed, and no link is followed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from optlab.errors import ResultsError, UserError
from optlab.store import manifest as layout

FOLDERS = (layout.HISTORY, layout.TRAJECTORIES, layout.PLOTS)
"""The folders in a results folder."""

_TABLE = re.compile(rf"({layout.HISTORY}|{layout.TRAJECTORIES})/[0-9a-f]{{16}}\.parquet")
_PICTURE = re.compile(f"{layout.PLOTS}/{layout.PICTURE}")


def own(folder: Path) -> set[str]:
    """The names of the files in a folder that optlab made, and may replace and remove.

    They are those that the manifest at its place names, and the tables of sweeps, whose names are hashes. In former
    versions manifests named no pictures: there the names of pictures tell. Where the manifest cannot be read, the names
    of all files do, if the table of a sweep shows that optlab wrote to the folder.
    """
    files = {f"{inner}/{path.name}" for inner in FOLDERS for path in _files(folder / inner)}
    tables = {name for name in files if _TABLE.fullmatch(name)}
    by_name = tables | {name for name in files if _PICTURE.fullmatch(name)} | {layout.ERRORS_LOG}
    try:
        manifest = layout.read_sealed(folder / layout.MANIFEST)
    except (ResultsError, OSError):
        return by_name | {layout.MANIFEST, layout.RUNS, layout.SPEC} if tables else set()
    named = {
        layout.MANIFEST,
        *manifest["files"],
        *layout.pictures(manifest),
        *([layout.ERRORS_LOG] if layout.failed(manifest) else []),
    }
    return named | (tables if layout.PICTURES in manifest else by_name)


def _files(inner: Path) -> list[Path]:
    """The files in a folder that is no link; there are none where there is no folder."""
    if inner.is_symlink() or not inner.is_dir():
        return []
    return [path for path in inner.iterdir() if is_file(path)]


def is_file(path: Path) -> bool:
    """Whether there is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def check_free(folder: Path, names: Iterable[str], ours: Collection[str]) -> None:
    """Check that files can be written under their names.

    Raises:
        UserError: a link, or something else that is not optlab's, has one of the names.
    """
    for name in names:
        *folders, _ = Path(name).parts
        for inner in folders:
            _check_folder(folder / inner)
        path = folder / name
        _check_link(path)
        if os.path.lexists(path) and (name not in ours or not path.is_file()):
            raise _in_the_way(path)


def check_folders(folder: Path) -> None:
    """Check that nothing but folders has the names of the folders that optlab makes. Raises `UserError`."""
    for inner in FOLDERS:
        _check_folder(folder / inner)


def _check_folder(path: Path) -> None:
    _check_link(path)
    if os.path.lexists(path) and not path.is_dir():
        raise _in_the_way(path)


def _check_link(path: Path) -> None:
    if path.is_symlink():
        raise UserError(
            f"{path}: is a link, and optlab writes through none; remove it, or choose another folder (--out)"
        )


def _in_the_way(path: Path) -> UserError:
    return UserError(
        f"{path}: is in the way: optlab did not make it; move it elsewhere, or choose another folder (--out)"
    )
