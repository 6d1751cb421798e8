"""What a command judges: a folder of results, or others' results in a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from optlab.cli.option_groups import with_options
from optlab.cli.options import (
    Better,
    CostColumn,
    GroupColumn,
    ProblemColumn,
    SeedColumn,
    SolverColumn,
    TableFile,
    Target,
)

if TYPE_CHECKING:
    from optlab.results.imported.table import TableResults


TABLES = (".csv", ".tsv", ".txt", ".parquet")
"""The endings of the usual files with tables."""


@dataclass(frozen=True)
class OthersResults:
    """The options for others' results."""

    table: TableFile = None
    solver: SolverColumn = None
    problem: ProblemColumn = field(default_factory=list)
    seed: SeedColumn = None
    cost: CostColumn = None
    group: GroupColumn = None
    better: Better = None
    target: Target = None

    def unless(self, results: Path | None, takes_problems: bool = False) -> Path | TableResults:
        """The folder of results, or the results in the table. `takes_problems`: whether `problem` may be problems of
        the folder.

        Raises:
            UserError: there is neither a folder nor a table, or both, or an option is for the other one.
        """
        from optlab.errors import UserError

        names = ("solver", "problem", "seed", "cost", "group")
        problem = self.problem[0] if self.problem else None
        columns: dict[str, str | None] = {name: getattr(self, name) for name in names} | {"problem": problem}
        if self.table is not None and len(self.problem) > 1:
            raise UserError("--problem: names the one column of a --table that says which problem a row is about")
        if self.table is not None and results is None:
            from optlab.results.imported import loading

            return loading.load(self.table, columns, self.target, self.better)
        if results is None:
            raise UserError("write a folder of results, such as results/sgd_vs_adam, or a file with --table FILE.csv")
        if self.table is not None:
            raise UserError(f"write either the folder {results} or --table {self.table}, not both")
        if results.is_file() and results.suffix.lower() in TABLES:
            raise UserError(f"{results}: is a file and no folder of results; for a table write --table {results}")
        if results.is_dir() and not (results / "manifest.json").exists():
            from optlab.results.imported import folders

            if format := folders.format_of(results):
                raise UserError(f"{results}: is a folder of {format} and no folder of results; write --table {results}")
        roles = {**columns, "target": self.target, "better": self.better}
        if takes_problems:
            del roles["problem"]
        given = [f"--{role}" for role, value in roles.items() if value is not None]
        if given:
            raise UserError(f"{given[0]}: is for a --table; a folder of results needs none")
        return results


judges = with_options("others", OthersResults)
"""The decorator of commands with these options. Such a command takes `others`."""
