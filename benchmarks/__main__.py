"""`python -m benchmarks [NAME ...]`: run some benchmarks, or all, and print the tables."""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ALL = (
    *("trajectories", "cold", "million", "scaling", "compilation", "mlp", "gradients", "memory", "browser"),
    *("frames", "calibration", "scale"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; without a name all of them")
    parser.add_argument("--rounds", type=int, default=7, help="how often every contender runs (default: 7)")
    parser.add_argument("--scale", type=float, default=1.0, help="shorten the work, to try things out")
    parser.add_argument("--markdown", action="store_true", help="print what stands in docs/performance.md")
    parser.add_argument("--page", metavar="FILE", type=Path, help="put it there, between the markers of each benchmark")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures, round by round")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(ALL)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    names = chosen.names or ALL
    figures = one(names[0], chosen) if len(names) == 1 else several(names, chosen)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def one(name: str, chosen: argparse.Namespace) -> dict[str, object]:
    """Run a benchmark, print its tables, and return its figures by its name."""
    report = importlib.import_module(f"benchmarks.{name}").report(chosen.rounds, chosen.scale)
    begin, end = f"<!-- figures: python -m benchmarks {name} --markdown -->\n", "<!-- end -->"
    if chosen.page:
        put(chosen.page, begin, report.markdown(), end)
    print(f"{begin}{report.markdown()}\n{end}" if chosen.markdown else f"{name}: {report.text()}")
    return {name: {"about": report.about, "figures": report.figures}}


def put(page: Path, begin: str, figures: str, end: str) -> None:
    """Replace the text between the markers."""
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    if found:
        page.write_text(f"{before}{begin}{figures}\n{end}" + rest.partition(end)[2], encoding="utf-8")


def several(names: list[str], chosen: argparse.Namespace) -> dict[str, object]:
    """Run each benchmark in a separate process, without shared memory, caches or threads."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        for name in names:
            options = [f"--rounds={chosen.rounds}", f"--scale={chosen.scale}", f"--json={file}"]
            options += ["--markdown"] * chosen.markdown + [f"--page={chosen.page}"] * bool(chosen.page)
            subprocess.run([sys.executable, "-m", "benchmarks", name, *options], check=True)
            print(flush=True)
            figures |= json.loads(file.read_text(encoding="utf-8"))
    return figures


if __name__ == "__main__":
    main()
