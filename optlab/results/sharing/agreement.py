"""What several results have in common: the problems on which they can be compared, and labels that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optlab.errors import UserError, named
from optlab.results.manifest import changes
from optlab.results.store import Results

_ALIKE = ("precision", "steps")
"""Keys of the plan that bear on every problem."""
_ALIKE_IN_TUNING = ("search", "select", "trials", "budget")
"""Keys of [tuning] that must be equal, because one ranking has one way in which settings were chosen."""


@dataclass(frozen=True)
class Entry:
    """Results to be compared. `name` differs from that of all others; `place` is what the user wrote."""

    name: str
    place: str
    results: Results

    @property
    def facts(self) -> Mapping[str, Any]:
        """The plan of the experiment, see `comparison.planned`."""
        return self.results.manifest["planned"]

    @property
    def labels(self) -> list[str]:
        return list(dict.fromkeys(self.results.runs["label"]))

    def seeds(self, title: str) -> int:
        """The number of seeds on a problem."""
        runs = self.results.runs
        return int(runs.loc[runs["case"] == title, "seed"].nunique())

    def count(self, label: str, titles: Sequence[str]) -> int:
        """The number of runs with a label on some problems."""
        runs = self.results.runs
        return int(((runs["label"] == label) & runs["case"].isin(titles)).sum())

    def problem(self, title: str) -> Mapping[str, Any]:
        """Everything that bears on a problem: its settings, its function, its data, the steps, the precision."""
        table = next(table for table in self.facts["problems"] if title in table["title"])
        about = {f"its {key}": value for key, value in table.items() if key != "title"}
        hashed = self.results.manifest["hashes"].get(f"problem {table['name']}")
        data = self.facts["data"].get(table.get("dataset", ""))
        general = {key: self.facts[key] for key in _ALIKE}
        return {**general, **about, "its function": hashed, "its data": data}

    def optimizer(self, label: str) -> Mapping[str, Any]:
        """Everything that bears on an optimizer: its settings, its sources, and the seed of the experiment."""
        found = [table for table in self.facts["optimizers"] if table["label"] in (label, _base(self, label))]
        parts = [("optimizer", t["name"]) for t in found] + [("foreign", t["name"]) for t in found]
        parts += [("schedule", t["schedule"]) for t in found]
        parts += [("transform", name) for t in found for name in t["transforms"]]
        hashes = self.results.manifest["hashes"]
        used = {f"{kind} {name}": hashes.get(f"{kind} {name}") for kind, name in parts}
        return {"tables": found, "sources": used, "seed": self.facts["seed"], "tuning": self.facts.get("tuning")}


def _base(entry: Entry, label: str) -> str:
    """With several numbers of trials, the label of the optimizer without the number."""
    runs = entry.results.runs
    return str(runs.loc[runs["label"] == label, "base"].iloc[0]) if "base" in runs else label


def entries_of(loaded: Sequence[tuple[str, Results]]) -> list[Entry]:
    """Results with names that differ: those of their experiments, or else what the user wrote.

    Raises:
        UserError: there are fewer than two, one is given twice or of an earlier version.
    """
    if len(loaded) < 2:
        raise UserError("write at least two results to compare, such as results/a results/b")
    for number, (place, results) in enumerate(loaded):
        if any(results.manifest["files"] == other.manifest["files"] for _, other in loaded[:number]):
            raise UserError(f"{place}: is given twice; compare different results")
        if "planned" not in results.manifest:
            raise UserError(f"{place}: was made by an earlier version of optlab; run the experiment again")
    names = [str(results.manifest["name"]) for _, results in loaded]
    if len(set(names)) < len(names):
        names = [Path(place).name for place, _ in loaded]
    if len(set(names)) < len(names):
        names = [place for place, _ in loaded]
    return [Entry(name, place, results) for name, (place, results) in zip(names, loaded, strict=True)]


def check_ways(entries: Sequence[Entry]) -> None:
    """Check that settings were chosen in one way.

    Raises:
        UserError: one has [tuning] and another has not, or it is another one.
    """
    first, *others = entries
    tuning = first.facts.get("tuning") or {}
    for other in others:
        its = other.facts.get("tuning") or {}
        if bool(its) != bool(tuning):
            with_, without = (first, other) if tuning else (other, first)
            why = "settings were chosen on other seeds in one of them, so that their values cannot be compared"
            raise UserError(f"{with_.name} has [tuning] and {without.name} has not: {why}")
        for key in _ALIKE_IN_TUNING:
            if its.get(key) != tuning.get(key):
                what = "; ".join(changes({key: tuning.get(key)}, {key: its.get(key)}))
                raise UserError(f"{first.name} and {other.name} have another [tuning]: {what}; make it equal")


def shared_titles(entries: Sequence[Entry], notes: list[str]) -> list[str]:
    """The titles of the problems that all results have unchanged. `notes` receives why others are left out.

    Raises:
        UserError: there is none; the message has the reasons.
    """
    first, *others = entries
    titles = {entry.name: list(dict.fromkeys(entry.results.runs["case"])) for entry in entries}
    kept: list[str] = []
    left_out: list[str] = []
    for title in dict.fromkeys(title for own in titles.values() for title in own):
        lacking = [entry.name for entry in entries if title not in titles[entry.name]]
        if lacking:
            left_out.append(f"{named(title)} is left out: {', '.join(lacking)} has no runs on it")
        elif whys := [why for other in others for why in _differences(title, first, other)]:
            left_out.append(f"{named(title)} is left out: {'; '.join(whys)}")
        else:
            kept.append(title)
    if not kept:
        raise UserError("\n".join(["these results share no unchanged problem:", *left_out]))
    notes += left_out
    return kept


def _differences(title: str, first: Entry, other: Entry) -> Iterator[str]:
    """Why a problem of one name is not the same in two results."""
    before, after = first.problem(title), other.problem(title)
    opaque = ("its function", "its data")
    old, new = ({key: value for key, value in one.items() if key not in opaque} for one in (before, after))
    found = [f"{key} changed" for key in opaque if before[key] != after[key]] + list(changes(old, new))
    if found:
        yield f"between {first.name} and {other.name}, {', '.join(found)}"
    seeds = [entry.seeds(title) for entry in (first, other)]
    asked = [entry.facts["seeds"] or 1 for entry in (first, other)]
    if 1 in asked and max(asked) > 1 and max(seeds) > 1:
        yield f"{(first, other)[asked.index(1)].name} has one seed, which says nothing about others"


@dataclass(frozen=True)
class Labels:
    """How labels are called in a comparison.

    of: the new label of each label of each result, by the name of the result. Labels that are left out are absent.
    sources: the names of the results that each new label stands for.
    """

    of: Mapping[str, Mapping[str, str]]
    sources: Mapping[str, tuple[str, ...]]

    def of_sweeps(self, entry: Entry) -> dict[str, str]:
        """The new labels of the sweeps of some results. With several numbers of trials, a sweep has several labels."""
        new: dict[str, str] = {}
        for old, label in self.of[entry.name].items():
            base = _base(entry, old)
            is_changed = label != old or new.get(base, base) != base
            new[base] = label if base == old else f"{base} [{entry.name}]" if is_changed else base
        return new


def distinct_labels(entries: Sequence[Entry], titles: Sequence[str], notes: list[str]) -> Labels:
    """Labels that differ where settings, sources or seeds differ, and one label for what is the same in several
    results: it has the runs of those with the most runs on the problems `titles`. `notes` receives what was done."""
    new: dict[str, dict[str, str]] = {entry.name: {} for entry in entries}
    sources: dict[str, tuple[str, ...]] = {}
    for label in dict.fromkeys(label for entry in entries for label in entry.labels):
        groups: list[list[Entry]] = []
        for entry in (entry for entry in entries if label in entry.labels):
            same = next((group for group in groups if group[0].optimizer(label) == entry.optimizer(label)), None)
            groups.append([entry]) if same is None else same.append(entry)
        for group in groups:
            shown = label if len(groups) == 1 else f"{label} [{', '.join(entry.name for entry in group)}]"
            kept = max(group, key=lambda entry: entry.count(label, titles))
            new[kept.name][label] = shown
            sources[shown] = tuple(entry.name for entry in group)
            if len(group) > 1:
                notes.append(
                    f"{named(label)} is the same in {' and '.join(sources[shown])}: its runs are from {kept.name}"
                )
        if len(groups) > 1:
            whys = ", ".join(_why(label, groups[0][0], group[0]) for group in groups[1:])
            notes.append(f"{named(label)} is not the same in {' and '.join(group[0].name for group in groups)}: {whys}")
    return Labels(new, sources)


def _why(label: str, first: Entry, other: Entry) -> str:
    """What differs between two optimizers with one label."""
    before, after = first.optimizer(label), other.optimizer(label)
    changed = [f"the source of {key} changed" for key, value in before["sources"].items()
               if key in after["sources"] and after["sources"][key] != value]  # fmt: skip
    pairs = zip(before["tables"], after["tables"], strict=False)  # one each, as labels differ within results
    found = [what for old, new in pairs for what in changes(old, new)]
    found += [f"the {key} of the experiment changed" for key in ("seed", "tuning") if before[key] != after[key]]
    return "; ".join([*changed, *found])
