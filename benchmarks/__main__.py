"""`python -m benchmarks [rosenbrock] [mlp] [gradients] [memory]`: run them, or all, and print the tables."""

import argparse
import os
import platform

import numpy as np

from benchmarks import gradients, memory, mlp, peers, rosenbrock

ALL = {"rosenbrock": rosenbrock, "mlp": mlp, "gradients": gradients, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; without a name all of them")
    parser.add_argument("--rounds", type=int, default=7, help="how often every contender runs (default: 7)")
    parser.add_argument("--scale", type=float, default=1.0, help="shorten the work, to try things out")
    parser.add_argument("--markdown", action="store_true", help="gradients: the tables as in docs/performance.md")
    parser.add_argument("--json", metavar="FILE", help="gradients: write all figures, round by round")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(ALL)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    if (chosen.markdown or chosen.json) and chosen.names != ["gradients"]:
        parser.error("--markdown and --json go with gradients alone: python -m benchmarks gradients --markdown")
    if chosen.names == ["gradients"]:
        print(gradients.report(chosen.rounds, chosen.scale, chosen.markdown, chosen.json))
        return
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores. Time per run and step.")
    if peers.missing():
        print(f"Left out, since not installed: {', '.join(peers.missing())}.")
    for name in chosen.names or ALL:
        print(f"\n{ALL[name].report(chosen.rounds, chosen.scale)}", flush=True)


if __name__ == "__main__":
    main()
