"""Options and steps of every command that runs an experiment."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from optlab.cli.guard import FAILED
from optlab.cli.option_groups import with_options
from optlab.cli.options import (
    NoPlots,
    OnBackend,
    OnExecutor,
    Only,
    Out,
    PictureFormat,
    Plugins,
    Quiet,
    Scheduler,
    Top,
    Workers,
    folders,
)
from optlab.experiments.choices import FORMATS

if TYPE_CHECKING:
    from optlab.api.pipeline import Job
    from optlab.plugins.registry import Registry


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
    executor: OnExecutor = ""
    workers: Workers = None
    scheduler: Scheduler = ""

    def as_options(self) -> list[str]:
        """These options as words of a command line."""
        options = [f"--out={self.out}", f"--format={self.format}"]
        options += [f"--plugins={folder}" for folder in self.plugins]
        options += [f"--only={label}" for label in self.only] + [f"--top={self.top}"] * (self.top is not None)
        options += [f"--backend={self.backend}"] if self.backend else []
        named = {"executor": self.executor, "workers": self.workers, "scheduler": self.scheduler}
        options += [f"--{name}={value}" for name, value in named.items() if value]
        return options + ["--no-plots"] * self.no_plots + ["--quiet"] * self.quiet

    def prepared(
        self,
        experiment: Path | Mapping[str, Any],
        known: Registry | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Job:
        """Check and plan an experiment.

        Args:
            experiment: a file, or the document that a command made.
            known: the registry, if it is loaded already.
            typed: replacements in messages, from what they say to write in a file to the option of this command.

        Raises:
            UserError: the experiment has a mistake.
        """
        from optlab.api import pipeline
        from optlab.execution.executors.protocol import Asked

        with nullcontext() if isinstance(experiment, Path) else as_typed(typed or {}):
            asked = Asked(self.executor, self.workers, self.scheduler)
            return pipeline.prepare(experiment, self.out, known or folders(self.plugins), self.backend, asked)

    def carry_out(self, job: Job, file: Path | None = None) -> None:
        """Run an experiment, draw it, and print the outcome. `file` is the experiment file, if there is one."""
        from optlab.api import pipeline
        from optlab.cli import outcome, show
        from optlab.cli.progress import notice, progress
        from optlab.results.selection import Selection

        show.loaded(job.registry, self.plugins, self.quiet, file)
        format = None if self.no_plots else self.format
        selection = Selection(tuple(self.only), self.top)
        watched, notify = functools.partial(progress, quiet=self.quiet), functools.partial(notice, quiet=self.quiet)
        done = pipeline.carry_out(job, format, watched, selection, notify)
        results = done.results
        if not self.quiet:
            outcome.print_outcome(done, job.plan)
            if format is not None:
                show.boxes(results)
        if results.failed:
            outcome.failures(results)
        if done.drawing_error is not None:
            raise done.drawing_error
        if results.failed:
            raise typer.Exit(FAILED)


OTHER_KINDS = {
    "it is an optimizer": "it is an optimizer; write it after --optimizer",
    "it is a schedule": "it is a schedule; write it with an optimizer, as in 'gd lr=0.1 schedule=cosine'",
    "it is a dataset": "it is a dataset; write it with a problem, as in 'mlp dataset=moons'",
}
"""Where the commands with problems and `--optimizer` take names that were given in the wrong place, see `as_typed`."""


@contextmanager
def as_typed(typed: Mapping[str, str]) -> Iterator[None]:
    """Show the mistakes of a document that a command made. The user did not write it: its lines mean nothing, and a
    mistake in every table is one mistake.

    Args:
        typed: replacements in messages, see `Running.prepared`.

    Raises:
        UserError: the document has a mistake.
    """
    from optlab.errors import SpecError, UserError

    try:
        yield
    except SpecError as error:
        message = "\n".join(dict.fromkeys(mistake.message for mistake in error.mistakes))
        for written, option in typed.items():
            message = message.replace(written, option)
        raise UserError(message) from None


runs = with_options("running", Running)
"""The decorator of commands that run an experiment. Such a command takes `running`."""
