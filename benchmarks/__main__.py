"""`python -m benchmarks [rosenbrock] [mlp] [memory]`: run them, or all, and print the tables."""

import argparse
import os
import platform

import numpy as np

from benchmarks import memory, mlp, peers, rosenbrock

ALL = {"rosenbrock": rosenbrock, "mlp": mlp, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; without a name all of them")
    parser.add_argument("--rounds", type=int, default=7, help="how often every contender runs (default: 7)")
    parser.add_argument("--scale", type=float, default=1.0, help="shorten the work, to try things out")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(ALL)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores. Time per run and step.")
    if peers.missing():
        print(f"Left out, since not installed: {', '.join(peers.missing())}.")
    for name in chosen.names or ALL:
        print(f"\n{ALL[name].report(chosen.rounds, chosen.scale)}", flush=True)


if __name__ == "__main__":
    main()
