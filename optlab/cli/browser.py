"""The user's browser."""

from __future__ import annotations

import sys
import webbrowser


def show(address: str) -> None:
    """Open a page in the user's browser. If there is none, the address is printed, to be opened elsewhere."""
    try:
        is_open = webbrowser.open(address)
    except (webbrowser.Error, OSError):
        is_open = False
    if not is_open:
        print(f"no browser could be started; open {address}", file=sys.stderr)
