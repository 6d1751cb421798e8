"""Publication: new files take the place of earlier ones by one rename.

A draft, complete and on the disk, is renamed to `NEXT`. From this instant on its files are the results: whoever reads
looks there first (`manifest.located`). Then they are moved to their places, the files of the earlier results that are
none of the new ones are removed, and the manifest is moved last. If the process dies on the way, the next one that
writes goes on from there; each of these moves can be made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from optlab.errors import ResultsError, UserError
from optlab.store.drafts import discard
from optlab.store.files import sync, sync_folder, write_text
from optlab.store.lock import PUBLISHING, locked
from optlab.store.manifest import MANIFEST, NEXT, pictures, read_manifest, read_sealed, sealed
from optlab.store.ownership import FOLDERS, check_free, is_file, own

Manifest = Mapping[str, Any]


def publish(folder: Path, draft: Path, change: Callable[[Manifest | None], Manifest]) -> Manifest:
    """Make the files of a draft those of the results, with what `change` makes of the manifest that is there, if any.

    Returns the new manifest.

    Raises:
        UserError: something that optlab did not make is in the way; nothing was changed.
        OSError: after the rename, the new results are whole and are read, and the next writer moves the rest.
    """
    with locked(folder, PUBLISHING, wait=True):
        complete(folder)
        manifest = change(_current(folder))
        write_text(draft / MANIFEST, sealed(manifest))
        written = [path for path in sorted(draft.rglob("*")) if path.is_file()]
        check_free(folder, [path.relative_to(draft).as_posix() for path in written], own(folder))
        if os.path.lexists(folder / NEXT):
            raise UserError(f"{folder / NEXT}: is in the way: it holds what optlab did not make; move it elsewhere")
        for path in written:
            sync(path)
        for inner in {path.parent for path in written}:
            sync_folder(inner)
        os.rename(draft, folder / NEXT)
        sync_folder(folder)
        complete(folder)
    return manifest


def _current(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ResultsError:
        return None


def is_pending(folder: Path) -> bool:
    """Whether published files are not yet at their places."""
    return (folder / NEXT).is_dir() and not (folder / NEXT).is_symlink()


def complete(folder: Path) -> None:
    """Move all published files to their places. Call it under the lock `PUBLISHING`.

    Raises:
        UserError: something that optlab did not make is in the way.
    """
    if not is_pending(folder):
        return
    published = folder / NEXT
    try:
        manifest = read_sealed(published / MANIFEST)
    except (ResultsError, FileNotFoundError):  # all was moved, or it is damaged and thereby none
        discard(published)
        return
    names = [*manifest["files"], *pictures(manifest)]
    waiting = [name for name in names if is_file(published / name)]
    earlier = own(folder)
    check_free(folder, [*waiting, MANIFEST], earlier)
    for name in waiting:
        (folder / name).parent.mkdir(exist_ok=True)
        os.replace(published / name, folder / name)
    for name in sorted(earlier - {*names, MANIFEST}):
        _remove(folder, name)
    for inner in FOLDERS:
        with suppress(OSError):  # it is not there, or not empty
            (folder / inner).rmdir()
    for inner in FOLDERS:
        if (folder / inner).is_dir() and not (folder / inner).is_symlink():
            sync_folder(folder / inner)
    os.replace(published / MANIFEST, folder / MANIFEST)
    discard(published)


def _remove(folder: Path, name: str) -> None:
    path = folder / name
    if is_file(path) and not path.parent.is_symlink():
        path.unlink()
