"""A program that ends forks of itself at each call of a change of finished results, and prints what is found then.

The change is the argument; "first" is the first publication in a folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

# These tests, also if another package with the name `tests` is installed.
sys.modules["tests"] = ModuleType("tests")
sys.modules["tests"].__path__ = [str(Path(__file__).parents[2])]

from tests.results.store.publications import experiments, first_outcomes, make_earlier, outcomes  # noqa: E402

if __name__ == "__main__":
    both = experiments()
    before = make_earlier(Path("before", "e"), both)
    name = sys.argv[-1]
    room = Path(name.replace(" ", "-"))
    found = first_outcomes("kill", both, room) if name == "first" else outcomes(name, "kill", before, both, room)
    print(json.dumps(list(found)))
