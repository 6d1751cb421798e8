"""The page's ranking of fewer optimizers, computed in Node, against Python's."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.cli import ranks
from optlab.report.document import document
from optlab.report.verdicts import headline, sureness
from optlab.results import analysis, notes
from tests.cases import first_cases
from tests.node import needs_node


@pytest.fixture(scope="module")
def in_node(node_page):
    return node_page("rankings.mjs")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Settings chosen on other seeds: five optimizers; two have one setting, one is like another, and one diverges."""
    experiment = {
        "name": "tuned",
        "steps": 30,
        "seeds": 7,
        "tuning": {"seeds": 4},
        "problem": [
            {"name": "rosenbrock", "start": "random"},
            {"name": "himmelblau"},
            {"name": "mlp", "dataset": "moons", "hidden": [4], "batch_size": 16},
        ],
        "optimizer": [
            {"name": "adam", "lr": [0.01, 0.03, 0.1, 0.3]},
            {"name": "gd", "lr": [1e-4, 1e-3, 1e-2]},
            {"name": "gd", "label": "gd, again", "lr": [1e-4, 1e-3, 1e-2]},
            {"name": "momentum", "lr": 10.0},
            {"name": "rmsprop", "lr": 0.01},
        ],
    }
    return optlab.run(experiment, tmp_path_factory.mktemp("tuned"), plots=False)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Settings chosen on the judged seeds: twelve labels with close results."""
    experiment = {
        "name": "crowd",
        "steps": 25,
        "seeds": 10,
        "record": {"points": 26},
        "problem": [{"name": name, "start": "random"} for name in ("rosenbrock", "beale", "sphere", "himmelblau")],
        "optimizer": [
            {"name": name, "label": f"{name} {i}", "lr": [rate * (1 + i / 3), rate * (2 + i)]}
            for name, rate in (("adam", 0.05), ("gd", 0.002), ("rmsprop", 0.02))
            for i in range(4)
        ],
    }
    return optlab.run(experiment, tmp_path_factory.mktemp("crowd"), plots=False)


def labels_of(results):
    return list(dict.fromkeys(results.runs["label"]))


def check_subset(results, data, hidden, found):
    """That what the page found without the hidden labels is what Python finds."""
    labels = labels_of(results)
    judged = results.judged(without=[labels[i] for i in hidden])
    for one, (title, table) in zip(found["cases"], judged.ranking.groupby("case", sort=False), strict=True):
        rows = pd.DataFrame(one["rows"])
        assert [labels[i] for i in rows["label"]] == list(table["label"]), (hidden, title)
        for here, there in (
            ("rank", "rank"),
            ("rankLow", "rank_low"),
            ("rankHigh", "rank_high"),
            ("withFirst", "with_first"),
        ):
            wanted = table[there].astype(object).where(table[there].notna(), None).tolist()
            assert rows[here].astype(object).where(rows[here].notna(), None).tolist() == wanted, (hidden, title, here)
        if hidden:
            np.testing.assert_allclose(rows["first"].astype(float), table["first"], rtol=1e-12)
            np.testing.assert_allclose(rows["p"].astype(float), table["p"], rtol=1e-12)
        said = sureness(table.to_dict("records"), judged, title)
        assert one["verdict"] == said, hidden
        shown = table.assign(gradients=judged.gradients[table.index])
        check_table(one["table"], ranks.case_table(title, shown, judged.by))
    if found["overall"] is None:
        return
    overall, table = pd.DataFrame(found["overall"]["rows"]), judged.overall
    assert [labels[i] for i in overall["label"]] == list(table["label"])
    for here, there in (("meanRank", "mean_rank"), ("low", "mean_low"), ("high", "mean_high"), ("wins", "wins")):
        np.testing.assert_allclose(overall[here].astype(float), table[there].astype(float), rtol=1e-12)
    check_table(found["overTable"], ranks.overall_table(judged))
    assert (found["overall"]["title"], found["overall"]["notes"]) == (
        notes.over_title(judged),
        notes.over_notes(judged),
    )
    expected = headline(judged, data["cases"])
    conditions = f" ({found['conditions']})" if hidden else ""
    assert found["headline"] == [sentence + conditions * (n == 0) for n, sentence in enumerate(expected)]


def check_table(found, shown):
    """That the page has the table of the terminal, and the number of seeds."""
    assert [column for column in found["columns"] if column != "seeds>"] == list(shown.columns)
    place = found["columns"].index("seeds>") if "seeds>" in found["columns"] else None
    for row, wanted in zip(found["rows"], shown.rows, strict=True):
        cells = [cell if isinstance(cell, str) else cell["text"] for i, cell in enumerate(row["cells"]) if i != place]
        assert [words(cell) for cell in cells] == [words(cell) for cell in wanted]


def words(cell):
    """The words of a cell, numbers as such: the page writes some powers of ten otherwise."""
    return [float(word) if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", word) else word
            for word in cell.replace("–", "-").replace("−", "-").split()]  # fmt: skip


@needs_node
@pytest.mark.parametrize(("which", "share"), first_cases(2, [("small", 1), ("tuned", 4), ("tuned", 1)]))
def test_the_page_ranks_every_subset_as_python_does(which, share, request, in_node):
    """Or one in `share` of them."""
    results = request.getfixturevalue(which)
    data = document(results, results.judged())
    every = range(len(data["labels"]))
    subsets = [list(hidden) for size in every for hidden in itertools.combinations(every, size)]
    assert len(subsets) == 2 ** len(every) - 1
    found = in_node({"document": data, "subsets": (subsets := subsets[::share])})["subsets"]
    for hidden, one in zip(subsets, found, strict=True):
        check_subset(results, data, hidden, one)


@needs_node
def test_the_page_ranks_random_subsets_of_many_as_python_does(crowd, in_node):
    data = document(crowd, crowd.judged())
    random = np.random.default_rng(3)
    subsets = [sorted(random.choice(12, random.integers(1, 11), replace=False).tolist()) for _ in range(3)]
    for hidden, one in zip(subsets, in_node({"document": data, "subsets": subsets})["subsets"], strict=True):
        check_subset(crowd, data, hidden, one)


@needs_node
def test_resamples_are_those_of_numpy(in_node):
    counts = [1, 2, 7, 1000]
    asked = [{"seed": seed, "counts": counts, "rows": 40, "length": length} for seed, length in enumerate((2, 5, 60))]
    for wanted, found in zip(asked, in_node({"draws": asked})["draws"], strict=True):
        random = np.random.default_rng(wanted["seed"])
        assert found["integers"] == [random.integers(count, size=100).tolist() for count in wanted["counts"]]
        rows = np.tile(np.arange(wanted["length"]), (40, 1))
        assert found["permuted"] == random.permuted(rows, axis=1).ravel().tolist()


@needs_node
@pytest.mark.parametrize("seeds", [1, 2, 5, 6, 9, 10, 31])
def test_losses_are_ranked_as_by_judge(seeds, in_node):
    random = np.random.default_rng(seeds)
    tables = [(random.normal(size=(labels, seeds)) + spread * np.arange(labels)[:, None]).round(1)
              for labels in (1, 2, 3, 5, 8) for spread in (0.0, 0.5, 2.0)]  # fmt: skip
    tables[-1][2, 0] = np.inf
    ranked = in_node({"losses": [[["inf" if np.isinf(v) else v for v in row] for row in t.tolist()] for t in tables]})
    for table, found in zip(tables, ranked["ranked"], strict=True):
        runs = [{"case": "c", "label": str(label), "seed": seed, "value": value}
                for label, row in enumerate(table) for seed, value in enumerate(row)]  # fmt: skip
        wanted = analysis.judge(pd.DataFrame(runs))
        assert [str(row["label"]) for row in found] == list(wanted["label"])
        assert [row["rank"] for row in found] == list(wanted["rank"])
        assert [row["seeds"] for row in found] == list(wanted["n"])
        for here, there in (
            ("rankLow", "rank_low"),
            ("rankHigh", "rank_high"),
            ("withFirst", "with_first"),
            ("p", "p"),
        ):
            expected = [None if pd.isna(value) else value for value in wanted[there]]
            assert [row[here] for row in found] == pytest.approx(expected), here
        for row, interval in zip(found, wanted["interval"], strict=True):
            ends = None if row["interval"] is None else [float(end) for end in row["interval"]]
            assert ends == (None if interval is None else pytest.approx(interval))


def test_values_are_left_out_where_tests_would_take_long(tuned, monkeypatch):
    judged = tuned.judged()
    work = sum(len(one.contest.labels) * one.contest.values.size for one in judged.verdicts.values())
    for most, are_there in ((work, True), (work - 1, False)):
        monkeypatch.setattr("optlab.report.rankings.WORK", most)
        contests = [one["contest"] for one in document(tuned, judged)["cases"]]
        assert [one["values"] is not None for one in contests] == [are_there] * 3
        assert [one["choices"] is not None for one in contests] == [are_there] * 3
