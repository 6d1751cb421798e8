"""A page that is served on this machine only, and replaced while it is open (`optlab play --watch`).

The server listens on the loopback interface. An address has a random token, and a request must name this machine as its
host: so no page of another site can read what is served, whatever name it gives this machine.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from optlab.errors import UserError

HOST = "127.0.0.1"
HOSTS = r"(127\.0\.0\.1|localhost)(:\d+)?"
"""The hosts that a request may name; the port may be that of a tunnel."""
ALIVE = 10.0
"""Seconds after which a silent stream of events sends a comment, which fails if the page is closed."""
FRAME = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; "
    "connect-src 'self'; frame-src 'self'; frame-ancestors 'none'"
)
"""The policy of the frame; {0} is a random number of its own for each answer."""
PAGE = "frame-ancestors 'self'"
"""The page has a policy of its own that forbids all requests."""


class Site:
    """What is served: the page, and a message about the last attempt to make it."""

    def __init__(self) -> None:
        self.token, self.page = secrets.token_urlsafe(16), b""
        self._now: dict[str, Any] = {"page": 0, "message": "", "busy": True}
        self._changed = threading.Condition()
        self._version = 0

    def tell(self, page: bytes | None = None, **news: Any) -> None:
        """Replace the page, the `message`, or whether the lab is `busy`."""
        with self._changed:
            if page is not None:
                self.page, news["page"] = page, self._now["page"] + 1
            self._now |= news
            self._version += 1
            self._changed.notify_all()

    def events(self) -> Iterator[str]:
        """The news as JSON, first those of now; an empty text if nothing has happened for a while."""
        seen = -1
        while True:
            with self._changed:
                is_new = self._changed.wait_for(lambda: self._version != seen, ALIVE)  # noqa: B023
                seen, news = self._version, json.dumps(self._now)
            yield news if is_new else ""


class _Requests(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        """Answer the frame, its events and the page, each only under the token."""
        if not re.fullmatch(HOSTS, self.headers.get("Host", "")):
            return self.send_error(HTTPStatus.FORBIDDEN)
        token, slash, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        if not slash or not secrets.compare_digest(token.encode(), self.site.token.encode()):
            return self.send_error(HTTPStatus.NOT_FOUND)
        if name == "":
            nonce = secrets.token_urlsafe(16)
            text = (files("optlab.report") / "web" / "watch.html").read_text(encoding="utf-8")
            return self._answer(text.replace("{{nonce}}", nonce).encode(), FRAME.format(nonce))
        if name == "page" and self.site.page:
            return self._answer(self.site.page, PAGE)
        if name == "events":
            return self._stream()
        return self.send_error(HTTPStatus.NOT_FOUND)

    def _start(self, kind: str, policy: str) -> None:
        self.send_response(HTTPStatus.OK)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Security-Policy", policy),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ):
            self.send_header(name, value)

    def _answer(self, body: bytes, policy: str) -> None:
        self._start("text/html; charset=utf-8", policy)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self._start("text/event-stream", "default-src 'none'")
        self.end_headers()
        for news in self.site.events():
            self.wfile.write(f"data: {news}\n\n".encode() if news else b":\n\n")

    def handle(self) -> None:
        """Answer a connection; that the browser has closed it is no error."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing about requests."""


@contextmanager
def serving(site: Site, port: int) -> Iterator[str]:
    """Serve a site until the end of the block, on a port of this machine; 0 for a free one. Yields the address.

    Raises:
        UserError: the port is in use, or is not allowed.
    """
    try:
        server = ThreadingHTTPServer((HOST, port), type("Requests", (_Requests,), {"site": site}))
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "a port is a number up to 65535"
        raise UserError(f"--port {port}: {why}; without --port, a free one is used") from None
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/{site.token}/"
    finally:
        server.shutdown()
        server.server_close()
