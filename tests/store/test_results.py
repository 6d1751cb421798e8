"""Damage is found, wherever it is."""

from __future__ import annotations

import random

import pytest

import optlab
from optlab import store
from optlab.errors import ResultsError


def test_every_flipped_bit_is_found(folder):
    rng = random.Random(0)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        for place in {0, len(content) - 1, *rng.sample(range(len(content)), 20)}:
            bit = rng.randrange(8)
            path.write_bytes(content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :])
            with pytest.raises(ResultsError, match=r"is damaged|has format"):
                store.load(folder)
        path.write_bytes(content)
    assert store.load(folder).manifest["runs"] == 9


@pytest.mark.parametrize("harm", ["cut", "lengthen", "empty", "remove"])
def test_every_file_that_is_cut_or_gone_is_found(folder, harm):
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        {
            "cut": lambda path=path, content=content: path.write_bytes(content[:-1]),
            "lengthen": lambda path=path, content=content: path.write_bytes(content + b"\n"),
            "empty": lambda path=path: path.write_bytes(b""),
            "remove": lambda path=path: path.unlink(),
        }[harm]()
        with pytest.raises(ResultsError) as info:
            store.load(folder)
        said = str(info.value)
        gone = path.name == "manifest.json" and harm == "remove"
        assert said.startswith(f"{folder}: holds no finished results" if gone else str(path)), said
        assert said.endswith("run the experiment again")
        path.write_bytes(content)
    store.load(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ResultsError, match="there is no such results folder"):
        optlab.load(tmp_path / "nowhere")
