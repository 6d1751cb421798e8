"""Options and steps of every command that runs an experiment."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from optlab.cli.guard import FAILED
from optlab.cli.options import NoPlots, OnBackend, Only, Out, PictureFormat, Plugins, Quiet, Top, folders
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

    def as_options(self) -> list[str]:
        """These options as words of a command line."""
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
        """Check and plan an experiment.

        Args:
            experiment: a file, or the document that a command made.
            known: the registry, if it is loaded already.
            typed: replacements in messages, from what they say to write in a file to the option of this command.

        Raises:
            UserError: the experiment has a mistake.
        """
        from optlab.api import pipeline
        from optlab.errors import SpecError, UserError

        try:
            return pipeline.prepare(experiment, self.out, known or folders(self.plugins), self.backend)
        except SpecError as error:
            if isinstance(experiment, Path):
                raise
            # the user did not write this document: its lines mean nothing, and a mistake in every table is one mistake
            message = "\n".join(dict.fromkeys(mistake.message for mistake in error.mistakes))
            for written, option in (typed or {}).items():
                message = message.replace(written, option)
            raise UserError(message) from None

    def carry_out(self, job: Job, file: Path | None = None) -> None:
        """Run an experiment, draw it, and print the outcome. `file` is the experiment file, if there is one."""
        from optlab.api import pipeline
        from optlab.cli import outcome, show
        from optlab.cli.progress import progress
        from optlab.results.selection import Selection

        show.loaded(job.registry, self.plugins, self.quiet, file)
        format = None if self.no_plots else self.format
        selection = Selection(tuple(self.only), self.top)
        done = pipeline.carry_out(job, format, functools.partial(progress, quiet=self.quiet), selection)
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


_TYPES = get_type_hints(Running, include_extras=True)
_OPTIONS = [
    inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default if option.default_factory is MISSING else option.default_factory(),
        annotation=_TYPES[option.name],
    )
    for option in fields(Running)
]


def runs(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameter `running`, in the signature that Typer reads, by one option per field of `Running`."""
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        by_name = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += _OPTIONS if parameter.name == "running" else [by_name]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        running = Running(**{parameter.name: given.pop(parameter.name) for parameter in _OPTIONS})
        command(**given, running=running)

    run.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
