"""The page that specifies the folder is true: its example runs, and its tables name what is there."""

import hashlib
import json
import re
import zlib
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa

from nearspace.encoders.subwords import SubwordEncoder
from nearspace.keys import Keys, hash_name
from nearspace.space import Space
from nearspace.store.folder import save

PAGE = (Path(__file__).parents[2] / "docs" / "format.md").read_text("utf-8")


def saved(folder):
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    keys = Keys(["sun", "móon"])
    encoder = SubwordEncoder(vectors, buckets=2, words=keys, word_rows=vectors, bucket_rows=None)
    made = Space(
        keys, vectors, columns={"count": np.array([7, 4])}, encoder=encoder, state={"context": vectors}
    )
    save(made, folder / "demo.space")
    return made


def test_the_example_reads_a_space_without_nearspace(tmp_path, monkeypatch, capsys):
    made = saved(tmp_path)
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    assert "nearspace" not in example
    names = {}
    exec(example, names)
    assert (
        capsys.readouterr().out
        == "cosine sun [0. 1. 2.] ['key', 'vector', 'count', 'content_hash', 'encoder_fingerprint']\n"
    )
    assert names["keys"] == made.keys.names()
    assert names["table"].column("vector").to_pylist() == made.vectors.tolist()


def test_every_file_and_name_is_specified(tmp_path):
    saved(tmp_path)
    folder = tmp_path / "demo.space"
    for path in folder.rglob("*"):
        if "items.lance" not in path.parts:
            name = "rows-NUMBER-TOKEN" if path.name.startswith("rows-") else path.name
            assert name in PAGE, path
    (rows,) = (folder / "index").iterdir()
    for name in json.loads((rows / "rows.json").read_text()):
        assert f"`{name}`" in PAGE
    for name in json.loads((folder / "space.json").read_text()):
        assert f"`{name}`" in PAGE
    for name in json.loads((folder / "encoder" / "subwords.json").read_text()):
        assert f"`{name}`" in PAGE
    assert lance.dataset(str(folder / "items.lance")).schema.field("key").nullable is False


def test_keys_are_laid_out_as_specified(tmp_path):
    saved(tmp_path)
    (index,) = (tmp_path / "demo.space" / "index").iterdir()
    data, offsets = np.load(index / "keys.data.npy").tobytes(), np.load(index / "keys.offsets.npy")
    names = [data[offsets[row] : offsets[row + 1]] for row in range(2)]
    assert [name.decode() for name in names] == ["sun", "móon"]
    hashes, order = np.load(index / "keys.hashes.npy"), np.load(index / "keys.order.npy")
    assert hashes.tolist() == sorted(map(hash_name, names))
    assert [hash_name(names[row]) for row in order] == hashes.tolist()
    assert np.load(index / "norms.npy").tolist() == [np.float32(np.sqrt(5)), np.float32(np.sqrt(50))]


def test_checksums_are_written_as_specified(tmp_path):
    saved(tmp_path)
    folder = tmp_path / "demo.space"
    lines = [json.loads(line) for line in (folder / "checks.jsonl").read_text().splitlines() if line]
    (rows,) = (folder / "index").iterdir()
    stamp = json.loads((rows / "rows.json").read_text())
    named = {folder / name: values for name, *values in lines}
    named |= {rows / name: values for name, values in stamp["files"].items()}
    assert len(named) == 1 + 8
    for path, (size, crc32, modified, inode) in named.items():
        content, stat = path.read_bytes(), path.stat()
        assert (len(content), zlib.crc32(content)) == (size, crc32)
        assert (stat.st_mtime_ns, stat.st_ino) == (modified, inode)


def test_rows_of_the_mapped_folder_lie_where_it_says(tmp_path):
    made = saved(tmp_path)
    folder = tmp_path / "demo.space"
    (rows,) = (folder / "index").iterdir()
    stamp = json.loads((rows / "rows.json").read_text())
    dataset = lance.dataset(str(folder / "items.lance"))
    assert stamp["table"]["number"] == dataset.version == int(rows.name.split("-")[1])
    (manifest,) = (folder / "items.lance" / "_versions").glob("*.manifest")
    assert stamp["table"]["manifest"] == hashlib.blake2b(manifest.read_bytes(), digest_size=16).hexdigest()
    assert list(stamp["fragments"]) == ["0"]
    where = dataset.to_table(columns=["key"], with_row_address=True)
    assert where.column("_rowaddr").to_pylist() == np.load(rows / "addresses.npy").tolist() == [0, 1]
    columns = pa.ipc.open_file(rows / "columns.arrow").read_all()
    assert columns.column("count").to_pylist() == [7, 4]
    assert columns.column_names == ["count", "content_hash", "encoder_fingerprint"]
    assert made.keys.names() == where.column("key").to_pylist()


def test_origins_are_the_hash_of_the_content_and_the_name_of_the_encoder(tmp_path):
    encoder = SubwordEncoder(np.ones((2, 3), np.float32), buckets=2)
    texts = np.array(["ré", "b"], dtype=object)
    made = Space(
        Keys("ab"), encoder.encode(texts.tolist()), columns={"text": texts}, encoder=encoder, content="text"
    )
    save(made, tmp_path / "demo.space")
    table = lance.dataset(str(tmp_path / "demo.space" / "items.lance")).to_table()
    expected = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
    assert table.column("content_hash").to_pylist() == expected
    assert table.column("encoder_fingerprint").to_pylist() == [encoder.fingerprint] * 2
