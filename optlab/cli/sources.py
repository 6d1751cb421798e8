"""What a command judges: a folder of results, or others' results in a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optlab.results.imported.table import TableResults


def chosen_source(
    results: Path | None,
    table: Path | None,
    columns: Mapping[str, str | None],
    target: float | None,
    better: str | None = None,
) -> Path | TableResults:
    """The folder of results, or the results in the table.

    Args:
        results: a folder of results.
        table: a file, or a folder of COCO or IOH.
        columns: the names of the columns of the table, by role.
        target: the target of a folder of COCO or IOH.
        better: whether lower or higher values in the table are better.

    Raises:
        UserError: there is neither a folder nor a table, or both, or an option is for the other one.
    """
    from optlab.errors import UserError

    if table is not None and results is None:
        from optlab.results.imported import loading

        return loading.load(table, columns, target, better)
    if results is None or table is not None:
        raise UserError("write a folder of results, such as results/sgd_vs_adam, or a file with --table FILE.csv")
    given = [f"--{role}" for role, name in {**columns, "target": target, "better": better}.items() if name is not None]
    if given:
        raise UserError(f"{given[0]}: is for a --table; a folder of results needs none")
    return results
