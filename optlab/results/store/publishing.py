"""Publication: one atomic rename replaces earlier results by new ones.

1. A draft that is complete and on the disk is renamed to `NEXT`. From then on its files are the results, because
   readers look there first (`manifest.located`).
2. The files are moved to their final paths.
3. Files of the earlier results that the new results do not have are removed.
4. The manifest is moved last.

If the process is killed in between, the next writer continues from there. Each of these moves can be repeated.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from optlab.errors import DamagedResults, ResultsError, UserError
from optlab.markup.files import sync, sync_folder
from optlab.results.store.drafts import discard
from optlab.results.store.files import write_text
from optlab.results.store.lock import PUBLISHING, locked
from optlab.results.store.manifest import MANIFEST, NEXT, pictures, read_manifest, read_sealed, sealed
from optlab.results.store.ownership import FOLDERS, check_free, is_file, own

Manifest = Mapping[str, Any]


def publish(folder: Path, draft: Path, change: Callable[[Manifest | None], Manifest]) -> Manifest:
    """Publish the files of a draft as results. Returns the new manifest.

    Args:
        folder: the results folder.
        draft: the folder with the new files, which is within the results folder.
        change: makes the new manifest from the current one, or from None if there is none.

    Raises:
        UserError: a file or folder that optlab did not make has a name that is needed; nothing was changed.
        OSError: a move failed. If this happens after the rename, the new results are complete and are read, and the
            next writer moves the other files.
    """
    with locked(folder, PUBLISHING, wait=True):
        complete(folder)
        manifest = change(_current(folder))
        write_text(draft / MANIFEST, sealed(manifest))
        written = [path for path in sorted(draft.rglob("*")) if path.is_file()]
        check_free(folder, [path.relative_to(draft).as_posix() for path in written], own(folder))
        if os.path.lexists(folder / NEXT):
            raise UserError(
                f"{folder / NEXT}: exists already and has files that were not made by optlab; move it elsewhere"
            )
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
    """Whether some published files are not yet at their final paths."""
    return (folder / NEXT).is_dir() and not (folder / NEXT).is_symlink()


def complete(folder: Path) -> None:
    """Move all published files to their final paths. Call it under the lock `PUBLISHING`.

    Raises:
        UserError: a file or folder that optlab did not make has a name that is needed.
        ResultsError: a later version of optlab published the files, in another format.
    """
    if not is_pending(folder):
        return
    published = folder / NEXT
    try:
        manifest = read_sealed(published / MANIFEST)
    except (DamagedResults, FileNotFoundError):  # everything was moved already, or the manifest is damaged and invalid
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
        with suppress(OSError):  # the folder does not exist, or is not empty
            (folder / inner).rmdir()
    for inner in (*FOLDERS, ""):  # the moves reach the disk before the manifest
        if (folder / inner).is_dir() and not (folder / inner).is_symlink():
            sync_folder(folder / inner)
    os.replace(published / MANIFEST, folder / MANIFEST)
    sync_folder(folder)
    discard(published)


def _remove(folder: Path, name: str) -> None:
    path = folder / name
    if is_file(path) and not path.parent.is_symlink():
        path.unlink()
