"""The report's page in Chromium: processor time of one change on its thread. And writing pages and animations."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import chromium, conditions
from benchmarks.tables import Report, Table
from optlab.api.play import play_document, played
from optlab.plugins import registry

SCRIPT = Path(__file__).with_name("frames.js")
PROBLEM = "rosenbrock"
RULES = ("gd lr=1e-3", "momentum lr=1e-4", "adam lr=0.05", "rmsprop lr=0.01", "nesterov lr=1e-4")
ACTIONS = {
    "slider": "a slider moves, one optimizer changes",
    "start": "the start moves, all optimizers change",
    "playing": "the balls roll",
    "pointing": "the pointer moves over the curves",
    "basins": "a map of basins of 128 x 128 runs",
}
SELDOM = 10
"""Maps of basins take long: one for this many frames."""
HEADS = ("median", "least", "most")


def measured(page: Path, rounds: int, count: int, view: str) -> dict[str, list[float]]:
    """Milliseconds of each action, one value per round. The work of other threads, which draw, is not counted."""
    found: dict[str, list[float]] = {name: [] for name in ACTIONS}
    with chromium.page() as opened:
        opened.begin_with(SCRIPT)
        opened.goto(page.as_uri())
        if view == "map":
            opened.evaluate("act('map', 0, 1)")
        for turn in range(rounds + 1):  # the first warms up
            for name, own in found.items():
                times = -(-count // SELDOM) if name == "basins" else count
                before = opened.seconds()
                opened.evaluate("([name, first, count]) => act(name, first, count)", [name, turn * times, times])
                if turn:
                    own.append(1000 * (opened.seconds() - before) / times)
    return found


def timed(rounds: int, work: Callable[[], object]) -> list[float]:
    """Milliseconds of each round."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - begin))
    return found


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    about = f"{conditions.text()}. {rounds} rounds, processor time of the page's thread."
    steps, frames = max(20, round(1000 * scale)), max(2, round(100 * scale))
    tables, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        page, film = Path(folder) / "page.html", Path(folder) / "balls.gif"
        known = registry.load(())
        document = play_document(PROBLEM, list(RULES), steps, 1, None, None, known)
        with played(document, known) as results:
            written = {
                "the page": timed(rounds, lambda: results.report().save(page)),
                f"a GIF of {frames} frames": timed(rounds, lambda: results.animate(frames=frames).save(film)),
            }
        sizes = [f"{file.stat().st_size / 1e6:.2f} MB" for file in (page, film)]
        rows = [[name, *_summary(own), size] for (name, own), size in zip(written.items(), sizes, strict=True)]
        tables.append(Table("Writing, wall time", ["", *HEADS, "size"], rows))
        figures.append({"written": written})
        for view in () if chromium.is_missing() else ("surface", "map"):
            found = measured(page, rounds, max(1, round(40 * scale)), view)
            rows = [[ACTIONS[name], *_summary(own)] for name, own in found.items()]
            tables.append(Table(f"Five optimizers, {steps:,} steps, {view}", ["one change", *HEADS], rows))
            figures.append({"view": view, "milliseconds": found})
    return Report(f"{about} {chromium.MISSING}" if chromium.is_missing() else about, tables, figures)


def _summary(own: list[float]) -> list[str]:
    return [f"{one:.1f} ms" for one in (median(own), min(own), max(own))]
