"""`optlab play --watch` in a separate process: its server, and the page in a browser while files change."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

OPTLAB = str(Path(sys.executable).with_name("optlab"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOFTWARE = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PLUGIN = '''\
from optlab import optimizer

@optimizer
def mine(x, g, *, lr=0.1):
    """A step."""
    return x - 1.0 * lr * g
'''
PATIENCE = 120_000
"""Milliseconds for a round on a busy machine."""


class Played:
    """The command, with what it prints in a file."""

    def __init__(self, lab):
        self.lab, self.log = lab, lab / "log"
        words = ["sphere", "--start", "1,-2", "--optimizer", "mine lr=0.1", "--optimizer", "gd lr=0.2", "--steps", "9"]
        (lab / "tmp").mkdir()
        known = os.environ | {"BROWSER": "true %s", "TMPDIR": str(lab / "tmp")}
        with self.log.open("wb") as log:
            command = [OPTLAB, "play", *words, "--watch"]
            self.process = subprocess.Popen(command, cwd=lab, stdout=log, stderr=log, env=known)
        self.wait("Ctrl-C ends")
        self.address = self.log.read_text().splitlines()[0]

    def wait(self, text, times=1):
        """Wait until a text was printed this many times."""
        deadline = time.monotonic() + PATIENCE / 1000
        while (printed := self.log.read_text()).count(text) < times:
            assert self.process.poll() is None, printed
            assert time.monotonic() < deadline, printed
            time.sleep(0.05)
        return printed

    def save(self, text):
        (self.lab / "plugins" / "mine.py").write_text(text)

    def get(self, path, method="GET", **headers):
        """The response to a request, and its text. The address of this machine is the host, unless one is given."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.readline() if path.endswith("events") else answer.read()
        connection.close()
        return answer, text.decode()


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    lab = tmp_path_factory.mktemp("lab")
    (lab / "plugins").mkdir()
    (lab / "plugins" / "mine.py").write_text(PLUGIN)
    running = Played(lab)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_only_this_machine_and_only_the_token_are_served(played):
    parts = urlsplit(played.address)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.path.strip("/")) == 22  # 128 random bits
    frame, text = played.get(parts.path)
    assert frame.status == 200
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'nonce-")
    assert "unsafe" not in policy
    assert policy.partition("'nonce-")[2].partition("'")[0] in text
    assert frame.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    page, text = played.get(f"{parts.path}page?1")
    assert text.startswith("<!doctype html>")
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    news = json.loads(played.get(f"{parts.path}events")[1].removeprefix("data: "))
    assert news == {"page": 1, "message": "", "busy": False}
    wrong = [
        "/",
        "/x/",
        "/x/page",
        f"{parts.path}other",
        f"{parts.path}../page",
        f"{parts.path}a/b",
        "/%FF/",
        "//",
        parts.path.rstrip("/"),
    ]
    assert {path: played.get(path)[0].status for path in wrong} == dict.fromkeys(wrong, 404)
    hosts = ["evil.example", f"evil.example:{parts.port}", "127.0.0.1.evil.example", "[::", "", "0.0.0.0"]
    assert {host: played.get(parts.path, Host=host)[0].status for host in hosts} == dict.fromkeys(hosts, 403)
    assert played.get(parts.path, Host=f"localhost:{parts.port}")[0].status == 200
    assert played.get(parts.path, method="POST")[0].status == 501


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the page is not tested in it")
def test_a_saved_rule_changes_the_path_and_the_view_stays(played):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE)
        page = browser.new_page(viewport={"width": 700, "height": 600})
        faults = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(played.address)
        try:
            _edit(page, played, playwright.expect)
        finally:
            assert faults == []
        browser.close()


def _end(page, optimizer):
    """The end of a recorded path."""
    ask = "(optimizer) => optlab.run({ problem: optlab.programs()[0].problem, optimizer })"
    frame = page.locator("iframe:not(.next)").element_handle().content_frame()
    return frame.evaluate(ask, optimizer)["x"]


def _view(page):
    return page.evaluate("document.querySelector('iframe:not(.next)').contentWindow.optlab.view()")


def _edit(page, played, expect):
    report = page.frame_locator("iframe:not(.next)")
    expect(report.locator("#now")).to_have_text("step 9 of 9", timeout=PATIENCE)
    assert _end(page, "mine") == pytest.approx([0.8**9, -2 * 0.8**9], rel=1e-6)  # a step is x - 0.1 * 2 x
    report.locator("#scrub").fill("4")
    report.locator("#stage").focus()
    for key in ("ArrowLeft", "ArrowLeft", "+"):
        page.keyboard.press(key)
    report.locator("#legend input").last.uncheck()
    report.locator("#log-x").check()
    report.locator("details summary").last.click()
    slider = report.locator("input[type=number][aria-label^='lr']")
    slider.fill("0.3")
    expect(report.locator("#restore")).to_be_enabled()
    page.wait_for_timeout(300)
    before = _view(page)
    assert before["step"] == 4
    assert before["hidden"] == ["gd"]
    assert len(before["live"]) == 1

    played.save(PLUGIN.replace("1.0 * lr", "2.0 * lr"))
    expect(page.locator("iframe:not(.next)")).to_have_attribute("src", "page?2", timeout=PATIENCE)
    page.wait_for_timeout(300)
    assert _view(page) == before
    assert report.locator("input[type=number][aria-label^='lr']").input_value() == "0.3"
    assert _end(page, "mine") == pytest.approx([0.6**9, -2 * 0.6**9], rel=1e-6)

    played.save(PLUGIN.replace("return x", "return x x"))
    expect(page.locator("#message")).to_contain_text("plugins/mine.py:6", timeout=PATIENCE)
    assert "SyntaxError" in page.locator("#message").inner_text()
    assert "plugins/mine.py:6" in played.wait("SyntaxError")
    assert _view(page) == before
    played.save(PLUGIN.replace("lr * g", "lr * np.sign(g)"))
    expect(page.locator("#message")).to_contain_text("plugins/mine.py:6:27: NameError", timeout=PATIENCE)
    assert _end(page, "mine") == pytest.approx([0.6**9, -2 * 0.6**9], rel=1e-6)

    played.save(PLUGIN)
    expect(page.locator("iframe:not(.next)")).to_have_attribute("src", "page?3", timeout=PATIENCE)
    expect(page.locator("#bar")).to_be_hidden()
    page.reload()
    expect(report.locator("#now")).to_have_text("step 4 of 9", timeout=PATIENCE)
    page.wait_for_timeout(300)
    assert _view(page) == before

    # a number that the rule no longer allows is not used
    played.save(PLUGIN.replace("@optimizer\n", '@optimizer(ranges={"lr": "(0, 0.2]"})\n'))
    expect(page.locator("iframe:not(.next)")).to_have_attribute("src", "page?4", timeout=PATIENCE)
    expect(report.locator("input[type=number][aria-label^='lr']")).to_have_value("0.1")
    assert _view(page)["step"] == 4
    played.save("import os\n\nos._exit(5)\n")
    ended = "a plugin ended the process, with status 5 and without a message"
    expect(page.locator("#message")).to_have_text(ended, timeout=PATIENCE)
    played.wait(ended)
    played.save(PLUGIN)
    expect(page.locator("iframe:not(.next)")).to_have_attribute("src", "page?5", timeout=PATIENCE)


def test_ctrl_c_ends_it_and_nothing_is_left(played):
    played.process.send_signal(signal.SIGINT)
    assert played.process.wait(60) == 130
    assert list((played.lab / "tmp").iterdir()) == []
    assert {path.name for path in played.lab.iterdir()} == {"plugins", "log", "tmp"}
    assert "Traceback" not in played.log.read_text()
    with pytest.raises(ConnectionRefusedError):
        played.get("/")


def test_options_that_do_not_fit(tmp_path, optlab_command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        mistakes = {
            ("--watch", "--port", port): f"--port {port}: Address already in use; without --port, a free one is used",
            ("--watch", "--port", "70000"): "--port 70000",
            ("--watch", "--port", "-1"): "--port -1",
            ("--port", "8000"): "--port needs --watch",
            ("--watch", "-o", "x.html"): "--output and --watch exclude each other",
        }
        for words, message in mistakes.items():
            done = optlab_command("play", "beale", *words, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, ""), words
            assert message in done.stderr
            assert "Traceback" not in done.stderr
