"""Pages in a real browser, with the network cut off."""

import json
import re
import shutil

import pytest

from optlab.api.report import Report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOFTWARE = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the page is not tested in it")


def opened(browser, address, **options):
    """A new page with the report. Its errors are collected in `page.faults`."""
    page = browser.new_context(offline=True, **options).new_page()
    page.set_default_timeout(60_000)  # of a busy machine
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append(f"dialog {dialog.message}"))
    page.goto(address)
    return page


def damaged(report, path, damage):
    """The address of a report in which `damage` has changed the data of the page."""
    start, data, end = re.split(r'(?<=id="data">)(.*?)(?=</script>)', report.text, maxsplit=1, flags=re.S)
    document = json.loads(data)
    damage(document)
    return Report(start + json.dumps(document).replace("<", "\\u003c") + end).save(path).as_uri()


def frame(page):
    """Wait until changes are computed and drawn."""
    page.wait_for_selector("[aria-busy]", state="detached")
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
    )
