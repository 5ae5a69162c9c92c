import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from nearspace.data.formats import read
from nearspace.errors import DuplicateKeyError, EncodingError, InputError

SAMPLES = Path(__file__).parent / "samples"
TINY = SAMPLES / "tiny.bin"


def answers():
    return json.loads((SAMPLES / "tiny.json").read_text("utf-8"))


def model(
    words, rows, *, dim=2, buckets=3, kind=2, magic=793_712_314, version=12, labels=0, pruned=None, **more
):
    """Write a model by hand: the layout as documented, so that every part can be made wrong."""
    head = struct.pack("<2i", magic, version)
    arguments = (dim, 5, 5, 1, 5, 1, 2, kind, buckets, more.get("min_n", 3), more.get("max_n", 3), 100)
    head += struct.pack("<12id", *arguments, 1e-4)
    head += struct.pack(
        "<3i2q", len(words), len(words) - labels, labels, 100, -1 if pruned is None else len(pruned)
    )
    for word in words:
        head += word + b"\0" + struct.pack("<qb", 7, 0)
    for pair in pruned or []:
        head += struct.pack("<2i", *pair)
    rows = np.asarray(rows, dtype="<f4")
    return (
        head
        + struct.pack("<?2q", more.get("quantised", False), *more.get("shape", rows.shape))
        + rows.tobytes()
    )


def test_vectors_are_those_of_fasttext():
    found = read(TINY)
    expected = answers()
    assert found.keys.names() == expected["words"]
    assert found.recipe.learner == "import:fasttext-bin"
    assert found.columns["count"].tolist() == [expected["counts"][word] for word in expected["words"]]
    for word in expected["words"]:
        assert found[word].tolist() == expected["vectors"][word], word
    words = list(expected["vectors"])
    assert len(words) > len(found) + 5
    vectors = np.array([expected["vectors"][word] for word in words], dtype=np.float32)
    np.testing.assert_array_equal(found.encoder.encode(words), vectors)


def test_limit_keeps_the_first_words_and_all_ngrams():
    found = read(TINY, limit=3)
    whole = read(TINY)
    assert found.keys.names() == whole.keys.names()[:3]
    assert np.array_equal(found.vectors, whole.vectors[:3])
    assert np.array_equal(found.encoder.encode(["unseen"]), whole.encoder.encode(["unseen"]))
    assert len(read(TINY, limit=10_000)) == len(whole)


def test_compressed_model(tmp_path):
    (tmp_path / "tiny.bin.gz").write_bytes(gzip.compress(TINY.read_bytes()))
    assert np.array_equal(read(tmp_path / "tiny.bin.gz").vectors, read(TINY).vectors)


def test_model_by_hand(tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(model([b"a"], [[1, 2], [10, 20], [10, 20], [10, 20]]))
    found = read(path)
    assert found["a"].tolist() == [5.5, 11]  # its row and "<a>", whatever its bucket
    assert found.encoder.encode(["b"]).tolist() == [[10, 20]]


def test_pruned_ngrams(tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(model([b"a"], [[1, 2], [30, 60], [10, 20]], buckets=3, pruned=[(2, 1), (0, 0)]))
    encoder = read(path).encoder
    assert encoder.bucket_rows.tolist() == [0, 2]
    assert encoder.rows.tolist() == [[30, 60], [10, 20]]
    path.write_bytes(model([b"a"], [[1, 2]], pruned=[]))
    assert read(path)["a"].tolist() == [1, 2]
    path.write_bytes(model([b"a"], [[1, 2], [30, 60], [10, 20]], pruned=[(2, 1), (0, 1)]))
    with pytest.raises(InputError, match="does not name each row once"):
        read(path)


def test_model_without_ngrams(tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(model([b"a", b"b"], [[1, 2], [3, 4]], buckets=0, max_n=0, min_n=0))
    found = read(path)
    assert found.vectors.tolist() == [[1, 2], [3, 4]]
    assert not found.encoder.encode(["c"]).any()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (model([b"a"], [[1, 2]] * 4, version=11), "model of version 11, and only version 12 is read"),
        (model([b"a"], [[1, 2]] * 4, kind=3), "a fastText classifier with 0 labels"),
        (model([b"a", b"__label__x"], [[1, 2]] * 4, labels=1), "classifier with 1 labels, which is not read"),
        (model([b"a"], [[1, 2]] * 4, quantised=True), "quantised fastText model, which is not read"),
        (model([b"a"], [[1, 2]] * 3), "a matrix of 3 x 2, expected 4 x 2"),
        (model([b"a"], [[1, 2]] * 3, shape=(4, 2)), "ends within the matrix, at row 4"),
        (model([b"a", b"b"], [[1, 2]] * 1, shape=(5, 2)), "ends within the matrix, at row 2"),
        (model([b"a"], [[1, np.nan], *[[1, 2]] * 3]), "row 1: component 2 is nan"),
        (model([b"a"], [[1, 2], [np.inf, 0], *[[1, 2]] * 2]), "row 2: component 1 is inf"),
        (model([b"a"], [[1, 2]] * 4, dim=0), "vectors of 0 components"),
        (model([b"a"], [[1, 2]] * 4, buckets=-1), "in -1 buckets"),
        (model([], [[1, 2]] * 3), "a dictionary of 0 entries"),
        (model([b"a"], [[1, 2]] * 4)[:6], "ends within the magic number"),
        (model([b"a"], [[1, 2]] * 4)[:30], "ends within the arguments"),
        (model([b"a"], [[1, 2]] * 4)[:70], "ends within the dictionary"),
        (model([b"a"], [[1, 2]] * 4)[:95], "ends within the dictionary, at word 1"),
        (model([b"a"], [[1, 2]] * 4)[:108], "ends within the size of the matrix"),
    ],
)
def test_bad_models(tmp_path, content, message):
    path = tmp_path / "m.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"m\.bin'.*{message}"):
        read(path, format="fasttext-bin")


def test_bad_words(tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(model([b"a", b"\xff\xfe"], [[1, 2]] * 5))
    with pytest.raises(EncodingError, match=r"m\.bin', word 2: key b'\\xff\\xfe' is not valid UTF-8"):
        read(path)
    path.write_bytes(model([b"a", b"b", b"a"], [[1, 2]] * 6))
    with pytest.raises(DuplicateKeyError, match=r"m\.bin', word 3: key 'a' came before, in word 1"):
        read(path)
    path.write_bytes(b"\1\2\3\4 not a model")
    with pytest.raises(InputError, match="no fastText model: its magic number is another"):
        read(path, format="fasttext-bin")
