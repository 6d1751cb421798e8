"""The table of ranks and the command `optlab rank`: groups, intervals, sentences about doubt, and formats."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli import ranks, tables
from optlab.cli.app import app
from optlab.results.analysis import Judged

EXPERIMENT = """\
name = "e"
steps = 60
seeds = 6
[[problem]]
name = "mlp"
dataset = "xor"
batch_size = 8
[[problem]]
name = "sphere"
[[optimizer]]
name = "gd"
lr = [0.01, 0.1]
[[optimizer]]
name = "gd"
label = "slow"
lr = 1e-4
[[optimizer]]
name = "adam"
lr = 0.05
"""


def judged(*means, seeds=10, noise=1.0, by="final_loss", **columns):
    """The verdicts on a case for each row of means, with one label for each entry."""
    means = np.atleast_2d(np.array(means, dtype=float))
    rng = np.random.default_rng(0)
    losses = means[:, :, None] + noise * rng.random((*means.shape, seeds))
    case, label, seed = (part.ravel() for part in np.indices(losses.shape))
    runs = pd.DataFrame(
        {
            "run": range(losses.size), "case": [f"case {n}" for n in case], "label": [f"rule {n}" for n in label],
            "seed": seed, "hp.lr": 0.1, "status": "done", "first_loss": np.nan, "final_loss": losses.ravel(),
            "grad_evals": 10, **columns,
        }
    )  # fmt: skip
    return Judged.of(runs, by)


def printed(found, capsys, monkeypatch, width=200):
    monkeypatch.setenv("COLUMNS", str(width))
    ranks.print_rankings(tables.console(), found, {"sweeps": []})
    out = capsys.readouterr().out
    assert not [line for line in out.splitlines() if line.endswith(" ")]
    return out


def cells(out, label):
    """The cells of the first row of a label."""
    return next(line for line in out.splitlines() if f"  {label}  " in line).split()


def test_a_clear_first(capsys, monkeypatch):
    out = printed(judged([0, 5, 10]), capsys, monkeypatch)
    assert [cells(out, f"rule {n}")[0] for n in range(3)] == ["1", "2", "3"]
    assert ["yes" in cells(out, f"rule {n}") for n in range(3)] == [True, False, False]
    assert "rule 0 is better than all others, with 10 seeds (at the 5 % level)" in out
    assert "is an interval" not in out


def test_noise_is_shown_as_intervals_and_a_number_of_seeds(capsys, monkeypatch):
    out = printed(judged([0, 0.1, 0.2]), capsys, monkeypatch)
    assert cells(out, "rule 0")[0].startswith("1-")
    assert "could be first" in out.splitlines()[1]
    sentence = next(line for line in out.splitlines() if line.startswith("with 10 seeds"))
    assert "cannot be distinguished from rule" in sentence
    assert "seeds would distinguish" in sentence
    assert "a rank such as 1-3 is an interval" in out


def test_one_run_each_says_that_nothing_can_be_said(capsys, monkeypatch):
    out = printed(judged([0, 5], seeds=1), capsys, monkeypatch)
    assert "one run each: nothing can be said about how sure the order is" in out
    assert "could be first" not in out
    assert "90 % interval" not in out
    assert cells(out, "rule 0")[0] == "1"


@pytest.mark.parametrize(("seeds", "sentence"), [
    (2, "; 6 seeds or more would distinguish them"), (4, "seeds would distinguish them")
])  # fmt: skip
def test_few_seeds_distinguish_nothing(seeds, sentence, capsys, monkeypatch):
    out = printed(judged([0, 5], seeds=seeds), capsys, monkeypatch)
    assert f"with {seeds} seeds, rule 1 cannot be distinguished from rule 0" in out
    assert sentence in out


def test_very_many_optimizers_are_cut_to_the_first(capsys, monkeypatch):
    most = printed(judged(*[[*range(ranks.MOST_ROWS)]] * 2, noise=0.0), capsys, monkeypatch)
    assert "more optimizer" not in most
    assert f"  rule {ranks.MOST_ROWS - 1}  " in most
    more = printed(judged(*[[*range(ranks.MOST_ROWS + 1)]] * 2, noise=0.0), capsys, monkeypatch)
    assert more.count("and 41 more optimizers: optlab rank RESULTS --format markdown (or csv, json) has all") == 3
    assert more.count("  rule 19  ") == 3
    assert "  rule 20  " not in more


def test_equal_labels_need_no_seeds(capsys, monkeypatch):
    out = printed(judged([1, 1], noise=0.0), capsys, monkeypatch)
    assert "rule 0 and rule 1 are equal: no number of seeds distinguishes them" in out
    assert cells(out, "rule 0")[0] == "1="


def test_all_diverged(capsys, monkeypatch):
    out = printed(judged([1, 2], status="diverged"), capsys, monkeypatch)
    assert cells(out, "rule 0")[0] == "-"
    assert "none finite" in out
    assert "distinguished" not in out


def test_several_problems(capsys, monkeypatch):
    out = printed(judged(*[[0, 5, 10]] * 4), capsys, monkeypatch)
    head = out[out.index("over all 4 problems") :].splitlines()
    assert "90 % interval" in head[1]
    assert head[2].split() == ["1.00", "rule", "0", *["1.00", "to", "1.00", "4", "4", "of", "4", "0", "%"]]
    assert "the mean ranks differ (Friedman, p = 0.005); two of them differ if they are more than 1.66 apart" in out
    assert "the first is the same if any one problem is left out" in out


def test_gradients_are_the_median_of_the_judged_runs(capsys, monkeypatch):
    """With 5 runs of 10, 20, 30, 40 and 50 gradients, and 7 each of the other; the tuning runs have 1,000."""
    gradients = [50, 20, 30, 40, 10, *[7] * 5]
    runs = judged([0, 5], seeds=5, grad_evals=gradients).runs.assign(phase="judging")
    tuned = runs.assign(phase="tuning", run=runs["run"] + 10, grad_evals=1000)
    found = Judged.of(pd.concat([runs, tuned], ignore_index=True))
    assert found.gradients.tolist() == [30, 7]
    out = printed(found, capsys, monkeypatch)
    assert cells(out, "rule 0")[-3] == "30"
    assert cells(out, "rule 1")[-3] == "7"


def test_unequal_medians_do_not_look_equal(capsys, monkeypatch):
    """Equal ones, and those of a clear order, have three digits."""
    out = printed(judged([394.1, 394.1, 394.1002], noise=0.0), capsys, monkeypatch)
    assert [cells(out, f"rule {n}")[4:8] for n in (0, 2)] == [
        ["394.1", "394.1", "to", "394.1"], ["394.1002", "394.1002", "to", "394.1002"]
    ]  # fmt: skip
    assert cells(printed(judged([394.12, 394.12, 395.6], noise=0.0), capsys, monkeypatch), "rule 2")[4] == "396"


def test_problems_without_ranks_are_left_out_of_all_counts(capsys, monkeypatch):
    """Of five problems, one has no finite median, though one of its ten runs is finite, and one has no test loss."""
    runs = judged(*[[0, 5, 10]] * 5).runs
    runs["test_loss"] = runs["final_loss"]
    runs.loc[(runs["case"] == "case 3") & (runs.index != runs.index[runs["case"] == "case 3"][0]), "test_loss"] = np.inf
    runs.loc[runs["case"] == "case 4", "test_loss"] = np.nan
    found = Judged.of(runs, "test_loss")
    out = printed(found, capsys, monkeypatch)
    head = out[out.index("over 3 of 5 problems") :].splitlines()
    assert head[2].split()[-4:-2] == ["of", "3"]
    assert head[5] == (
        "left out: 1 problem where no optimizer has a finite median and 1 problem where test_loss was not recorded"
    )
    assert found.friedman.cases == 3
    alone = out[out.index("case 3") : out.index("over 3 of")]
    assert "could be first" not in alone
    assert "yes" not in alone


def test_a_problem_that_decides_who_is_first_is_named(capsys, monkeypatch):
    out = printed(judged([0, 5, 9], [0, 5, 9], [9, 0, 5]), capsys, monkeypatch)
    assert "without case 0, rule 1 is first; without case 1, rule 1 is first" in out
    assert "do not differ more than by chance (Friedman, p = " in out


@pytest.mark.parametrize("width", [60, 80])
def test_narrow_terminals_keep_what_decides(width, capsys, monkeypatch):
    out = printed(judged([0, 0.1, 5]), capsys, monkeypatch, width)
    assert max(map(len, out.splitlines())) <= width
    head = out.splitlines()[1]
    assert all(name in head for name in ("rank", "optimizer", "could be first"))


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("rank")
    (place / "e.toml").write_text(EXPERIMENT)
    return optlab.run(place / "e.toml", out=place, plots=False).folder


def rank(*arguments):
    return CliRunner().invoke(app, ["rank", *map(str, arguments)])


def test_the_table_is_that_of_the_run(folder):
    out = rank(folder).output
    assert "over all 2 problems" in out
    assert "one run each on sphere: nothing can be said" in out
    assert "settings were chosen on the seeds shown: all values are slightly optimistic" in out


def test_json(folder):
    rows = json.loads(rank(folder, "--format", "json").output)
    found = optlab.load(folder).ranking()
    assert [row["label"] for row in rows] == found["label"].tolist()
    assert list(rows[0]) == found.columns.tolist()
    first = rows[0]
    assert (first["rank"], first["with_first"], first["p"], first["n"]) == (1, True, None, 6)
    assert first["interval"] == list(found["interval"][0])
    alone = rows[3]
    missing = ("rank_low", "rank_high", "first", "with_first", "seeds_needed", "interval")
    assert [alone[name] for name in missing] == [None] * 6


def test_csv_markdown_and_latex(folder):
    rows = list(csv.DictReader(io.StringIO(rank(folder, "--format", "csv").output)))
    assert [row["rank"] for row in rows[:3]] == ["1", "2", "3"]
    assert "| rank | optimizer |" in rank(folder, "--format", "markdown").output.replace("  ", " ")
    assert r"\begin{tabular}" in rank(folder, "--format", "latex").output


@pytest.mark.parametrize(("format", "mark"), [("markdown", ""), ("latex", "% ")])
def test_other_formats_have_the_sentences_of_the_table(folder, format, mark, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # sentences are wrapped in a narrow terminal
    said = [
        line for line in rank(folder).output.splitlines() if line.startswith(("with 6 seeds, ", "one run each on "))
    ]
    assert len(said) == 2
    lines = rank(folder, "--format", format).output.splitlines()
    assert {mark + line for line in said} <= set(lines)


def test_another_metric_and_without_a_label(folder):
    rows = json.loads(rank(folder, "--by", "seconds", "--without", "slow", "--format", "json").output)
    assert {row["label"] for row in rows} == {"gd", "adam"}
    runs = optlab.load(folder).runs
    adam = runs[(runs["label"] == "adam") & (runs["case"] == rows[0]["case"])]["seconds"]
    assert next(row["median"] for row in rows if row["label"] == "adam") == pytest.approx(adam.median())


def test_some_problems_only(folder):
    everything = rank(folder).output.splitlines()
    of_mlp, of_sphere = (n for n, line in enumerate(everything) if line.startswith(("mlp (", "sphere")))
    lines = rank(folder, "--problem", "sphere").output.splitlines()
    assert lines[:4] == everything[of_sphere : of_sphere + 4]
    assert not [line for line in lines if "mlp" in line or "over all" in line or "90 %" in line]
    title = everything[of_mlp]
    both = rank(folder, "--problem", title, "--problem", "sphere").output.splitlines()
    before = everything.index("over all 2 problems")
    assert both[:before] == everything[:before]
    assert not [line for line in both if "over all" in line]
    rows = json.loads(rank(folder, "--problem", "mlp", "--format", "json").output)
    assert {row["case"] for row in rows} == {title}


def test_seconds_have_no_verdict_and_a_reason(folder):
    out = " ".join(rank(folder, "--by", "seconds").output.split())
    assert "the runs of an optimizer are timed together: one measurement each, nothing can be said" in out
    for text in ("is better", "cannot be distinguished", "could be first", "interval", "Friedman"):
        assert text not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--problem", "spere"], "there is no case 'spere' (did you mean 'sphere'?)"),
        (["--by", "final_los"], "did you mean 'final_loss'"),
        (["--by", "steps_to_target"], "was not recorded; write the loss to reach in [[problem]], as in target = 1e-3"),
        (["--without", "adma"], "did you mean 'adam'"),
        (["--format", "jsn"], "did you mean 'json'"),
        ([part for label in ("gd", "slow", "adam") for part in ("--without", label)], "keep at least one"),
    ],
)
def test_mistakes(folder, arguments, message):
    found = rank(folder, *arguments)
    assert found.exit_code == 2
    assert message in " ".join(found.output.replace("│", " ").split())


def test_a_map_has_no_ranks(tmp_path):
    (tmp_path / "m.toml").write_text(
        'name = "m"\nsteps = 5\n[basins]\nresolution = 4\n'
        '[[problem]]\nname = "himmelblau"\n[[optimizer]]\nname = "gd"\n'
    )
    found = rank(optlab.run(tmp_path / "m.toml", out=tmp_path, plots=False).folder)
    assert found.exit_code == 2
    assert "optimizers have no ranks in a map" in found.output
