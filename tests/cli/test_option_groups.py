"""Groups of options: `rank` and `score` have the same ones for others' results."""

from __future__ import annotations

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from optlab.cli.app import app
from optlab.cli.sources import OthersResults, judges

WORDS = ["--table", "t.csv", "--solver", "s", "--problem", "p", "--seed", "n", "--cost", "c", "--group", "g"]
WORDS += ["--better", "higher", "--target", "1e-8"]


def test_a_command_receives_the_options_as_one_object():
    seen = []

    @judges
    def command(*, others: OthersResults, more: bool = False) -> None:
        seen.append((others, more))

    own = typer.Typer()
    own.command()(command)
    assert CliRunner().invoke(own, []).exit_code == 0
    assert CliRunner().invoke(own, [*WORDS, "--more"]).exit_code == 0
    (without, _), (others, more) = seen
    assert without == OthersResults()
    assert [str(value) for value in vars(others).values()] == ["t.csv", "s", "['p']", "n", "c", "g", "higher", "1e-08"]
    assert more


@pytest.mark.parametrize("name", ["rank", "score"])
def test_the_options_are_in_the_place_of_the_parameter(name):
    names = [parameter.name for parameter in get_command(app).commands[name].params]
    group = list(vars(OthersResults()))
    begin = names.index("table")
    assert names[begin : begin + len(group)] == group
    assert "others" not in names
