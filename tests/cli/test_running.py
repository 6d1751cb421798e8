"""The options of a run: the same ones for every command that runs an experiment."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from optlab.cli.app import app
from optlab.cli.running import Running, runs

FULL = Running(Path("elsewhere"), [Path("mine"), Path("yours")], True, "svg", "replay", True, ["a b"], 3)


@pytest.mark.parametrize("words", [[], FULL.as_options()])
def test_options_are_parsed_from_words_and_written_as_words(words):
    seen = []

    @runs
    def command(name: str, *, running: Running, more: bool = False) -> None:
        seen.append((name, running, more))

    own = typer.Typer()
    own.command()(command)
    result = CliRunner().invoke(own, ["himmelblau", "--more", *words])
    assert result.exit_code == 0, result.output
    assert seen == [("himmelblau", FULL if words else Running(), True)]
    assert CliRunner().invoke(own, ["himmelblau", "--running", "x"]).exit_code == 2


def test_every_command_that_runs_has_these_options():
    commands = get_command(app).commands
    names = list(vars(Running()))
    found = [
        [(p.name, p.opts, p.default, p.help) for p in commands[name].params if p.name in names]
        for name in ("run", "basins", "stability", "race")
    ]
    assert [name for name, *_ in found[0]] == names
    assert all(options == found[0] for options in found)
