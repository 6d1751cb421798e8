"""`optlab cache`: the runs that are kept for later experiments."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.options import Out

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
_BYTES = {"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def _amount(units: dict[str, float], example: str, text: str) -> float:
    """The amount that a text such as "30d" or "1 GB" says."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    if found is None or found[2] not in units:
        raise typer.BadParameter(f"{text!r} is not a number with one of {', '.join(units)}, such as {example}")
    return float(found[1]) * units[found[2]]


def _age(text: str) -> float:
    return _amount(_DAYS, "30d", text)


def _size(text: str) -> float:
    return _amount(_BYTES, "1GB", text)


def cache(
    out: Out = Path("results"),
    clear: Annotated[bool, typer.Option("--clear", help="Delete what is kept.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", parser=_age, metavar="AGE", help="Clear only what is older, such as 30d."),
    ] = None,
    larger_than: Annotated[
        float | None,
        typer.Option(
            "--larger-than", parser=_size, metavar="SIZE", help="Clear the oldest, until this is left, such as 1GB."
        ),
    ] = None,
) -> None:
    """List the runs that are kept for later experiments, or clear them.

    They are in the folder .optlab-cache in the folder of results. Clearing them changes no results.
    """
    from optlab.api.kept_runs import clear_kept, kept_runs
    from optlab.errors import UserError, counted

    if not clear and (older_than is not None or larger_than is not None):
        raise UserError("--older-than and --larger-than are for --clear")
    if clear:
        deleted = clear_kept(out, (older_than or 0.0) * 86_400, int(larger_than or 0))
        typer.echo(f"deleted {counted(len(deleted.files), 'file')}, {_megabytes(deleted.size)}")
    kept = kept_runs(out)
    for file in kept.files if not clear else ():
        typer.echo(f"{_megabytes(file.size):>12}  {file.age / 86_400:6.1f} days old  {file.path.name}")
    typer.echo(f"{counted(len(kept.files), 'file')}, {_megabytes(kept.size)} in {kept.folder}/")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
