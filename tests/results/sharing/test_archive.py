"""Packed files: deterministic bytes, and everything that a hostile or damaged one may have is refused."""

from __future__ import annotations

import re
import stat
import zipfile

import pytest

from optlab.errors import ResultsError, UserError
from optlab.results.sharing import archive

KNOWN = re.compile(r"[a-c]|[a-c]/[a-c]")


def made(path, *members, compression=zipfile.ZIP_STORED):
    """A zip file with members as given: (name or ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def extracted(path, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    names = archive.extract(path, folder, KNOWN)
    return {name: (folder / name).read_bytes() for name in names}


def test_what_is_written_is_read(tmp_path):
    (tmp_path / "content").write_bytes(bytes(range(256)))
    archive.write(tmp_path / "z.zip", {"b/a": b"2", "a": tmp_path / "content", "c": b""})
    assert extracted(tmp_path / "z.zip", tmp_path) == {"a": bytes(range(256)), "b/a": b"2", "c": b""}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["content", "out", "z.zip"]


def test_bytes_depend_on_the_contents_only(tmp_path, monkeypatch):
    archive.write(tmp_path / "1.zip", {"a": b"1", "b": b"2"})
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    archive.write(tmp_path / "2.zip", {"b": b"2", "a": b"1"})
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.zip") as file:
        assert [(i.filename, i.date_time, i.compress_type) for i in file.infolist()] == [
            ("a", (1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED),
            ("b", (1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED),
        ]


def test_an_earlier_file_stays_if_writing_fails(tmp_path):
    archive.write(tmp_path / "z.zip", {"a": b"1"})
    before = (tmp_path / "z.zip").read_bytes()
    with pytest.raises(FileNotFoundError):
        archive.write(tmp_path / "z.zip", {"a": b"2", "b": tmp_path / "nothing"})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("z.zip", before)]


def test_texts_that_another_program_compressed_are_read(tmp_path):
    text = bytes(range(256)) * 20
    path = made(tmp_path / "z.zip", ("a", text), compression=zipfile.ZIP_DEFLATED)
    assert extracted(path, tmp_path) == {"a": text}


def of_kind(kind):
    info = zipfile.ZipInfo("a")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return info


OUTSIDE = "leads outside of the folder, or is a folder"
REFUSED = {
    "../a": OUTSIDE, "/a": OUTSIDE, "a/../../b": OUTSIDE, "C:\\a": OUTSIDE, "..\\a": OUTSIDE, "a//b": OUTSIDE,
    "./a": OUTSIDE, "a/": OUTSIDE, "d": "is no file of results", "A": "is no file of results",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_are_refused(tmp_path, name):
    path = made(tmp_path / "z.zip", ("b", "1"), (name, "2"))
    with pytest.raises(ResultsError, match=re.escape(f"z.zip: is refused: its member {name!r} {REFUSED[name]}")):
        extracted(path, tmp_path)
    assert not any((tmp_path / "out").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "z.zip"]


def test_a_name_with_nul(tmp_path):
    path = made(tmp_path / "z.zip", ("aXb", "1"))
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    with pytest.raises(ResultsError, match=OUTSIDE):
        extracted(path, tmp_path)


@pytest.mark.parametrize(
    ("kind", "told"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "is no regular file"), (stat.S_IFDIR, "is no regular file")],
)
def test_kinds_that_are_refused(tmp_path, kind, told):
    path = made(tmp_path / "z.zip", (of_kind(kind), "/etc/passwd"))
    with pytest.raises(ResultsError, match=f"its member 'a' {told}"):
        extracted(path, tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice(tmp_path):
    with pytest.raises(ResultsError, match="its member 'a' occurs twice"):
        extracted(made(tmp_path / "z.zip", ("a", "1"), ("a", "2")), tmp_path)


def test_an_unusual_compression(tmp_path):
    with pytest.raises(ResultsError, match="is compressed in an unusual way"):
        extracted(made(tmp_path / "z.zip", ("a", "1" * 100), compression=zipfile.ZIP_LZMA), tmp_path)


def test_an_encrypted_member(tmp_path):
    path = made(tmp_path / "z.zip", ("a", "1"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ResultsError, match="is encrypted"):
        extracted(path, tmp_path)


def test_a_bomb_of_highly_compressed_zeros(tmp_path):
    path = made(tmp_path / "z.zip", ("a", bytes(3_000_000)), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ResultsError, match="its members claim 3,000,000 bytes in a file of"):
        extracted(path, tmp_path)
    assert not any((tmp_path / "out").iterdir())


def declared(path, size):
    """The file with another declared size of its only member, in both headers."""
    content = bytearray(path.read_bytes())
    for begin in (22, content.index(b"PK\1\2") + 24):
        content[begin : begin + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)


def test_a_bomb_that_claims_to_be_small(tmp_path):
    """No more is written than is declared, whatever the compressed data would give."""
    path = made(tmp_path / "z.zip", ("a", bytes(3_000_000)), compression=zipfile.ZIP_DEFLATED)
    declared(path, 10)
    with pytest.raises(ResultsError, match="is no zip file, or is damaged"):
        extracted(path, tmp_path)
    assert sum(file.stat().st_size for file in (tmp_path / "out").iterdir()) <= 10


def test_a_bomb_of_members_that_overlap(tmp_path):
    """Every entry of the directory points to the same data, as in the bombs of D. Fifield (2019)."""
    path = made(tmp_path / "z.zip", ("a", bytes(100)))
    content = path.read_bytes()
    at = content.index(b"PK\1\2")
    entry = content[at : content.index(b"PK\5\6")]
    entries = b"".join(entry[:46] + bytes([letter]) + entry[47:] for letter in b"abc")
    end = bytearray(content[content.index(b"PK\5\6") :])
    end[8:10] = end[10:12] = (3).to_bytes(2, "little")
    end[12:16] = len(entries).to_bytes(4, "little")
    path.write_bytes(content[:at] + entries + end)
    with pytest.raises(ResultsError, match=r"its members claim 300 bytes|is no zip file, or is damaged"):
        extracted(path, tmp_path)


def test_every_flipped_bit_and_every_cut_is_found_or_changes_no_content(tmp_path):
    """The directory of a file may lose members this way; the manifest of results names them (`test_pack`)."""
    path = made(tmp_path / "z.zip", ("a", b"0123"))
    whole = path.read_bytes()
    wrong = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(len(whole))]
    wrong += [whole[:length] for length in range(len(whole) - 1)]
    refused = []
    for number, content in enumerate(wrong):
        path.write_bytes(content)
        folder = tmp_path / str(number)
        try:
            names = archive.extract(path, folder, KNOWN)
            assert {(name, (folder / name).read_bytes()) for name in names} <= {("a", b"0123")}
        except ResultsError as error:
            refused.append(str(error))
    assert len(refused) > len(wrong) / 2
    assert {message.partition(": is ")[0] for message in refused} == {str(path)}


def test_no_such_file(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        archive.extract(tmp_path / "z.zip", tmp_path, KNOWN)
