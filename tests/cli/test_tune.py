"""`optlab tune`: the chosen settings, and the same experiment with wider ranges."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app
from optlab.results import analysis
from tests.digests import digest

EXPERIMENT = """\
name  = "hill"
steps = 50
seeds = 3

[record]
points = 0

[tuning]
trials = 16
seeds  = 2

[[problem]]
name  = "sphere"
start = "random"

[[optimizer]]
name = "gd"
lr   = { log_uniform = [1e-5, 1e-4] }   # far too small

[[optimizer]]
name = "momentum"
lr   = { log_uniform = [1e-4, 10.0] }
beta = 0.5
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    Path("plugins").mkdir()
    Path("hill.toml").write_text(EXPERIMENT, encoding="utf-8")

    def run(*arguments, code=0):
        result = CliRunner().invoke(app, [*map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    run("run", "hill.toml", "--no-plots", "-q")
    return run


def test_the_chosen_settings_are_shown(call):
    head, gd, momentum, hint = call("tune", "results/hill").splitlines()
    assert [word.strip() for word in head.split("  ") if word] == [
        *("problem", "optimizer", "chosen settings", "settings tried", "at the edge"),
    ]
    assert gd.split()[-2:] == ["16", "lr"]
    assert momentum.split()[-2:] == ["16", "-"]
    assert "optlab tune results/hill --extend" in hint


def test_extend_widens_runs_and_keeps_the_old_results(call, tmp_path):
    before = {path: digest(path) for path in Path("results/hill").rglob("*") if path.is_file()}
    assert "gd: lr log_uniform [1e-05, 0.0001] -> [1e-05, 0.001]" in call(
        "tune", "results/hill", "--extend", "--dry-run"
    )
    assert not Path("results/extended").exists()

    call("tune", "results/hill", "--extend", "--no-plots")
    assert {path: digest(path) for path in before} == before
    text = Path("results/extended/hill.toml").read_text(encoding="utf-8")
    assert text == EXPERIMENT.replace("[1e-5, 1e-4]", "[1e-5, 0.001]")
    new = optlab.load("results/extended/hill")
    assert new.manifest["name"] == "hill"

    again = call("tune", "results/hill", "--extend", "--no-plots")
    assert "nothing was computed: these results exist already" in again
    call("tune", "results/extended/hill", "--extend", "--no-plots", "--out", "wider")
    assert "[1e-5, 0.01]" in Path("wider/hill.toml").read_text(encoding="utf-8")
    call("tune", "wider/hill", "--extend", "--no-plots", "-q")  # until the best value is inside
    call("tune", "wider/extended/hill", "--extend", "--no-plots", "-q")
    assert Path("wider/extended-2/hill").exists()
    losses = [
        optlab.load(folder).runs.query("phase == 'judging' and label == 'gd'")["final_loss"].median()
        for folder in ("results/hill", "results/extended/hill", "wider/hill", "wider/extended/hill")
    ]
    assert losses == sorted(losses, reverse=True)


def test_another_experiment_is_not_replaced(call):
    Path("wider/hill").mkdir(parents=True)
    assert "wider: holds another experiment 'hill'" in call(
        "tune", "results/hill", "--extend", "--out", "wider", code=2
    )
    Path("results/extended/hill").mkdir(parents=True)
    call("tune", "results/hill", "--extend", "--no-plots", "-q")
    assert Path("results/extended-2/hill/runs.parquet").exists()


def test_nothing_to_extend_and_wrong_words(call):
    assert "write both" in call("tune", "results/hill", "--dry-run", code=2)
    assert "there is no such results folder" in call("tune", "results/hil", code=2)
    Path("hill.toml").write_text(EXPERIMENT.replace("[1e-5, 1e-4]", "[1e-4, 10.0]"), encoding="utf-8")
    call("run", "hill.toml", "--no-plots", "-q")
    assert "nothing to extend" in call("tune", "results/hill", "--extend")


def test_a_grid_without_tuning_is_extended_too(call):
    grid = EXPERIMENT.replace("[tuning]\ntrials = 16\nseeds  = 2\n", "")
    grid = grid.replace("{ log_uniform = [1e-5, 1e-4] }", "{ log = [1e-5, 1e-4], num = 4 }")
    Path("grid.toml").write_text(
        grid.replace("{ log_uniform = [1e-4, 10.0] }", "[0.1, 0.2]").replace('"hill"', '"grid"'), encoding="utf-8"
    )
    call("run", "grid.toml", "--no-plots", "-q")
    assert "gd: lr log [1e-05, 0.0001] -> [1e-05, 0.001], num 4 -> 7" in call(
        "tune", "results/grid", "--extend", "--dry-run"
    )


def test_edges_name_the_side(call):
    found = analysis.edges(optlab.load("results/hill").runs)
    assert found.to_dict("records") == [{"label": "gd", "name": "lr", "low": 0, "high": 1}]


def test_schedules_and_numbers_of_trials_share_a_range(call):
    several = EXPERIMENT.replace("trials = 16", "trials = [0, 8, 16]").replace('"hill"', '"several"')
    step = 'schedule = ["constant", { name = "step", every = { integers = [200, 300] } }]\n'
    several = several.replace('name = "gd"\n', f'name = "gd"\n{step}')
    Path("several.toml").write_text(several, encoding="utf-8")
    call("run", "several.toml", "--no-plots", "-q")
    said = call("tune", "results/several", "--extend", "--dry-run").splitlines()
    (line,) = [line for line in said if "lr log_uniform" in line and line.startswith("gd")]
    assert line == "gd, constant: lr log_uniform [1e-05, 0.0001] -> [1e-05, 0.001]"
    shown = call("tune", "results/several")
    assert "gd, constant, defaults" in shown
    assert "gd, step, 16 trials" in shown


def test_an_edge_in_the_rows_of_trials_is_not_widened(call):
    rows = (
        EXPERIMENT.replace('"hill"', '"rows"')
        + '\n[[optimizer]]\nname = "momentum"\ntrials = [{ lr = 1e-8 }, { lr = 1e-7 }, { lr = 1e-6 }]\n'
    )
    Path("rows.toml").write_text(rows, encoding="utf-8")
    call("run", "rows.toml", "--no-plots", "-q")
    said = call("tune", "results/rows", "--extend", "--dry-run")
    assert "momentum (2): lr is written in the rows of trials; write further rows or a range" in " ".join(said.split())
