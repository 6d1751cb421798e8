"""How an experiment is run and drawn: the options that every command has which runs one, and what it does then."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from optlab.choices import FORMATS
from optlab.cli.guard import FAILED
from optlab.cli.options import (
    NoPlots,
    OnBackend,
    Only,
    Out,
    PictureFormat,
    Plugins,
    Quiet,
    Top,
    folders,
)

if TYPE_CHECKING:
    from optlab.pipeline import Job
    from optlab.registry import Registry


@dataclass(frozen=True)
class Running:
    """The options of a run."""

    out: Out = Path("results")
    plugins: Plugins = field(default_factory=list)
    no_plots: NoPlots = False
    format: PictureFormat = FORMATS[0]
    backend: OnBackend = None
    quiet: Quiet = False
    only: Only = field(default_factory=list)
    top: Top = None

    def as_options(self) -> list[str]:
        """The same as words of a command line."""
        options = [f"--out={self.out}", f"--format={self.format}"]
        options += [f"--plugins={folder}" for folder in self.plugins]
        options += [f"--only={label}" for label in self.only] + [f"--top={self.top}"] * (self.top is not None)
        options += [f"--backend={self.backend}"] if self.backend else []
        return options + ["--no-plots"] * self.no_plots + ["--quiet"] * self.quiet

    def prepared(
        self,
        experiment: Path | Mapping[str, Any],
        known: Registry | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Job:
        """An experiment that was found to be right: a file, or the document that a command made, with the plugins
        if it has loaded them already.

        `typed` tells what is typed, for this command, in place of what messages say to write.
        """
        from optlab import pipeline
        from optlab.errors import SpecError, UserError

        try:
            return pipeline.prepare(experiment, self.out, known or folders(self.plugins), self.backend)
        except SpecError as error:
            if isinstance(experiment, Path):
                raise
            # nobody wrote that document: its places would say nothing, and what is wrong in each table is one mistake
            message = "\n".join(dict.fromkeys(mistake.message for mistake in error.mistakes))
            for written, option in (typed or {}).items():
                message = message.replace(written, option)
            raise UserError(message) from None

    def carry_out(self, job: Job, file: Path | None = None) -> None:
        """Run an experiment, which was read from a file if there is one, draw it, and say what came of it."""
        from optlab import pipeline
        from optlab.cli import outcome, show
        from optlab.cli.progress import progress
        from optlab.report.selection import Selection

        show.loaded(job.registry, self.plugins, self.quiet, file)
        format = None if self.no_plots else self.format
        selection = Selection(tuple(self.only), self.top)
        done = pipeline.carry_out(job, format, functools.partial(progress, quiet=self.quiet), selection)
        results = done.results
        if not self.quiet:
            outcome.tell(done, job.plan)
            if format is not None:
                show.boxes(results)
        if results.failed:
            outcome.failures(results)
        if done.undrawn is not None:
            raise done.undrawn
        if results.failed:
            raise typer.Exit(FAILED)


_TYPES = get_type_hints(Running, include_extras=True)
_OPTIONS = [
    inspect.Parameter(
        one.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=one.default if one.default_factory is MISSING else one.default_factory(),
        annotation=_TYPES[one.name],
    )
    for one in fields(Running)
]


def runs(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `running` is, for Typer, an option for each field of `Running`."""
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        by_name = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += _OPTIONS if parameter.name == "running" else [by_name]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        running = Running(**{option.name: given.pop(option.name) for option in _OPTIONS})
        command(**given, running=running)

    run.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
