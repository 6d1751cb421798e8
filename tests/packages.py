"""Plugin packages for tests, as pip installs them: modules, and metadata with entry points."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path


def install(site: Path, project: str, files: Mapping[str, str]) -> Path:
    """A folder for PYTHONPATH that holds a package: the text of its pyproject.toml, and its modules by their paths."""
    about = tomllib.loads(project)["project"]
    info = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n")
    lines = []
    for group, points in about["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for name, text in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return site
