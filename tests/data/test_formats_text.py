import gzip

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nearspace.data.formats import read, text, write
from nearspace.errors import DuplicateKeyError, EncodingError, InputError, MissingInputError, OutputError
from nearspace.kernels.vector_text import (
    BLANK,
    FULL,
    HARD,
    LONGEST_NUMBER,
    READ,
    gather,
    gather_numpy,
    parse_rows,
    parse_rows_numpy,
    write_rows,
    write_rows_numpy,
)
from nearspace.keys import Keys
from nearspace.space import Space

TEXT = ["word2vec", "fasttext-vec", "glove"]


def kernel_read(content, dim, road=parse_rows, rows=100, has_key=True):
    block = np.frombuffer(content, dtype=np.uint8)
    vectors, spans = np.zeros((rows, dim), np.float32), np.zeros((rows, 2), np.int64)
    done, at, why = road(block, 0, has_key, vectors, spans)
    return vectors[:done], [content[a:b] for a, b in spans[:done].tolist()], at, why


@pytest.mark.parametrize("road", [parse_rows, parse_rows_numpy])
def test_lines_with_keys(road):
    content = "über 1 -2.5\nb\t+3e2 .5 \r\nc  4.\t1E-2\n".encode()
    vectors, keys, at, why = kernel_read(content, 2, road)
    assert keys == ["über".encode(), b"b", b"c"]
    assert vectors.tolist() == [[1, -2.5], [300, 0.5], [4, np.float32(0.01)]]
    assert (at, why) == (len(content), READ)


@pytest.mark.parametrize("road", [parse_rows, parse_rows_numpy])
def test_where_and_why_reading_stops(road):
    assert kernel_read(b"1 2\n3 4\n", 2, road, rows=1, has_key=False)[2:] == (4, FULL)
    assert kernel_read(b"1 2\n \t\r\n3 4\n", 2, road, has_key=False)[2:] == (4, BLANK)
    assert kernel_read(b"1 2\n\n", 2, road, rows=1, has_key=False)[2:] == (4, BLANK)


@pytest.mark.parametrize(
    "line",
    [
        b"a 1",
        b"a 1 2 3",
        b"a 1 x",
        b"a 1 2x",
        b"a 1 nan",
        b"a 1 1e39",
        b"a 1 1e",
        b"a 1 -",
        b"a 1 .",
        b" 1 2",
    ],
)
def test_lines_that_are_left_to_python(line):
    assert kernel_read(b"ok 1 2\n" + line + b"\n", 2)[2:] == (7, HARD)


@settings(max_examples=300, deadline=None)
@given(
    number=st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.from_regex(
            r"[+-]?([0-9]{1,24}(\.[0-9]{0,24})?|\.[0-9]{1,24})([eE][+-]?[0-9]{1,3})?", fullmatch=True
        ),
    )
)
@example("16777217")  # halfway between two float32: needs the exact decimal
@example("16777217.0000000000001")
@example("1.00000005960464477539062500")
@example("1.000000059604644775390626")
@example("9007199254740993")
def test_a_number_is_read_exactly_or_not_at_all(number):
    vectors, _, _, why = kernel_read(number.encode() + b"\n", 1, has_key=False)
    if why == READ:
        assert vectors[0, 0] == np.float32(float(number))
    else:
        assert why == HARD


def test_ordinary_numbers_are_not_hard():
    rng = np.random.default_rng(4)
    numbers = rng.normal(size=(2000, 5)) * 10.0 ** rng.integers(-6, 6, size=(2000, 5))
    for show in ("{:.6f}", "{!r}", "{:.5g}", "{:.17g}"):
        content = "".join(" ".join(map(show.format, row)) + "\n" for row in numbers.tolist()).encode()
        expected = np.array([line.split() for line in content.splitlines()], dtype=np.float64)
        done, at, hard = 0, 0, 0
        block, vectors = np.frombuffer(content, np.uint8), np.zeros((2000, 5), np.float32)
        while at < len(content):
            more, at, why = parse_rows(block, at, False, vectors[done:], np.zeros((2000, 2), np.int64))
            done += more
            if why == HARD:
                hard, done, at = hard + 1, done + 1, content.index(b"\n", at) + 1
                vectors[done - 1] = expected[done - 1]
        assert hard < 3
        assert np.array_equal(vectors, expected.astype(np.float32))


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=300, deadline=None)
@given(values=st.lists(finite, min_size=1, max_size=4))
@example([0.0, -0.0])
@example([9.9999999e-06, 123456789.0, -1e-13, 9999999999.0])
@example([1.1754943508222875e-38, 1e-45, 3.4028234663852886e38, -1.4e-45])
def test_written_numbers_give_back_the_same_bits(values):
    rows = np.array([values], dtype=np.float32)
    line = write_rows(rows, np.empty(0, np.uint8), np.zeros(2, np.int64), 32)
    found = np.array([float(field) for field in line.split()], dtype=np.float32)
    assert found.tobytes() == rows.tobytes()
    assert max(map(len, line.split())) <= LONGEST_NUMBER


def test_numbers_as_people_write_them():
    values = [0.5, -1, 0.1, 100, 1234.5, 1e-5, 1.5e-6, 3e9, 1e10, 0.00012, -0.0, 1 / 3]
    line = write_rows(np.array([values], np.float32), np.empty(0, np.uint8), np.zeros(2, np.int64), 32)
    assert line == b"0.5 -1 0.1 100 1234.5 0.00001 1.5e-06 3000000000 1e+10 0.00012 -0 0.33333334\n"


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_kernels_equal_their_twins(data):
    names = data.draw(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\r\n"), min_size=1),
            min_size=1,
            max_size=4,
        )
    )
    values = data.draw(
        st.lists(st.lists(finite, min_size=2, max_size=2), min_size=len(names), max_size=len(names))
    )
    rows, keys = np.array(values, np.float32), [name.encode() for name in names]
    buffer = np.frombuffer(b"".join(keys), np.uint8)
    offsets = np.cumsum([0, *map(len, keys)])
    for road in (write_rows, write_rows_numpy):
        content = road(rows, buffer, offsets, 9)
        assert content.count(b"\n") == len(names)
        found, spans, _, why = kernel_read(content, 2, parse_rows_numpy)
        assert (spans, why) == (keys, READ)
        assert found.tobytes() == rows.tobytes()
        quick, spans, _, _ = kernel_read(content, 2)
        assert spans == keys[: len(spans)]
        assert quick.tobytes() == rows[: len(quick)].tobytes()
        block, cut = np.frombuffer(content, np.uint8), np.array([[0, 1], [1, 1], [0, 2]])
        assert gather(block, cut).tobytes() == gather_numpy(block, cut).tobytes() == content[:1] + content[:2]


keys_of_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\r\n"), min_size=1)


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
@pytest.mark.parametrize("name", TEXT)
@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(keys_of_text, min_size=1, max_size=5, unique=True), dim=st.integers(1, 4), data=st.data()
)
def test_round_trip(tmp_path_factory, name, suffix, names, dim, data):
    path = tmp_path_factory.mktemp("text") / f"a{suffix}"
    row = st.lists(finite, min_size=dim, max_size=dim)
    rows = np.array(data.draw(st.lists(row, min_size=len(names), max_size=len(names))), dtype=np.float32)
    write(Space(Keys(names), rows), path, format=name)
    found = read(path, format=name)
    assert found.keys.names() == names
    assert found.vectors.tobytes() == rows.tobytes()


def test_blocks_meet_without_seams(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 100)
    rng = np.random.default_rng(0)
    space = Space(Keys(f"kéy{n}" for n in range(500)), rng.normal(size=(500, 7)).astype(np.float32))
    for name, suffix in (("word2vec", ".txt"), ("glove", ".glove.gz")):
        write(space, tmp_path / f"a{suffix}", format=name)
        found = read(tmp_path / f"a{suffix}")
        assert found.recipe.learner == f"import:{name}"
        assert found.keys == space.keys
        assert np.array_equal(found.vectors, space.vectors)


def test_many_chunks_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("nearspace.data.formats.reading._CHUNK_BYTES", 100)
    space = Space(Keys(f"k{n}" for n in range(50)), np.arange(150, dtype=np.float32).reshape(50, 3))
    write(space, tmp_path / "a.txt")
    assert np.array_equal(read(tmp_path / "a.txt").vectors, space.vectors)
    assert np.array_equal(read(tmp_path / "a.txt", limit=30).vectors, space.vectors[:30])


def put(tmp_path, content, name="v.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_files_of_other_tools(tmp_path):
    fasttext = put(tmp_path, "2 3\n</s> 0.1 0.2 0.3 \nthe -1 2 3 \n", "a.vec")
    assert read(fasttext).recipe.learner == "import:fasttext-vec"
    assert read(fasttext).keys.names() == ["</s>", "the"]
    windows = put(tmp_path, "\ufeff2 2\r\na 1 2\r\nb 3 4\r\n\r\n\n")
    assert read(windows).vectors.tolist() == [[1, 2], [3, 4]]
    no_last_newline = put(tmp_path, "a 1 2\nb 3 4")
    assert read(no_last_newline).recipe.learner == "import:glove"
    assert read(no_last_newline).vectors.tolist() == [[1, 2], [3, 4]]
    unicode_spaces = put(tmp_path, "1 2\na\u00a0b\u2028c\x0bd\x85 1 2\n")
    assert read(unicode_spaces).keys.names() == ["a\u00a0b\u2028c\x0bd\x85"]
    integers = put(tmp_path, "2 2\n7 1 2\n8 3 4\n")
    assert read(integers).keys.names() == ["7", "8"]


def test_glove_keys_with_spaces(tmp_path):
    path = put(tmp_path, "the 1 2 3\n. . . 4 5 6\nat name@domain.com 7 8 9\n3.5 1 1 1\n")
    found = read(path)
    assert found.keys.names() == ["the", ". . .", "at name@domain.com", "3.5"]
    assert found[". . ."].tolist() == [4, 5, 6]


def test_limit(tmp_path):
    path = put(tmp_path, "3 1\na 1\nb 2\nc oops\n")
    assert read(path, limit=2).keys.names() == ["a", "b"]
    assert len(read(put(tmp_path, "a 1\nb 2\n"), limit=9)) == 2


BAD = [
    ("3 2\na 1 2\nb 3 4\n", "the header says 3 vectors, and the file ends after 2"),
    ("3 2\n", "the header says 3 vectors, and the file ends after 0"),
    ("0 2\n", "holds no vectors"),
    ("1 2\na 1 2\nb 3 4\n", r"the header says 1 vectors, and line 3 is one more\n.*limit="),
    ("2 3\na 1 2\nb 3 4\n", "line 2: 2 numbers, expected 3"),
    ("2 900000\na 1 2\nb 3 4\n", "line 2: 2 numbers, expected 900,000"),
    ("2 9000000\na 1 2\nb 3 4\n", "vectors of 9,000,000 components, expected 1 to"),
    ("2 0\na\nb\n", "vectors of 0 components"),
    ("2 2\na 1 2\nb 3 4 5\n", "line 3: 3 numbers, expected 2"),
    ("2 2\na 1 2\nb 3\n", "line 3: 1 numbers, expected 2"),
    ("2 2\na 1 2\nb 3 four\n", "line 3: component 2 is 'four', expected a number"),
    ("2 2\na 1 2\nb 3 1_0\n", "line 3: component 2 is '1_0', expected a number"),
    ("2 2\na 1 2\nb nan 4\n", "line 3: component 1 is 'nan', not a finite float32"),
    ("2 2\na 1 -inf\nb 3 4\n", "line 2: component 2 is '-inf', not a finite float32"),
    ("2 2\na 1 1e39\nb 3 4\n", "line 2: component 2 is '1e39', not a finite float32"),
    ("2 2\na 1 2\n\nb 3 4\n", "line 3: the line is empty, and others follow it"),
    ("2 2\na 1 2\n 3 4\n", "line 3: the line begins with a space"),
    ("2 2\na 1 2\n 3 4 5\n", "line 3: the line begins with a space, expected a key"),
    ("a 1 2\nb 3\n", "line 2: 1 numbers, expected 2"),
    ("a 1 2\nb 3 4 5\n", "line 2: 3 numbers, expected 2"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_lines(tmp_path, content, message, packed):
    raw = content.encode()
    path = put(tmp_path, gzip.compress(raw) if packed else raw)
    with pytest.raises(InputError, match=rf"v\.txt'.*{message}"):
        read(path)


def test_line_numbers_are_counted_over_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 64)
    lines = [f"k{n} 1 2" for n in range(1000)]
    lines[777] = "k777 1 x"
    with pytest.raises(InputError, match=r"v\.txt', line 778: component 2 is 'x'"):
        read(put(tmp_path, "\n".join(lines)))


def test_bad_keys(tmp_path):
    with pytest.raises(
        DuplicateKeyError, match=r"v\.txt', line 4: key 'a' came before, in line 2\nKeys must"
    ):
        read(put(tmp_path, "3 1\na 1\nb 2\na 3\n"))
    with pytest.raises(DuplicateKeyError, match=r"v\.txt', line 3: key 'a' came before, in line 1"):
        read(put(tmp_path, "a 1\nb 2\na 3\n"))
    with pytest.raises(
        EncodingError, match=r"line 3: key b'b\\xff' is not valid UTF-8 \(byte 1 of the key\)\n"
    ):
        read(put(tmp_path, b"2 1\na 1\nb\xff 2\n"))
    with pytest.raises(EncodingError, match="line 1: key"):  # together, the two halves would be one character
        read(put(tmp_path, b"\xc3 1 2\n\xa9 3 4\n"))


def test_bad_files(tmp_path):
    with pytest.raises(MissingInputError, match=r"nothing\.txt' does not exist"):
        read(tmp_path / "nothing.txt")
    for name in [None, *TEXT]:
        with pytest.raises(InputError, match=r"v\.txt': the file is empty"):
            read(put(tmp_path, ""), format=name)
        with pytest.raises(MissingInputError, match=r"nothing\.txt' does not exist"):
            read(tmp_path / "nothing.txt", format=name)
    with pytest.raises(InputError, match=r"line 1 is 'a 1 2', expected a header .*\n.*format='glove'"):
        read(put(tmp_path, "a 1 2\n"), format="word2vec")
    with pytest.raises(InputError, match="line 1 is 'just words', expected a key and numbers"):
        read(put(tmp_path, "just words\n"), format="glove")
    packed = gzip.compress(b"2 1\na 1\nb 2\n" * 50)
    with pytest.raises(
        InputError, match=r"v\.txt' is damaged: its compressed data ends early or is not sound"
    ):
        read(put(tmp_path, packed[:-20]))
    with pytest.raises(InputError, match="is damaged: its compressed data"):
        read(put(tmp_path, packed[:15] + b"\0\0\0" + packed[18:]))


def test_a_line_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 1000)
    monkeypatch.setattr(text, "_LONGEST_LINE", 5000)
    with pytest.raises(InputError, match="a line is longer than 5,000 bytes"):
        read(put(tmp_path, b"a " + b"1 " * 20_000), format="glove")


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("new york", "holds a space"),
        ("a\tb", "holds a tab"),
        ("a\nb", "holds a line break"),
        ("a\r", "holds a carriage return"),
        ("", "is empty"),
    ],
)
def test_keys_that_text_cannot_express(tmp_path, name, key, reason):
    space = Space(Keys(["fine", key]), np.ones((2, 2), np.float32))
    with pytest.raises(OutputError, match=rf"cannot write .*row 1 {reason}, which this format cannot"):
        write(space, tmp_path / "a.txt", format=name)
    assert list(tmp_path.iterdir()) == []


def test_the_same_bytes_every_time(tmp_path):
    space = Space(Keys(["a", "b"]), np.ones((2, 2), np.float32))
    for name in ("a.txt.gz", "b.txt.gz"):
        write(space, tmp_path / name)
    assert (tmp_path / "a.txt.gz").read_bytes() == (tmp_path / "b.txt.gz").read_bytes()
