import os

import numpy as np
import pytest

from nearspace.encoders.subwords import SubwordEncoder
from nearspace.errors import InputError, MissingInputError, OutputError, SettingError
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.convert import convert, first_rows
from nearspace.store.folder import open_space, save


def full_space(n=10):
    rng = np.random.default_rng(3)
    words = Keys(f"wörd{row}" for row in range(n))
    rows, own = (rng.normal(size=(n, 4)).astype(np.float32) for _ in range(2))
    encoder = SubwordEncoder(rows, buckets=n, words=words, word_rows=own)
    columns, state = {"count": np.arange(n)}, {"context": own}
    return Space(words, encoder.encode(words.names()), "dot", columns=columns, encoder=encoder, state=state)


ROUTE = [
    "a.txt",
    "b.bin",
    "c.vec",
    "d.npy",
    "e.glove",
    "f.safetensors",
    "g.parquet",
    "h.arrow",
    "i.projector",
    "j.txt.gz",
    "k.space",
]


def test_through_every_format_and_back(tmp_path):
    made = full_space()
    save(made, tmp_path / "start.space")
    source = tmp_path / "start.space"
    for name in ROUTE:
        done = convert(source, tmp_path / name)
        assert (done.source, done.target) == (str(source), str(tmp_path / name))
        assert (done.count, done.dim) == (10, 4)
        source = tmp_path / name
    found = open_space(source)
    assert found.keys == made.keys
    assert np.array_equal(found.vectors, made.vectors)
    assert found.recipe.learner == "import:word2vec"


def test_what_is_lost_is_told(tmp_path):
    save(full_space(), tmp_path / "a.space")
    assert convert(tmp_path / "a.space", tmp_path / "a.txt").dropped == ("columns", "encoder", "state")
    assert convert(tmp_path / "a.space", tmp_path / "a.parquet").dropped == ("encoder", "state")
    whole = convert(tmp_path / "a.space", tmp_path / "b.space")
    assert whole.dropped == ()
    assert (whole.source_format, whole.target_format) == ("space", "space")
    assert whole.to_json()["count"] == 10
    assert open_space(tmp_path / "b.space").encoder.fingerprint == full_space().encoder.fingerprint


def test_limit(tmp_path):
    save(full_space(), tmp_path / "a.space")
    convert(tmp_path / "a.space", tmp_path / "b.space", limit=4)
    found, made = open_space(tmp_path / "b.space"), full_space()
    assert found.keys.names() == made.keys.names()[:4]
    assert np.array_equal(found.vectors, made.vectors[:4])
    assert found.columns["count"].tolist() == [0, 1, 2, 3]
    assert found.encoder is None
    assert dict(found.state) == {}
    assert found.metric == "dot"
    assert [past.learner for past in found.recipe.history] == ["unknown"]
    assert [found.keys.find(key) for key in made.keys] == [0, 1, 2, 3, *[None] * 6]
    convert(tmp_path / "b.space", tmp_path / "b.txt")
    assert convert(tmp_path / "b.txt", tmp_path / "c.txt", limit=2).count == 2
    assert first_rows(made, 99) is made
    with pytest.raises(SettingError, match="limit is 0"):
        convert(tmp_path / "a.space", tmp_path / "x.txt", limit=0)


def test_formats_by_name(tmp_path):
    save(full_space(), tmp_path / "a")
    convert(tmp_path / "a", tmp_path / "b", target_format="glove")
    assert (tmp_path / "b").read_text().startswith("wörd0 ")
    assert convert(tmp_path / "b", tmp_path / "c", source_format="glove", target_format="space").dim == 4
    assert len(open_space(tmp_path / "c")) == 10


def test_errors_leave_nothing_behind(tmp_path):
    save(full_space(), tmp_path / "a.space")
    before = os.listdir(tmp_path)
    with pytest.raises(SettingError, match=r"x\.csv' has no suffix .*\nAccepted suffixes: \.space, \.txt"):
        convert(tmp_path / "a.space", tmp_path / "x.csv")
    with pytest.raises(SettingError, match=r"'csv' is not known\nAccepted formats: space, word2vec"):
        convert(tmp_path / "a.space", tmp_path / "x.txt", target_format="csv")
    with pytest.raises(SettingError, match=r"'csv' is not known\nAccepted formats: space, word2vec"):
        convert(tmp_path / "a.space", tmp_path / "x.txt", source_format="csv")
    with pytest.raises(MissingInputError, match="does not exist"):
        convert(tmp_path / "nothing.txt", tmp_path / "x.space")
    with pytest.raises(OutputError, match="exists already"):
        convert(tmp_path / "a.space", tmp_path / "a.space")
    with pytest.raises(InputError, match="is not a Space"):
        convert(tmp_path, tmp_path / "x.txt", source_format="space")
    assert os.listdir(tmp_path) == before


def test_in_place(tmp_path):
    save(full_space(), tmp_path / "a.space")
    convert(tmp_path / "a.space", tmp_path / "a.space", overwrite=True, limit=3)
    assert len(open_space(tmp_path / "a.space")) == 3
    convert(tmp_path / "a.space", tmp_path / "a.npy")
    convert(tmp_path / "a.npy", tmp_path / "a.npy", overwrite=True, limit=2)
    assert convert(tmp_path / "a.npy", tmp_path / "a.txt").count == 2
