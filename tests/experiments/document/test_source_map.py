"""The scanner against tomllib: every key path of a document is found at the position of the key."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.errors import Mistake
from optlab.experiments.document import source_map as scanner
from optlab.experiments.document.source_map import MAX_DEPTH, MAX_KEYS, MAX_SIZE, parse

# --- generated documents ---

bare = st.text("abcXYZ019_-", min_size=1, max_size=4)
anything = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
keys = st.one_of(bare, anything)
gaps = st.sampled_from(["", " ", "\t", "  "])
breaks = st.sampled_from(["", " ", "\n", "\r\n  ", ' # a ] comment = "here\n\t'])
scalars = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(["1.5", "-inf", "nan", "1e-3", "true", "1979-05-27", "1979-05-27 07:32:00Z", "07:32:00"]),
    anything.map(lambda text: json.dumps(text, ensure_ascii=False).replace("\x7f", "")),
    st.sampled_from(
        ['"""a\n[x]\nb = "1""""', "'''\r\nk = 'v'''''", '"""\\"""" # """', "'#'", '"\\\\"', '""""""', "''"]
    ),
)


@st.composite
def written_keys(draw, key):
    """A key in any notation of TOML."""
    forms = [json.dumps(key, ensure_ascii=False)]
    if key and key.isascii() and all(c.isalnum() or c in "-_" for c in key):
        forms.append(key)
    if "'" not in key:
        forms.append(f"'{key}'")
    return draw(st.sampled_from(forms))


@st.composite
def dotted_keys(draw):
    parts = draw(st.lists(keys, min_size=1, max_size=3))
    return (draw(gaps) + "." + draw(gaps)).join([draw(written_keys(part)) for part in parts])


@st.composite
def values(draw, depth=2):
    kind = draw(st.sampled_from(["scalar", "list", "table"])) if depth else "scalar"
    if kind == "scalar":
        return draw(scalars)
    if kind == "list":
        entries = [draw(breaks) + draw(values(depth - 1)) + draw(breaks) for _ in range(draw(st.integers(0, 3)))]
        return "[" + ",".join(entries) + draw(st.sampled_from(["", ","])) * bool(entries) + draw(breaks) + "]"
    pairs = [draw(gaps) + draw(pairs_of(depth - 1)) + draw(gaps) for _ in range(draw(st.integers(0, 2)))]
    return "{" + ",".join(pairs) + "}"


@st.composite
def pairs_of(draw, depth):
    return draw(dotted_keys()) + draw(gaps) + "=" + draw(gaps) + draw(values(depth))


@st.composite
def documents(draw):
    """Texts that are mostly valid TOML."""
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["pair", "pair", "table", "array", "array", "blank"]))
        if kind == "pair":
            lines.append(draw(gaps) + draw(pairs_of(2)) + draw(gaps))
        elif kind == "blank":
            lines.append(draw(st.sampled_from(["", "# [[x]] = 'y", "\t# \u00e9"])))
        else:
            left, right = ("[", "]") if kind == "table" else ("[[", "]]")
            name = draw(st.one_of(st.sampled_from(["a", "b", "a.b"]), dotted_keys()))
            lines.append(left + draw(gaps) + name + draw(gaps) + right + draw(st.sampled_from(["", " # c"])))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


def positions(text):
    return {path: scanner.line_and_column(text, offset) for path, offset in scanner.positions(text).items()}


def paths(node, path=()):
    yield path
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from paths(child, (*path, key))


def key_at(line, column):
    """The key that a line of text has at a column, read by tomllib."""
    rest = line[column - 1 :]
    for end in range(1, len(rest) + 1):
        try:
            (key,) = tomllib.loads(rest[:end] + " = 1")
        except tomllib.TOMLDecodeError:
            continue
        if rest[0] in "\"'" or not (rest[end : end + 1].isalnum() or rest[end : end + 1] in ("-", "_")):
            return key
    return None


def check(text):
    document = tomllib.loads(text)
    found = positions(text)
    assert set(found) == set(paths(document))
    lines = text.split("\n")
    for path, (line, column) in found.items():
        if path and isinstance(path[-1], str):
            assert key_at(lines[line - 1], column) == path[-1], (path, line, column)


@given(documents())
def test_agrees_with_tomllib(text):
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a key given twice, for one: the generator does not keep track
        return
    check(text)


@given(st.lists(st.tuples(keys, values()), max_size=5, unique_by=lambda pair: pair[0]), st.data())
def test_agrees_with_tomllib_on_valid_pairs(pairs, data):
    text = "\r\n".join(f"{data.draw(written_keys(key))} = {value}" for key, value in pairs)
    assert isinstance(parse(text), dict | Mistake)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    check(text)


def test_every_form_at_once():
    text = (
        "# first\r\n"
        "name = 'x'\r\n"
        'a . "b.c" = [ 1,\r\n'
        "   { k = 2 }, # [\r\n"
        "  [3] ]\r\n"
        'text = """\r\n'
        "[[not]]\r\n"
        '"""\r\n'
        "[[optimizer]]\r\n"
        "\tlr = { log = [1, 2], num.x = 3 }\r\n"
        "[[ optimizer ]]\r\n"
        "[optimizer.schedule]\r\n"
        "'é' = 1\r\n"
        "[[optimizer.deep]]\r\n"
        "z = 1"
    )
    check(text)
    found = positions(text)
    assert found[()] == (1, 1)
    assert found["name",] == (2, 1)
    assert found["a", "b.c"] == (3, 5)
    assert found["a", "b.c", 0] == (3, 15)
    assert found["a", "b.c", 1, "k"] == (4, 6)
    assert found["a", "b.c", 2, 0] == (5, 4)
    assert found["optimizer", 0] == found["optimizer",] == (9, 3)
    assert found["optimizer", 0, "lr"] == (10, 2)
    assert found["optimizer", 0, "lr", "log", 1] == (10, 19)
    assert found["optimizer", 0, "lr", "num", "x"] == (10, 27)
    assert found["optimizer", 1] == (11, 4)
    assert found["optimizer", 1, "schedule"] == (12, 12)
    assert found["optimizer", 1, "schedule", "é"] == (13, 1)
    assert found["optimizer", 1, "deep", 0, "z"] == (15, 1)


@pytest.mark.parametrize("text", ["", "\n", "# only this", "\r\n\t # and = this"])
def test_only_keys_of_the_document_are_found(text):
    assert positions(text) == {(): (1, 1)}


# --- broken and hostile texts ---


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("steps = ten\n", 1, 9, "not valid TOML: invalid value (texts need quotes)"),
        ("a = 1\nb = [1,\n", 2, 8, "not valid TOML: invalid value (texts need quotes), at the end of the file"),
        ("a = 1\r\nlr = 1\r\nlr = 2\r\n", 3, 7, "not valid TOML: this key or table was given before"),
        ("[a]\n[a]", 2, 3, "not valid TOML: this key or table was given before"),
        ("[[p]\nx = 1", 1, 4, "not valid TOML: expected ']]' at the end of an array declaration"),
        (
            "a = 0,1",
            1,
            6,
            "not valid TOML: expected the end of the line after a value (write 0.1, not 0,1; lists need brackets)",
        ),
        ("a = [0.1 0.2]", 1, 10, "not valid TOML: unclosed array (a comma or a ] is missing)"),
        ("a = { b = 1 c = 2 }", 1, 13, "not valid TOML: unclosed inline table (a comma or a } is missing)"),
        (
            "a = “b”",
            1,
            5,
            'not valid TOML: invalid value (texts need straight quotes: "...", not “...”)',
        ),
        ('a = "x\n', 1, 7, "not valid TOML: illegal character '\\n'"),
        ("a = 1\n\n  = 3", 3, 3, None),
        ('a = """x\ny', 2, 2, "not valid TOML: unterminated string, at the end of the file"),
        ("a = 1\nb = " + "9" * 5000, 2, 5, "a number has thousands of digits"),
    ],
)
def test_broken_files(text, line, column, message):
    mistake = parse(text)
    assert isinstance(mistake, Mistake)
    assert (mistake.line, mistake.column) == (line, column)
    assert message in (None, mistake.message)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a = 1\nb = " + "[" * 2000 + "]" * 2000, 2, 5 + MAX_DEPTH, "nested more than 32 deep"),
        ("b = " + "{a=" * 2000 + "1" + "}" * 2000, 1, 5 + 3 * MAX_DEPTH, "nested more than 32 deep"),
        ("a = 1\n" + ".".join("k" * 50_000) + " = 1", 2, 1, "a dotted key of more than 32 parts"),
        ("[" + " . ".join(["'k'"] * 50_000) + "]", 1, None, "a dotted key of more than 32 parts"),
        (
            "lr = [" + "1," * 480_000 + "]",
            1,
            2 * scanner.MAX_COMMAS + 8,
            "more than 100,000 commas: the lists are too long",
        ),
        ("#" * (MAX_SIZE + 1), 1, 1, "the file has 1,000,001 characters, and 1,000,000 is the most"),
        ("[a]\n" * 200_000, MAX_KEYS + 1, 1, "more than 5,000 keys, tables and lists"),
        ("".join(f"k{i}=1\n" for i in range(100_000)), MAX_KEYS + 1, 6, "more than 5,000 keys, tables and lists"),
    ],
)
def test_hostile_files(text, line, column, message):
    mistake = parse(text)
    assert isinstance(mistake, Mistake)
    assert mistake.message == message
    assert mistake.line == line
    assert column in (None, mistake.column)


@pytest.mark.parametrize(
    "text",
    [
        '"""' * 300_000,
        "'''\"" * 200_000,
        '"\\' * 400_000,
        "a" * MAX_SIZE,
        "." * MAX_SIZE,
        ", " * 400_000,
        "'" * MAX_SIZE,
    ],
)
def test_hostile_files_at_the_size_limits(text):
    assert isinstance(parse(text), Mistake)


def test_size_limits_ignore_strings_and_comments():
    brackets = "[" * 50 + "." * 50 + "=" * (MAX_KEYS + 1)
    assert parse(f'a = "{brackets}" # {brackets}\nb = \'\'\'\n{brackets}\'\'\'\nc = """{brackets}\\""""')


@given(st.text("[]{}=.,\"'\\#\n a1", max_size=30))
def test_parse_never_raises(text):
    result = parse(text)
    assert isinstance(result, dict | Mistake)
    if isinstance(result, dict):
        check(text)
    else:
        assert result.line >= 1
        assert result.column >= 1
