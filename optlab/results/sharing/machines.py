"""What differs between the machine of results and this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optlab.errors import named
from optlab.results import machine
from optlab.results import manifest as manifests


def differences(manifest: Mapping[str, Any], backends: Sequence[str]) -> list[str]:
    """What differs here from the machine in a manifest: the processor, its vectors, BLAS, and the back ends.

    `backends` are those of the sweeps here, in the order of the manifest; empty if they cannot be compared.
    """
    before, now = dict(manifest.get("machine", {})), machine.here()
    recorded = {key: value for key, value in now.items() if before.get(key) is not None and value is not None}
    old, new = set(before.pop("simd", ())), set(recorded.pop("simd", ()))
    found = list(manifests.changes({key.replace("_", " "): before[key] for key in recorded},
                                   {key.replace("_", " "): value for key, value in recorded.items()}))  # fmt: skip
    for words, names in (("without", old - new), ("also", new - old)):
        found += [f"vector instructions of NumPy ({words} {', '.join(sorted(names))})"] * bool(names)
    found += manifests.changes(manifest.get("blas", {}), machine.blas(), "BLAS ")
    for sweep, backend in zip(manifest["sweeps"], backends, strict=False):
        if backend not in (sweep["backend"], "none"):
            what = f"{named(sweep['label'])} on {', '.join(sweep['cases'])}"
            found.append(f"the back end of {what} ({sweep['backend']} -> {backend})")
    return found
