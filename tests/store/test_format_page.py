"""The page that specifies the folder is true: its example runs, and its tables name what is there."""

import json
import re
from pathlib import Path

import lance
import numpy as np

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
    assert capsys.readouterr().out == "cosine sun [0. 1. 2.] ['key', 'vector', 'count']\n"
    assert names["keys"] == made.keys.names()
    assert names["table"].column("vector").to_pylist() == made.vectors.tolist()


def test_every_file_and_name_is_specified(tmp_path):
    saved(tmp_path)
    folder = tmp_path / "demo.space"
    for path in folder.rglob("*"):
        if "items.lance" not in path.parts:
            assert path.name in PAGE, path
    for name in json.loads((folder / "space.json").read_text()):
        assert f"`{name}`" in PAGE
    for name in json.loads((folder / "encoder" / "subwords.json").read_text()):
        assert f"`{name}`" in PAGE
    assert lance.dataset(str(folder / "items.lance")).schema.field("key").nullable is False


def test_keys_are_laid_out_as_specified(tmp_path):
    saved(tmp_path)
    index = tmp_path / "demo.space" / "index"
    data, offsets = np.load(index / "keys.data.npy").tobytes(), np.load(index / "keys.offsets.npy")
    names = [data[offsets[row] : offsets[row + 1]] for row in range(2)]
    assert [name.decode() for name in names] == ["sun", "móon"]
    hashes, order = np.load(index / "keys.hashes.npy"), np.load(index / "keys.order.npy")
    assert hashes.tolist() == sorted(map(hash_name, names))
    assert [hash_name(names[row]) for row in order] == hashes.tolist()
    assert np.load(index / "norms.npy").tolist() == [np.float32(np.sqrt(5)), np.float32(np.sqrt(50))]
