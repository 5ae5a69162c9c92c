import gzip
import itertools
import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from nearspace.data.formats import FORMATS, fingerprint, read, word2vec_binary, write
from nearspace.errors import (
    DuplicateKeyError,
    EncodingError,
    InputError,
    MissingInputError,
    OutputError,
    SettingError,
)
from nearspace.kernels.vector_binary import parse_records, parse_records_numpy
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.tensors import Tensors, write_tensors

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
SUFFIXES = {
    "word2vec-binary": ".bin",
    "npy": ".npy",
    "parquet": ".parquet",
    "arrow": ".arrow",
    "safetensors": ".safetensors",
    "projector": ".projector",
}
REFUSED = {"word2vec-binary": " \n", "npy": "\n\r", "projector": "\t\n\r"}


def space(n=20, dim=3, **more):
    vectors = np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32)
    return Space(Keys(f"kéy{row}" for row in range(n)), vectors, **more)


@pytest.mark.parametrize("name", SUFFIXES)
@settings(max_examples=15, deadline=None)
@given(dim=st.integers(1, 4), data=st.data())
def test_round_trip(tmp_path_factory, name, dim, data):
    text = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters=REFUSED.get(name, "")),
        min_size=int(name == "word2vec-binary"),
    )
    names = data.draw(st.lists(text, min_size=1, max_size=5, unique=True))
    row = st.lists(finite, min_size=dim, max_size=dim)
    rows = np.array(data.draw(st.lists(row, min_size=len(names), max_size=len(names))), dtype=np.float32)
    path = tmp_path_factory.mktemp("binary") / f"a{SUFFIXES[name]}"
    made = Space(Keys(names), rows)
    write(made, path, format=name)
    found = read(path, format=name)
    assert found.keys.names() == names
    assert found.vectors.tobytes() == rows.tobytes()
    assert found.recipe.data == fingerprint(made.keys, made.vectors)


@pytest.mark.parametrize("name", SUFFIXES)
def test_told_by_content_and_limited(tmp_path, name):
    path = tmp_path / f"a{SUFFIXES[name]}"
    write(space(), path)
    found = read(path)
    assert found.recipe.learner == f"import:{name}"
    assert found.recipe.settings == {"file": path.name, "limit": None}
    assert found.name == "a"
    assert found.metric == "cosine"
    first = read(path, limit=7, metric="dot")
    assert first.keys.names() == space().keys.names()[:7]
    assert np.array_equal(first.vectors, space().vectors[:7])
    assert first.metric == "dot"
    assert len(read(path, limit=1000)) == 20
    if name not in ("projector", "npy", "safetensors"):
        other = tmp_path / "misnamed.txt"
        path.rename(other)
        assert read(other).recipe.learner == f"import:{name}"


@pytest.mark.parametrize("name", ["parquet", "arrow", "projector"])
def test_metadata_columns(tmp_path, name):
    columns = {"count": np.arange(20), "weight": np.arange(20) / 8, "label": np.array(["x", "ü"] * 10)}
    path = tmp_path / f"a{SUFFIXES[name]}"
    write(space(columns=columns), path)
    for limit in (None, 4):
        found = read(path, limit=limit).columns
        assert list(found) == list(columns)
        assert found["count"].dtype == np.int64
        for column, values in columns.items():
            assert found[column].tolist() == values[:limit].tolist()


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_overwritten_unasked(tmp_path, name):
    if not FORMATS[name].writer:
        with pytest.raises(
            SettingError, match=r"format 'fasttext-bin' is not written\nAccepted formats: word2vec,"
        ):
            write(space(), tmp_path / "a", format=name)
        return
    path = tmp_path / f"a{FORMATS[name].suffixes[0]}"
    write(space(3), path, format=name)
    with pytest.raises(OutputError, match=r"exists already\n.*--overwrite"):
        write(space(4), path, format=name)
    assert len(read(path, format=name)) == 3
    write(space(4), path, format=name, overwrite=True)
    assert len(read(path, format=name)) == 4
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_unknown_formats(tmp_path):
    with pytest.raises(
        SettingError, match=r"format 'csv' is not known\nAccepted formats: word2vec, glove, .*projector"
    ):
        read(tmp_path / "x", format="csv")
    with pytest.raises(
        SettingError, match=r"x\.csv' has no suffix that names a format\nAccepted suffixes: \.txt, "
    ):
        write(space(), tmp_path / "x.csv")
    with pytest.raises(SettingError, match="has no suffix"):
        write(space(), tmp_path / "x.parquet.gz")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(SettingError, match=r"x\.png' is in none of the known formats\n.*word2vec"):
        read(tmp_path / "x.png")
    with pytest.raises(SettingError, match="limit is 0"):
        read(tmp_path / "x.png", limit=0)
    with pytest.raises(InputError, match=r"is a folder without projector_config\.json"):
        read(tmp_path)
    (tmp_path / "space.json").write_text("{}")
    with pytest.raises(InputError, match=r"is a saved Space\nOpen it with nearspace\.open"):
        read(tmp_path)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"word2vec", "glove", "fasttext-vec"}))
def test_missing_empty_and_foreign_files(tmp_path, name):
    path = tmp_path / "v.x"
    with pytest.raises(MissingInputError, match="does not exist"):
        read(path, format=name)
    for content in (b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"v\.x|tensors\.tsv"):
            read(path, format=name)


# word2vec's binary format


@pytest.mark.parametrize("road", [parse_records, parse_records_numpy])
def test_whole_records_are_cut(road):
    one, two = struct.pack("<2f", 1, 2), struct.pack("<2f", 3, 4)
    content = b"\n\na " + one + "\nbé ".encode() + two + b"\nc " + one[:7]
    block = np.frombuffer(content, np.uint8)
    rows, spans = np.zeros((5, 2), np.float32), np.zeros((5, 2), np.int64)
    done, at = road(block, rows.view(np.uint8), spans)
    assert (done, at) == (2, len(content) - 10)
    assert rows[:2].tolist() == [[1, 2], [3, 4]]
    assert [content[a:b].decode() for a, b in spans[:2].tolist()] == ["a", "bé"]
    assert road(block, rows[:1].view(np.uint8), spans)[0] == 1
    assert road(np.frombuffer(b"key-without-end", np.uint8), rows.view(np.uint8), spans) == (0, 0)


def binary(*records, count=None, dim=2, between=b"\n"):
    body = b"".join(key + b" " + struct.pack(f"<{dim}f", *row) + between for key, row in records)
    return f"{len(records) if count is None else count} {dim}\n".encode() + body


def put(tmp_path, content, name="v.bin"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("between", [b"\n", b""])
@pytest.mark.parametrize("block", [7, 64, 1 << 23])
def test_binary_of_both_kinds_in_any_blocks(tmp_path, monkeypatch, between, block):
    monkeypatch.setattr(word2vec_binary, "BLOCK", block)
    records = [(f"k{n}".encode(), (n, n + 0.5)) for n in range(200)]
    found = read(put(tmp_path, binary(*records, between=between)))
    assert found.keys.names() == [f"k{n}" for n in range(200)]
    assert found.vectors.tolist() == [[n, n + 0.5] for n in range(200)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            binary((b"a", (1, 2)), (b"b", (3, 4)), count=3),
            r"ends at byte 26, within record 3 of the 3 to read",
        ),
        (binary((b"a", (1, 2)), (b"b", (3, 4)))[:-4], r"ends at byte 22, within record 2 of the 2 to read"),
        (binary((b"a", (1, 2)), (b"b", (3, 4)), count=1), r"says 1 vectors of 2, and more follows byte 14"),
        (b"2 3\n" + binary((b"a", (1, 2)), (b"b", (3, 4)))[4:], "within record 2"),
        (binary((b"a", (1, np.nan))), "record 1: component 2 is nan, and vectors must be finite"),
        (binary((b"a", (1, 2)), (b"b", (-np.inf, 0))), "record 2: component 1 is -inf"),
        (b"2 0\n", "vectors of 0 components"),
        (b"1 2000000\na ", "vectors of 2,000,000 components"),
        (b"0 2\n", "holds no vectors"),
        (b"hello\n", "does not begin with a line of two numbers"),
        (b"5 2\n" + b"x" * 9_000_000, "no key ends within 65,536 bytes after byte 4|within record 1"),
    ],
)
def test_bad_binary(tmp_path, content, message):
    for raw in (content, gzip.compress(content)):
        with pytest.raises(InputError, match=rf"v\.bin'.*({message})"):
            read(put(tmp_path, raw), format="word2vec-binary")


def test_bad_binary_keys(tmp_path):
    with pytest.raises(DuplicateKeyError, match=r"v\.bin', record 3: key 'a' came before, in record 1"):
        read(put(tmp_path, binary((b"a", (1, 2)), (b"b", (1, 2)), (b"a", (1, 2)))))
    with pytest.raises(EncodingError, match=r"record 2: key b'\\xe4' is not valid UTF-8"):
        read(put(tmp_path, binary((b"a", (1, 2)), (b"\xe4", (1, 2)))))
    for key in ("a b", "a\nb", ""):
        with pytest.raises(OutputError, match="which this format cannot express"):
            write(Space(Keys([key]), np.ones((1, 2), np.float32)), tmp_path / "w.bin")


def test_limited_binary_needs_no_more(tmp_path):
    content = binary((b"a", (1, 2)), (b"b", (3, 4)))[:-4]
    assert read(put(tmp_path, content), limit=1).keys.names() == ["a"]


# .npy


def test_npy_is_mapped_and_floats_are_converted(tmp_path):
    write(space(), tmp_path / "a.npy")
    assert not read(tmp_path / "a.npy").vectors.flags.owndata
    wide = space().vectors.astype(np.float64)
    for array in (wide, np.asfortranarray(space().vectors), space().vectors.astype(">f4")):
        np.save(tmp_path / "a.npy", array)
        assert np.array_equal(read(tmp_path / "a.npy").vectors, space().vectors)
    (tmp_path / "a.keys.txt").write_bytes("".join(f"k{n}\r\n" for n in range(20)).encode())
    assert read(tmp_path / "a.npy").keys[19] == "k19"
    (tmp_path / "a.keys.txt").write_text("\n".join(f"k{n}" for n in range(20)))
    assert read(tmp_path / "a.npy").keys[19] == "k19"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((3, 2, 2)), r"float64 of shape \(3, 2, 2\), expected floats \(n, d\)"),
        (np.ones((3, 2), dtype=int), "it holds int64"),
        (np.array([[1, 2], [np.nan, 1], [1, 1]]), "row 1: component 1 is nan"),
        (np.array([[1, 2], [1, 1e39], [1, 1]]), "row 1: component 2 is inf"),
        (np.ones((3, 0)), "vectors of 0 components"),
        (np.array([[{}]]), "numpy cannot read it"),
    ],
)
def test_bad_npy(tmp_path, array, message):
    np.save(tmp_path / "v.npy", array)
    (tmp_path / "v.keys.txt").write_text("a\nb\nc\n")
    with pytest.raises(InputError, match=rf"v\.npy'.*{message}"):
        read(tmp_path / "v.npy")


def test_bad_npy_keys(tmp_path):
    np.save(tmp_path / "v.npy", np.ones((3, 2), np.float32))
    keys = tmp_path / "v.keys.txt"
    with pytest.raises(
        MissingInputError, match=r"v\.keys\.txt' does not exist, and the keys of .*\nWrite one"
    ):
        read(tmp_path / "v.npy")
    keys.write_text("a\nb\n")
    with pytest.raises(InputError, match=r"v\.keys\.txt' has 2 keys, and .*v\.npy' has 3 vectors"):
        read(tmp_path / "v.npy")
    keys.write_text("a\nb\na\n")
    with pytest.raises(DuplicateKeyError, match=r"v\.keys\.txt', line 3: key 'a' came before, in line 1"):
        read(tmp_path / "v.npy")
    keys.write_bytes(b"a\n\xff\nc\n")
    with pytest.raises(EncodingError, match=r"v\.keys\.txt', line 2: key"):
        read(tmp_path / "v.npy")
    keys.write_text("a\nb\nc\n")
    content = (tmp_path / "v.npy").read_bytes()
    (tmp_path / "v.npy").write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"v\.npy': numpy cannot read it"):
        read(tmp_path / "v.npy")


# Parquet and Arrow


def arrow_file(tmp_path, table, name):
    path = tmp_path / f"v.{name}"
    if name == "parquet":
        pq.write_table(table, path, row_group_size=2)
        return path
    if name == "stream":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
        return path
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return path


@pytest.mark.parametrize("name", ["parquet", "arrow", "stream"])
@pytest.mark.parametrize(
    "width", [pa.list_(pa.float32(), 2), pa.list_(pa.float64()), pa.large_list(pa.float16())]
)
def test_tables_of_other_tools(tmp_path, name, width):
    rows = [[1, 2], [3, 4], [0.5, 6]]
    if pa.types.is_float16(width.value_type):
        rows = [np.array(row, np.float16) for row in rows]
    table = pa.table(
        {
            "id": [7, 8, 9],
            "note": pa.array(["n", None, "m"]),
            "emb": pa.array(rows, type=width),
            "word": pa.array(["a", "b", "c"], type=pa.large_string()),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "day": pa.array([1, 2, None], type=pa.date32()),
        }
    )
    found = read(arrow_file(tmp_path, table, name))
    assert found.keys.names() == ["a", "b", "c"]
    assert found.vectors.tolist() == [[1, 2], [3, 4], [0.5, 6]]
    assert list(found.columns) == ["id", "note", "kind", "day"]
    assert found.columns["id"].tolist() == [7, 8, 9]
    assert found.columns["note"].tolist() == ["n", None, "m"]
    assert found.columns["kind"].tolist() == ["x", "y", "x"]


@pytest.mark.parametrize("name", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"vector": [[1.0]], "n": [1]},
            r"no column of text to take keys from: vector \(list.*\nName the key",
        ),
        ({"key": ["a"], "n": [1]}, r"no column of vectors: key \(string\), n \(int64\)"),
        ({"key": ["a"], "vector": [[1]]}, "no column of vectors"),
        ({"key": ["a", "b", None], "vector": [[1.0]] * 3}, "row 2: the key is missing"),
        ({"key": ["a", "b", "c"], "vector": [[1.0], [2.0], None]}, "row 2: the vector is missing"),
        (
            {"key": ["a", "b", "c"], "vector": [[1.0], [2.0], [1.0, 2]]},
            "row 2: a vector of 2 components, expected 1",
        ),
        ({"key": ["a", "b"], "vector": [[1.0, 2], [2.0]]}, "row 1: a vector of 1 components, expected 2"),
        ({"key": ["a", "b"], "vector": [[1.0], [None]]}, "a component is missing"),
        ({"key": ["a", "b", "c"], "vector": [[1.0], [2.0], [np.nan]]}, "row 2: component 1 is nan"),
        ({"key": ["a", "b", "c"], "vector": [[1.0], [2.0], [1e300]]}, "row 2: component 1 is inf"),
        ({"key": ["a", "b", "a"], "vector": [[1.0]] * 3}, "row 2: key 'a' came before, in row 0"),
        (
            {"key": pa.array([], pa.string()), "vector": pa.array([], pa.list_(pa.float32()))},
            "holds no vectors",
        ),
    ],
)
def test_bad_tables(tmp_path, name, columns, message):
    with pytest.raises(InputError, match=rf"v\.{name}'.*{message}"):
        read(arrow_file(tmp_path, pa.table(columns), name))


def test_truncated_tables_and_reserved_columns(tmp_path):
    for name in ("parquet", "arrow"):
        write(space(), tmp_path / f"a.{name}")
        (tmp_path / f"a.{name}").write_bytes((tmp_path / f"a.{name}").read_bytes()[:-30])
        with pytest.raises(InputError, match=rf"a\.{name}': it cannot be read as {name.capitalize()}"):
            read(tmp_path / f"a.{name}")
        with pytest.raises(InputError, match="column name 'vector' is taken"):
            write(space(columns={"vector": np.arange(20)}), tmp_path / f"b.{name}")
        assert not (tmp_path / f"b.{name}").exists()


# safetensors


def test_safetensors_of_other_tools(tmp_path):
    path = tmp_path / "v.safetensors"
    for kind in (np.float16, np.float32, np.float64):
        save_file({"embeddings": np.array([[1, 2], [3, 4]], kind), "bias": np.ones(2, kind)}, path)
        (tmp_path / "v.keys.txt").write_text("a\nb\n")
        assert read(path).vectors.tolist() == [[1, 2], [3, 4]]
        assert read(path, limit=1).keys.names() == ["a"]


def test_bfloat16(tmp_path):
    values = np.array([[1, -2.5], [0.15625, 3e38]], np.float32)
    bits = (values.view(np.uint32) >> 16).astype("<u2")
    header = json.dumps({"vectors": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
    content = len(header).to_bytes(8, "little") + header + bits.tobytes()
    (tmp_path / "v.keys.txt").write_text("a\nb\n")
    found = read(put(tmp_path, content, "v.safetensors"))
    np.testing.assert_allclose(found.vectors, values, rtol=0.008)
    assert found.vectors[0].tolist() == [1, -2.5]


def test_ours_are_read_by_the_public_package(tmp_path):
    write(space(), tmp_path / "a.safetensors")
    found = load_file(tmp_path / "a.safetensors")
    assert np.array_equal(found["vectors"], space().vectors)
    offsets, data = found["keys.offsets"], found["keys.data"].tobytes()
    assert [data[a:b].decode() for a, b in itertools.pairwise(offsets)] == space().keys.names()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"bias": np.ones(2, np.float32)}, "it holds 'bias', expected 'vectors' of floats"),
        ({"a": np.ones((2, 2), np.float32), "b": np.ones((2, 2), np.float32)}, "it holds 'a', 'b', expected"),
        ({"vectors": np.ones((2, 2), np.float32), "keys.data": np.zeros(2, np.uint8)}, "one of them is not"),
        (
            {
                "vectors": np.ones((2, 2), np.float32),
                "keys.data": np.zeros(2, np.uint8),
                "keys.offsets": np.arange(2),
            },
            "names 1 keys for 2 vectors",
        ),
        (
            {
                "vectors": np.ones((2, 2), np.float32),
                "keys.data": np.zeros(2, np.uint8),
                "keys.offsets": np.array([0, 9, 2]),
            },
            "does not run from 0 to the 2 bytes",
        ),
        (
            {
                "vectors": np.array([[1, 1], [1, np.inf]], np.float32),
                "keys.data": np.array([97, 98], np.uint8),
                "keys.offsets": np.arange(3),
            },
            "row 1: component 2 is inf",
        ),
    ],
)
def test_bad_safetensors(tmp_path, arrays, message):
    save_file(arrays, tmp_path / "v.safetensors")
    with pytest.raises(InputError, match=rf"v\.safetensors'.*{message}"):
        read(tmp_path / "v.safetensors")


def test_tensors_of_every_type_and_shape(tmp_path):
    arrays = {
        f"{kind}": np.arange(6).reshape(2, 3).astype(kind)
        for kind in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
    }
    arrays |= {"scalar": np.array(3.5), "none": np.empty((0, 3)), "big": np.arange(4, dtype=">f4")}
    arrays["columns"] = np.asfortranarray(arrays["f4"])
    write_tensors(tmp_path / "t.safetensors", arrays, {"note": "ü"})
    found, public = Tensors(tmp_path / "t.safetensors"), load_file(tmp_path / "t.safetensors")
    assert found.metadata == {"note": "ü"}
    assert set(found) == set(public) == set(arrays)
    for name, array in arrays.items():
        assert np.array_equal(found[name], array)
        assert np.array_equal(public[name], array)
        assert found.shape(name) == array.shape
        assert not found[name].flags.writeable


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, r"shape \(2,\) is not 8 bytes long"),
        (
            {"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}},
            "it is truncated: array 'a' ends at byte",
        ),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}}, "array 'a' of shape"),
        (
            {"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}},
            "type 'F8_E4M3', which is not read",
        ),
        ({"a": {"dtype": "F32"}}, "lacks a type, shape or place"),
        ({"a": 1}, "lacks a type, shape or place"),
        ([1], "not a table of arrays"),
        ("{", "not a table of arrays"),
    ],
)
def test_bad_tensors(tmp_path, header, message):
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + b"\0" * 8
    with pytest.raises(InputError, match=rf"t\.safetensors' is no sound safetensors file: .*{message}"):
        Tensors(put(tmp_path, content, "t.safetensors"))
    with pytest.raises(InputError, match="its header would end at byte"):
        Tensors(put(tmp_path, b"\xff" * 8 + b"{}", "t.safetensors"))
    with pytest.raises(InputError, match="its header is not JSON"):
        Tensors(put(tmp_path, (2).to_bytes(8, "little") + b"{x", "t.safetensors"))
    with pytest.raises(InputError, match="it is empty"):
        Tensors(put(tmp_path, b"", "t.safetensors"))


# the embedding projector


def test_projector_files_are_as_its_page_reads_them(tmp_path):
    write(space(2, columns={"count": np.arange(2)}, name="demo"), tmp_path / "p.projector")
    assert (tmp_path / "p.projector" / "metadata.tsv").read_text() == "key\tcount\nkéy0\t0\nkéy1\t1\n"
    rows = (tmp_path / "p.projector" / "tensors.tsv").read_text().splitlines()
    assert [[float(cell) for cell in row.split("\t")] for row in rows] == pytest.approx(space(2).vectors)
    config = json.loads((tmp_path / "p.projector" / "projector_config.json").read_text())
    entry = {
        "tensorName": "demo",
        "tensorShape": [2, 3],
        "tensorPath": "tensors.tsv",
        "metadataPath": "metadata.tsv",
    }
    assert config == {"embeddings": [entry]}
    write(space(2), tmp_path / "q.projector")  # one column has no header
    assert (tmp_path / "q.projector" / "metadata.tsv").read_text() == "kéy0\nkéy1\n"


def test_projector_with_other_names(tmp_path):
    (tmp_path / "a.tsv").write_text("1\t2\n3\t4\n")
    (tmp_path / "b.tsv").write_text("word\tn\tx\na\t1\t\nb\t2\t0.5\n")
    config = {"embeddings": [{"tensorPath": "a.tsv", "metadataPath": "b.tsv"}]}
    (tmp_path / "projector_config.json").write_text(json.dumps(config))
    for path in (tmp_path, tmp_path / "projector_config.json"):
        found = read(path)
        assert found.keys.names() == ["a", "b"]
        assert found.columns["n"].tolist() == [1, 2]
        assert found.columns["x"].tolist() == ["", "0.5"]


def test_bad_projector(tmp_path):
    folder = tmp_path / "p.projector"
    folder.mkdir()
    (folder / "tensors.tsv").write_text("1\t2\n3\t4\n")
    with pytest.raises(MissingInputError, match=r"metadata\.tsv' does not exist"):
        read(folder)
    for content, message in [
        ("a\n", r"metadata\.tsv' has 1 rows, and .*tensors\.tsv' has 2 vectors"),
        ("a\nb\nc\n", r"metadata\.tsv' has 3 rows"),
        ("word\tn\na\t1\nb\n", r"metadata\.tsv', line 3: 1 columns, expected 2"),
        ("word\tn\na\t1\na\t2\n", r"metadata\.tsv', line 3: key 'a' came before, in line 2"),
        ("a\na\n", r"metadata\.tsv', line 2: key 'a' came before, in line 1"),
    ]:
        (folder / "metadata.tsv").write_text(content)
        with pytest.raises(InputError, match=message):
            read(folder)
    (folder / "tensors.tsv").write_text("1\t2\n3\tx\n")
    with pytest.raises(InputError, match=r"tensors\.tsv', line 2: component 2 is 'x'"):
        read(folder)
    (folder / "projector_config.json").write_text("{}")
    with pytest.raises(InputError, match="names no embedding with a tensorPath"):
        read(folder)
    for bad in (
        Space(Keys(["a\tb"]), np.ones((1, 2), np.float32)),
        space(1, columns={"x": np.array(["a\nb"])}),
    ):
        with pytest.raises(OutputError, match="holds a tab or line break"):
            write(bad, tmp_path / "new.projector")
    assert not (tmp_path / "new.projector").exists()
    (tmp_path / "photos").mkdir()
    with pytest.raises(OutputError, match="never replaced"):
        write(space(), tmp_path / "photos", format="projector", overwrite=True)
