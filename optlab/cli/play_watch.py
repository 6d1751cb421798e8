"""`optlab play --watch`: a served page that follows the files of rules and problems."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optlab.cli import browser, functions
from optlab.cli import watch as watching
from optlab.cli.serving import Site, serving


def watch(
    options: Mapping[str, Any],
    texts: Sequence[str],
    problems: Sequence[str],
    port: int,
    folders: Sequence[Path],
    quiet: bool,
) -> None:
    """Serve a page and open it. Make it again whenever a file is saved; if that fails, the page stays and shows why.

    Only Ctrl-C ends it.

    Args:
        options: the options of the page.
        texts: problems and optimizers as they were typed; their files are watched, and modules below the folders.
    """
    site = Site()
    with tempfile.TemporaryDirectory(prefix="optlab-") as folder, serving(site, port) as address:
        page = Path(folder, "play.html")

        def told(status: int | None, message: str) -> None:
            if status is None:
                page.unlink(missing_ok=True)
                site.tell(busy=True)
                return
            if status and not message:
                message = f"a plugin ended the process, with status {status} and without a message"
            if message:
                print(message, file=sys.stderr)
            is_new = page.is_file() and (status == 0 or not site.page)
            site.tell(page.read_bytes() if is_new else None, message=message, busy=False)

        if not quiet:
            print(address, flush=True)
        browser.show(address)
        again = ["play", *watching.typed({**options, "output": page}), "--quiet", "--", *problems]
        watching.repeat(again, functions.files(texts), folders, quiet, told)
