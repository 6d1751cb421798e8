"""The report's page in Chromium: processor time of one change on the page's thread, and the size of the page."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

import optlab
from benchmarks import conditions
from benchmarks.tables import Report, Table

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SCRIPT = Path(__file__).with_name("frames.js")
RULES = ("gd lr=1e-3", "momentum lr=1e-4", "adam lr=0.05", "rmsprop lr=0.01", "nesterov lr=1e-4")
ACTIONS = {
    "slider": "a slider moves, one optimizer changes",
    "start": "the start moves, all optimizers change",
    "playing": "the balls roll",
    "pointing": "the pointer moves over the curves",
}
FLAGS = ("--no-sandbox", "--disable-gpu")
PARTS = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


def measured(page: Path, rounds: int, count: int, view: str) -> dict[str, list[float]]:
    """Milliseconds of each action, one value per round. Drawing to the screen is not counted."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {name: [] for name in ACTIONS}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(300_000)
        opened.add_init_script(path=SCRIPT)
        opened.goto(page.as_uri())
        session = opened.context.new_cdp_session(opened)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        if view == "map":
            opened.evaluate("act('map', 0, 1)")
        for turn in range(rounds + 1):  # the first warms up
            for name, own in found.items():
                before = _seconds(session)
                opened.evaluate("([name, first, count]) => act(name, first, count)", [name, turn * count, count])
                if turn:
                    own.append(1000 * (_seconds(session) - before) / count)
        browser.close()
    return found


def _seconds(session: Any) -> float:
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return sum(metrics[name] for name in PARTS)


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    about = f"{conditions.text()}. {rounds} rounds, processor time of the page's thread."
    if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
        return Report(f"{about} Left out, since not installed: Chromium or Playwright.", [], [])
    tables, figures = [], []
    with tempfile.TemporaryDirectory() as folder:
        page = optlab.play("rosenbrock", list(RULES), steps=1000, plugins=()).save(Path(folder) / "page.html")
        size = f"the page has {page.stat().st_size / 1e6:.2f} MB"
        for view in ("surface", "map"):
            found = measured(page, rounds, max(1, round(40 * scale)), view)
            rows = [[ACTIONS[name], *(f"{one:.1f} ms" for one in _summary(own))] for name, own in found.items()]
            tables.append(
                Table(f"Five optimizers, 1,000 steps, {view}", ["one change", "median", "least", "most"], rows)
            )
            figures.append({"view": view, "milliseconds": found})
    return Report(f"{about} Script, style and layout; {size}.", tables, figures)


def _summary(own: list[float]) -> tuple[float, float, float]:
    return sorted(own)[len(own) // 2], min(own), max(own)
