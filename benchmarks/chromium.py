"""A page in headless Chromium, and the processor time of its thread."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optlab
from optlab.report.modules import joined
from optlab.report.page import scripts

COMMAND = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu")
MISSING = "Left out, since not installed: Chromium or Playwright."
WEB = Path(optlab.__file__).parent / "report/web"


def is_missing() -> bool:
    return COMMAND is None or importlib.util.find_spec("playwright") is None


class Page:
    """A page, and the clock of its thread: waiting for other programs does not count."""

    def __init__(self, page: Any) -> None:
        self.evaluate, self.goto, self._page = page.evaluate, page.goto, page
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def begin_with(self, script: Path) -> None:
        """Run a script before those of each page that is opened."""
        self._page.add_init_script(path=script)

    def add(self, module: str, script: Path) -> None:
        """Add a module of reports, with those that it imports, and a script that finds them in `modules`."""
        text = f"{joined(scripts(WEB), module)}\n{script.read_text(encoding='utf-8')}"
        self._page.add_script_tag(content=f"{{\n{text}\n}}")

    def seconds(self) -> float:
        """Processor time of all tasks of the page. (The part of them that is script may be counted only later.)"""
        metrics = {one["name"]: one["value"] for one in self._session.send("Performance.getMetrics")["metrics"]}
        return metrics["TaskDuration"]


@contextmanager
def page() -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=COMMAND, args=list(FLAGS))
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(300_000)
        yield Page(opened)
        browser.close()
