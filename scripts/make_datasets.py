"""Write the data files of `optlab/plugins/datasets/data/` from scikit-learn's copies.

    python scripts/make_datasets.py            write them
    python scripts/make_datasets.py --check    compare them; exit status 1 if one differs

The files are not compressed, so that their bytes do not depend on the version of zlib. Git and wheels compress them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

DATA = Path(__file__).parents[1] / "optlab" / "plugins" / "datasets" / "data"


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def as_fractions(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers and a power of ten per column whose quotient is `x` bit for bit: the decimals as they were published."""
    scales = np.ones(x.shape[1])
    for _ in range(10):
        numerators = np.rint(x * scales)
        exact = (numerators / scales == x).all(axis=0)
        if exact.all():
            return numerators.astype("<u4"), scales.astype("<u4")
        scales[~exact] *= 10
    raise ValueError("a column has more than nine decimals")


def build() -> dict[str, bytes]:
    """The bytes of every data file, by its name."""
    digits, cancer = load_digits(), load_breast_cancer()
    numerators, scales = as_fractions(cancer.data)
    return {
        "digits.npz": npz(inputs=digits.data.astype("u1"), labels=digits.target.astype("u1")),
        "breast_cancer.npz": npz(numerators=numerators, scales=scales, labels=cancer.target.astype("u1")),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare the files instead of writing them")
    check = parser.parse_args().check
    differing = 0
    for name, content in build().items():
        path = DATA / name
        if not check:
            path.write_bytes(content)
        same = path.exists() and path.read_bytes() == content
        differing += not same
        print(f"{hashlib.sha256(content).hexdigest()}  {len(content):7,} bytes  {name}{'' if same else ': DIFFERS'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
