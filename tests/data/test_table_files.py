"""Tables from files: every format, and what a user is told when a file is not sound."""

import bz2
import gzip
import io
import json
import lzma

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import zstandard

from nearspace.data.table_csv import open_csv
from nearspace.data.table_jsonl import open_jsonl
from nearspace.data.table_text import CheckedText
from nearspace.data.tables import read_table
from nearspace.data.text_files import Piece
from nearspace.errors import DimensionError, EncodingError, InputError, MissingInputError

ROWS = [{"id": f"k{n}", "n": n, "text": f'a "{n}",\nü' * (n % 3)} for n in range(50)]


def as_csv(rows, separator=","):
    def field(value):
        return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else str(value)

    lines = [rows[0].keys(), *(map(field, row.values()) for row in rows)]
    return "".join(separator.join(line) + "\n" for line in lines)


def as_jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_bytes(write):
    sink = io.BytesIO()
    write(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


def stream(table, sink):
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


FILES = {
    "a.csv": as_csv(ROWS).encode(),
    "crlf.csv": as_csv(ROWS).replace('"\n', '"\r\n').encode(),
    "semicolon.csv": as_csv(ROWS, ";").encode(),
    "mark.CSV": b"\xef\xbb\xbf" + as_csv(ROWS).encode(),
    "no-end.csv": as_csv(ROWS).encode().rstrip(b"\n"),
    "a.tsv": as_csv(ROWS, "\t").encode(),
    "a.csv.gz": gzip.compress(as_csv(ROWS).encode()),
    "a.tsv.xz": lzma.compress(as_csv(ROWS, "\t").encode()),
    "a.csv.bz2": bz2.compress(as_csv(ROWS).encode()),
    "a.jsonl": as_jsonl(ROWS).encode(),
    "a.ndjson": as_jsonl(ROWS).replace("\n", "\r\n\n").encode(),
    "a.jsonl.zst": zstandard.compress(as_jsonl(ROWS).encode()),
    "a.parquet": as_bytes(pyarrow.parquet.write_table),
    "a.feather": as_bytes(pyarrow.feather.write_feather),
    "a.arrows": as_bytes(stream),
}
UNNAMED = {"csv": "a.csv", "tsv": "a.tsv", "jsonl": "a.jsonl", "parquet": "a.parquet", "arrow": "a.feather"}


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(table):
    return [row for batch in table.batches() for row in batch.to_pylist()]


@pytest.mark.parametrize("name", FILES)
def test_every_format(name, tmp_path):
    table = read_table(write(tmp_path, name, FILES[name]), batch=20)
    assert table.name.endswith(name)
    assert table.schema == pa.schema({"id": pa.string(), "n": pa.int64(), "text": pa.string()})
    assert rows_of(table) == rows_of(table) == ROWS
    assert [len(batch) for batch in table.batches()] == [20, 20, 10]
    assert rows_of(read_table(str(tmp_path / name), columns=["n"])) == [{"n": row["n"]} for row in ROWS]


@pytest.mark.parametrize("kind", UNNAMED)
def test_the_format_is_told_from_the_first_bytes_or_by_the_user(kind, tmp_path):
    assert rows_of(read_table(write(tmp_path, "table", FILES[UNNAMED[kind]]))) == ROWS
    assert rows_of(read_table(write(tmp_path, "table.dat", FILES[UNNAMED[kind]]), format=kind)) == ROWS


@pytest.mark.parametrize("kind", UNNAMED)
def test_open_files_are_read_once(kind):
    file = io.BytesIO(FILES[UNNAMED[kind]])
    table = read_table(file, format=kind)
    assert rows_of(table) == ROWS
    with pytest.raises(InputError, match="the open file: it was read already"):
        table.batches()
    with pytest.raises(InputError, match=r"nothing tells the format of an open file\n.*--format"):
        read_table(io.BytesIO(b""))
    with pytest.raises(InputError, match="open as text"):
        read_table(io.StringIO("a,b"), format="csv")


def test_several_files_are_one_table(tmp_path):
    paths = [write(tmp_path, name, FILES[name]) for name in ("a.csv", "a.parquet", "a.jsonl")]
    table = read_table(paths, batch=60)
    assert table.name == "3 files"
    assert rows_of(table) == ROWS * 3
    assert [len(batch) for batch in table.batches()] == [60, 60, 30]


def test_the_first_file_settles_the_types(tmp_path):
    first = write(tmp_path, "1.csv", "zip,n\nW1,5\n")
    second = write(tmp_path, "2.csv", "n,zip\n6,007\n")
    assert [row["zip"] for row in rows_of(read_table([first, second]))] == ["W1", "007"]
    other = write(tmp_path, "3.csv", "zip,n,x\n1,2,3\n")
    with pytest.raises(
        InputError, match=r"3\.csv: it has the column 'x', which the first file does not have"
    ):
        rows_of(read_table([first, other]))
    assert rows_of(read_table([first, other], columns=["n"])) == [{"n": 5}, {"n": 2}]
    with pytest.raises(InputError, match=r"4\.csv: there is no column 'n'"):
        rows_of(read_table([first, write(tmp_path, "4.csv", "zip\n1\n")]))
    with pytest.raises(InputError, match=r"5\.jsonl, line 1: a new column 'y'"):
        rows_of(read_table([first, write(tmp_path, "5.jsonl", '{"y": 1}\n')]))


def test_vectors_in_json_lines(tmp_path):
    whole = "".join(f'{{"vector": [{n}, 1]}}\n' for n in range(5))
    table = read_table(write(tmp_path, "a.jsonl", whole + '{"vector": [0.5, 2]}\n'))
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 2)
    assert rows_of(table)[-1] == {"vector": [0.5, 2.0]}
    with pytest.raises(DimensionError, match="row 6: a vector of 1 components, and the first has 2"):
        rows_of(read_table(write(tmp_path, "b.jsonl", whole + '{"vector": [0.5]}\n')))
    with pytest.raises(InputError, match="row 6: component 2 of the vector is null"):
        rows_of(read_table(write(tmp_path, "b.jsonl", whole + '{"vector": [0.5, null]}\n')))


def test_text_that_looks_like_a_time_or_number_stays_text_in_json(tmp_path):
    text = '{"a": "2020-01-01", "b": "7", "c": null}\n{"a": "now", "b": "07", "c": "x"}\n'
    assert rows_of(read_table(write(tmp_path, "a.jsonl", text))) == [
        {"a": "2020-01-01", "b": "7", "c": None},
        {"a": "now", "b": "07", "c": "x"},
    ]


def test_numbers_of_a_csv_keep_their_zeros_as_text(tmp_path):
    path = write(tmp_path, "a.csv", "zip,n\n007,1\n")
    assert rows_of(read_table(path)) == [{"zip": 7, "n": 1}]
    assert rows_of(read_table(path, types={"zip": "string"})) == [{"zip": "007", "n": 1}]


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    for text in ("id,n\n", "id,n"):
        table = read_table(write(tmp_path, "a.csv", text))
        assert (table.schema.names, rows_of(table)) == (["id", "n"], [])


MANY = "".join(f'{n},"x\n"\n' for n in range(3000))
BAD = [
    ("a.csv", "", "it is empty"),
    ("a.csv", "\n \n", "it is empty"),
    ("a.jsonl", "", "it is empty"),
    ("a.jsonl", "\n\n", "it is empty"),
    ("a.jsonl", '{"a": [1, "x"]}', "line 1: column 'a' has a value of no one type"),
    ("a.parquet", "", "it is empty"),
    ("a", "", "it is empty"),
    ("a.csv", "id,n\n\n1,2\n1,2,3\n", "line 4: 3 fields, and the header has 2"),
    ("a.csv", 'id,n\n1,"x\ny"\n2\n', "line 4: 1 fields, and the header has 2"),
    ("a.csv", "id,n\n" + MANY + "3,4,5\n", "line 6,002: 3 fields, and the header has 2"),
    ("a.csv", "id,id\n1,2\n", "2 columns are called 'id'\nRename"),
    ("a.csv", ",n\n1,2\n", "column 1 has no name\n.*index=False"),
    ("a.csv", b"id,n\n1,\xff\n", "invalid UTF-8 at byte offset 7"),
    ("a.csv", b"id,n\n1,\xc3", "invalid UTF-8 at byte offset 7"),
    ("a.csv", "id,n\n1,\x00\n", "NUL byte at offset 7"),
    ("a.csv", "id,n\n1,2\n".encode("utf-16"), "this is UTF-16 text, not UTF-8"),
    ("a.csv.gz", gzip.compress(as_csv(ROWS).encode())[:-9], "compressed data breaks off"),
    ("a.jsonl", '{"a": 1}\n\n{"a": \n', "line 3: it is no JSON"),
    ("a.jsonl", '{"a": 1}\n5\n', "line 2: int, expected an object"),
    ("a.jsonl", '{"a": 1}\n\n{"a": "x"}\n', "line 3: column 'a' holds whole numbers so far, and here 'x'"),
    ("a.jsonl", b'{"a": "\xff"}\n', "invalid UTF-8 at byte offset 7"),
    ("a.json", '[{"a": 1}]', "one JSON array.*\n.*jq -c"),
    ("a.txt", "hello\n", r"neither its name nor its first line tells its format\n.*csv \(\.csv\), tsv"),
    ("a.parquet", FILES["a.parquet"][:-9], "it is damaged, or not of the format 'parquet'"),
    ("a.parquet", b"PAR1" + FILES["a.csv"], "it is damaged, or not of the format 'parquet'"),
    ("a.arrow", FILES["a.feather"][:400], "it is damaged, or not of the format 'arrow'"),
    ("a.arrows", FILES["a.arrows"][:600], "it is damaged, or not of the format 'arrow'"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD, ids=[f"{row[0]}: {row[2]}" for row in BAD])
def test_bad_files(name, content, message, tmp_path):
    path = write(tmp_path, name, content)
    with pytest.raises(InputError, match=message) as caught:
        rows_of(read_table(path))
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(MissingInputError, match=r"none\.csv: there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="this is a folder\nGive the files in it as a list of paths"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="item 1 of the list is int, expected a path"):
        read_table([write(tmp_path, "a.csv", "a\n1\n"), 5])


def test_lines_of_open_files_are_told_by_their_number_of_records():
    with pytest.raises(InputError, match=r"the open file, record 3 \(the header is 1\): 3 fields"):
        rows_of(read_table(io.BytesIO(b"id,n\n1,2\n1,2,3\n"), format="csv"))


def text(data, size=50):
    pieces = [Piece(data[at : at + size], False) for at in range(0, len(data), size)]
    return CheckedText(pieces, "t")


def test_a_type_that_changes_after_the_first_block():
    data = ("id,n,late\n" + "".join(f"{n},{n},\n" for n in range(200))).encode()
    part = open_csv(text(data + b"1,2,x\n"), None, {}, None, 256)
    assert [row["late"] for batch in part.batches for row in batch.to_pylist()] == [""] * 200 + ["x"]
    for value, shown in ((b"oops", "oops"), (b"1.5", "1.5"), (b"x" * 90, "x" * 50)):
        broken = data + b"200," + value + b",\n"
        part = open_csv(text(broken), None, {}, lambda: text(broken), 256)  # noqa: B023
        with pytest.raises(
            InputError, match="t, line 202: column 'n' holds whole numbers so far, and here "
        ) as at:
            list(part.batches)
        assert shown in at.value.message
        assert "types={'n': 'string'}" in at.value.hint


def test_a_quote_that_is_never_closed():
    data = b'id,n\n1,2\n3,"' + b"x,\n" * 400
    with pytest.raises(InputError, match=r"a quote is never closed|fields, and the header"):
        list(open_csv(text(data), None, {}, None, 256).batches)


def test_json_lines_after_the_first_block():
    data = b"".join(b'{"id": %d, "x": "a"}\n\n' % n for n in range(100))
    part = open_jsonl(text(data + b'{"id": 100}'), {}, {}, block=200)
    assert [row["id"] for batch in part.batches for row in batch.to_pylist()] == list(range(101))
    for line, message in (
        (b'{"id": 1.5}', "t, line 201: column 'id' holds whole numbers so far, and here 1.5"),
        (b'{"id": "x"}', "t, line 201: column 'id' holds whole numbers so far, and here 'x'"),
        (b'{"x": 5}', "t, line 201: column 'x' holds text so far, and here 5"),
        (b'{"new": 5}', "t, line 201: a new column 'new'"),
        (b'{"id": 5', "t, line 201: it is no JSON"),
    ):
        with pytest.raises(InputError, match=message):
            list(open_jsonl(text(data + line), {}, {}, block=200).batches)
    part = open_jsonl(text(data + b'{"id": 5, "new": 5}'), {}, {}, strict=False, block=200)
    assert sum(map(len, part.batches)) == 101


def test_text_is_checked_however_it_is_cut():
    data = "aü€😀\n".encode() * 5
    for size in (1, 2, 3, 7):
        checked = text(data, size)
        assert checked.read(3) + checked.read() == data
        assert checked.ended
    for size in (1, 2, 5):
        with pytest.raises(EncodingError, match="byte offset 14"):
            text(data[:14] + b"\xff" + data, size).read()
