"""`python -m torture [NAME ...]`: run some tortures, or all, and print the rows of the table in docs/reliability.md."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

# The tests of this repository, also if another package with the name `tests` is installed.
sys.modules["tests"] = ModuleType("tests")
sys.modules["tests"].__path__ = [str(Path(__file__).parents[1] / "tests")]

ALL = ("calls", "flips", "kills", "within", "workers", "equal", "hostile", "launches", "leaks")
HEAD = "| fault | injected | result | violations |\n|---|---|---|---|"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; without a name all of them")
    parser.add_argument("--scale", type=float, default=1.0, help="inject fewer faults, to try things out")
    parser.add_argument("--seed", type=int, default=0, help="of the random places and moments (default: 0)")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(ALL):
        parser.error(f"no torture {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    print(HEAD)
    violations = 0
    for name in chosen.names or ALL:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as room:
            for row in importlib.import_module(f"torture.{name}").rows(Path(room), chosen.scale, chosen.seed):
                print(row, flush=True)
                violations += len(row.violations)
                print(*row.violations, sep="\n", end="\n" * bool(row.violations), file=sys.stderr, flush=True)
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return int(violations > 0)


if __name__ == "__main__":
    sys.exit(main())
