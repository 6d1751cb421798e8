"""Zip files whose bytes depend on their contents only. Reading one refuses everything that could do harm.

The members are sorted by name, have one date and are not compressed: tables and pictures are compressed already, and
compressed bytes would depend on the version of zlib.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from optlab.errors import ResultsError, UserError, counted, file_errors_name
from optlab.results.sharing.sources import is_inside

DATE = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can hold."""
MOST_TIMES = 200
"""The most times the size of the file that its members may have together. Texts may be compressed by other programs."""
_BLOCK = 1 << 20


def write(path: Path, members: Mapping[str, bytes | Path]) -> None:
    """Write a zip file, in place of an earlier one. It appears complete or not at all.

    Args:
        members: the content of each member by its name, or the file that has it.
    """
    with file_errors_name(path):
        handle, draft = tempfile.mkstemp(prefix=".optlab-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                    for name, content in sorted(members.items()):
                        _add(archive, name, content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(draft, 0o666 & ~_umask())
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, DATE)
    info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16  # as on Unix, on any system
    info.file_size = content.stat().st_size if isinstance(content, Path) else len(content)
    with archive.open(info, "w") as member:
        if isinstance(content, bytes):
            member.write(content)
            return
        with content.open("rb") as file:
            while block := file.read(_BLOCK):
                member.write(block)


def _umask() -> int:
    """The bits that new files lack. Python can only read them by setting them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def extract(path: Path, folder: Path, known: re.Pattern[str]) -> list[str]:
    """Write the members of a zip file into a folder. Returns their names.

    Args:
        known: the names that members may have.

    Raises:
        UserError: there is no such file.
        ResultsError: it is no zip file, is damaged, or has a member that is refused: a name that leads outside of the
            folder or is not known, a name that occurs twice, a link, an encrypted member, or sizes that are larger than
            results can be.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _check(path, infos, known)
            for info in infos:
                _write(archive, info, folder / info.filename)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # it means a place before the file's beginning
            raise
        raise ResultsError(f"{path}: is no zip file, or is damaged ({error}); get it again") from None
    return [info.filename for info in infos]


def _check(path: Path, infos: Collection[zipfile.ZipInfo], known: re.Pattern[str]) -> None:
    size, seen = path.stat().st_size, set[str]()
    for info in infos:
        if why := _refusal(info, known) or ("occurs twice" if info.filename in seen else ""):
            raise ResultsError(f"{path}: is refused: its member {info.orig_filename!r} {why}")
        seen.add(info.filename)
    whole, packed = (sum(getattr(info, name) for info in infos) for name in ("file_size", "compress_size"))
    if packed > size or whole > MOST_TIMES * size:
        what = f"{counted(whole, 'byte')} in a file of {size:,}"
        raise ResultsError(f"{path}: is refused: its members claim {what}, which no results have")


def _refusal(info: zipfile.ZipInfo, known: re.Pattern[str]) -> str:
    """Why a member is refused, as the end of a sentence, or an empty text."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not is_inside(info.orig_filename):
        return "leads outside of the folder, or is a folder"
    if kind not in (0, stat.S_IFREG):
        return "is a link" if kind == stat.S_IFLNK else "is no regular file"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in an unusual way"
    return "" if known.fullmatch(info.orig_filename) else "is no file of results"


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    """Write a member to a file. No more is read than its declared size, and its checksum is compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as member, path.open("xb") as file:
        while block := member.read(min(_BLOCK, left + 1)):
            left -= len(block)
            file.write(block)
    if left:
        raise zipfile.BadZipFile(f"{info.filename} is shorter than it claims")
