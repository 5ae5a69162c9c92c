"""upsert, stale, refresh and their errors, one at a time."""

import lance
import numpy as np
import pytest

from nearspace.encoders.external import ExternalEncoder
from nearspace.encoders.subwords import SubwordEncoder
from nearspace.errors import DuplicateKeyError, EncoderMismatchError, InputError
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.changes import history, refresh, stale, upsert
from nearspace.store.creating import create, encode
from nearspace.store.folder import open_space, save

ROWS = np.random.default_rng(3).normal(size=(31, 4)).astype(np.float32)
ENCODER = SubwordEncoder(ROWS, buckets=31)
TEXTS = np.array(["red", "green", "blue"], dtype=object)


@pytest.fixture
def target(tmp_path):
    columns = {"text": TEXTS, "n": np.arange(3)}
    made = Space(Keys("abc"), ENCODER.encode(list(TEXTS)), columns=columns, encoder=ENCODER, content="text")
    save(made, tmp_path / "a.space")
    return tmp_path / "a.space"


@pytest.fixture
def encoded(monkeypatch):
    """The texts that were encoded."""
    seen = []
    real = SubwordEncoder.encode
    monkeypatch.setattr(
        SubwordEncoder, "encode", lambda one, items: (seen.extend(items), real(one, items))[1]
    )
    return seen


def test_only_what_is_new_or_changed_is_encoded(target, encoded):
    rows = [
        {"key": "a", "text": "red", "n": 9},
        {"key": "b", "text": "grey", "n": 1},
        {"key": "d", "text": "x"},
    ]
    done = upsert(target, rows)
    assert encoded == ["grey", "x"]
    assert (done.added, done.replaced, done.unchanged, done.encoded) == (1, 2, 0, 2)
    done = upsert(target, rows)
    assert (done.added, done.replaced, done.unchanged, done.encoded) == (0, 0, 3, 0)
    assert len(history(target)) == 2
    space = open_space(target)
    assert space.keys.names() == ["c", "a", "b", "d"]
    assert np.array_equal(space.vectors, ENCODER.encode(["blue", "red", "grey", "x"]))
    assert space.columns.arrow("n").to_pylist() == [2, 9, 1, None]


def test_columns_that_are_not_given_stay(target, encoded):
    upsert(target, [{"key": "a", "n": 7}])
    assert encoded == []
    assert open_space(target).columns.records([2]) == [{"text": "red", "n": 7}]


def test_new_columns_are_asked_for(target):
    with pytest.raises(InputError, match=r"columns that the Space has not: when\n.*new_columns=True"):
        upsert(target, [{"key": "a", "when": "now"}])
    upsert(target, [{"key": "a", "when": "now"}], new_columns=True)
    assert open_space(target).columns.arrow("when").to_pylist() == [None, None, "now"]


def test_values_of_another_type_are_refused(target):
    with pytest.raises(InputError, match="column 'n' holds string, and the Space's column int64"):
        upsert(target, [{"key": "a", "n": "many"}])
    assert len(history(target)) == 1


def test_a_key_that_comes_twice_is_refused_with_its_rows(target):
    with pytest.raises(DuplicateKeyError, match="key 'x' of row 2 is already the key of row 0"):
        upsert(target, [{"key": key, "text": key} for key in ("x", "y", "x")])
    assert len(history(target)) == 1


def test_vectors_of_another_encoder_are_refused_with_both_names(target):
    other = SubwordEncoder(ROWS + 1, buckets=31)
    rows = {"key": ["a"], "vector": other.encode(["red"])}
    names = f"subwords {other.fingerprint}, those of the Space from subwords {ENCODER.fingerprint}"
    with pytest.raises(EncoderMismatchError, match=names):
        upsert(target, rows, encoder=other)
    with pytest.raises(EncoderMismatchError, match="an encoder without a name"):
        upsert(target, rows)
    assert upsert(target, {"key": ["a"], "vector": ENCODER.encode(["red"])}, encoder=ENCODER).unchanged == 1


def test_texts_that_lance_changed_are_stale_until_refreshed(target, encoded):
    assert stale(target) == []
    lance.dataset(f"{target}/items.lance").update({"text": "'new'"}, "n >= 1")
    assert stale(target) == ["b", "c"]
    done = refresh(target)
    assert (done.replaced, done.encoded, encoded) == (2, 2, ["new", "new"])
    assert stale(target) == []
    assert np.array_equal(open_space(target).vectors, ENCODER.encode(["red", "new", "new"]))
    assert refresh(target).encoded == 0


def test_encode_that_is_cut_off_goes_on_and_ends_alike(tmp_path, encoded):
    """The table breaks off; the same call made again ends with the same rows, each encoded once."""
    rows = [{"key": str(number), "text": f"text {number}", "n": number} for number in range(40)]
    encode(rows, tmp_path / "whole.space", encoder=ENCODER, content="text", batch=6)
    whole = open_space(tmp_path / "whole.space")
    encoded.clear()

    def broken():
        for number, row in enumerate(rows):
            if number == 27:
                raise KeyboardInterrupt
            yield row

    target = tmp_path / "cut.space"
    with pytest.raises(KeyboardInterrupt):
        encode(broken(), target, encoder=ENCODER, content="text", batch=6)
    assert 0 < len(open_space(target)) <= 27
    encode(rows, target, encoder=ENCODER, content="text", batch=6)
    again = open_space(target)
    assert again.keys == whole.keys
    assert np.array_equal(again.vectors, whole.vectors)
    assert all(again.columns[name].tolist() == whole.columns[name].tolist() for name in whole.columns)
    assert sorted(encoded) == sorted(row["text"] for row in rows)


def test_vectors_may_come_before_the_content_does(tmp_path):
    """A Space whose content column is not there yet takes vectors, and says what it lacks to make them."""
    create(tmp_path / "a.space", encoder=ExternalEncoder("far", 2), content="text")
    assert upsert(tmp_path / "a.space", {"key": ["x"], "vector": [[1.0, 0.0]]}, encoder="far").added == 1
    with pytest.raises(InputError, match="no vector, and the Space has no encoder"):
        upsert(tmp_path / "a.space", {"key": ["y"]})
