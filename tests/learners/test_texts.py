"""A table of texts becomes a Space, and follows the table."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nearspace as ns
from nearspace.data.passages import Passages
from nearspace.encoders.static import StaticEncoder
from nearspace.errors import (
    DuplicateKeyError,
    EncoderMismatchError,
    EncodingError,
    InputError,
    MissingInputError,
    SettingError,
)
from nearspace.learners.texts import TextsChange, write_texts

WORDS = [f"w{number}" for number in range(60)]
SHORT = Passages(12, 4)


class Counting:
    """An encoder that remembers what it was given."""

    kind = "static"

    def __init__(self) -> None:
        vectors = np.random.default_rng(1).normal(size=(len(WORDS), 8)).astype(np.float32)
        self.inner = StaticEncoder.from_space(ns.Space(ns.Keys(WORDS), vectors))
        self.dim, self.fingerprint = self.inner.dim, self.inner.fingerprint
        self.save = self.inner.save

    def encode(self, items: Any) -> Any:
        return self.inner.encode(items)


def rows(count: int = 30, seed: int = 1) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    sentences = [
        [" ".join(rng.choice(WORDS, 6)) + "." for _ in range(rng.integers(1, 7))] for _ in range(count)
    ]
    return [{"id": f"d{n}", "body": " ".join(some), "year": 2000 + n} for n, some in enumerate(sentences)]


def learn(table: Any, path: Path, **settings: Any) -> TextsChange:
    settings = {"text": "body", "key": "id", "passages": SHORT, **settings}
    return write_texts(table, path, **settings)


@pytest.fixture
def encoder() -> Counting:
    return Counting()


def contents(path: Path) -> dict[str, tuple[Any, ...]]:
    space = ns.open(path)
    records = space.columns.records(list(range(len(space))))
    return {
        key: (tuple(record.items()), space[key].tobytes())
        for key, record in zip(space.keys, records, strict=True)
    }


def test_each_passage_is_a_row_that_knows_its_place(tmp_path: Path, encoder: Counting) -> None:
    table = rows()
    done = learn(table, tmp_path / "a.space", encoder=encoder)
    space = ns.open(tmp_path / "a.space")
    assert done.documents == 30 and done.count == done.added == len(space) > 60 and done.dim == 8
    assert list(space.columns) == ["document", "passage", "start", "end", "body", "year"]
    by_key = {row["id"]: row for row in table}
    for key, record in zip(space.keys, space.columns.records(range(len(space))), strict=True):
        source = by_key[record["document"]]
        assert key == f"{record['document']}#{record['passage']}" and record["year"] == source["year"]
        assert source["body"][record["start"] : record["end"]] == record["body"]
    expected = encoder.inner.encode([record["body"] for record in space.columns.records(range(len(space)))])
    np.testing.assert_array_equal(space.vectors, expected)


def test_batches_change_nothing_but_the_versions(tmp_path: Path, encoder: Counting) -> None:
    for batch in (1_000, 7):
        learn(rows(), tmp_path / f"{batch}.space", encoder=encoder, batch=batch)
    assert contents(tmp_path / "1000.space") == contents(tmp_path / "7.space")


def test_the_same_text_is_encoded_once_across_batches_and_calls(tmp_path: Path, encoder: Counting) -> None:
    table = [{"id": f"{n}", "body": f"w{n % 5} w{n % 3}", "year": n} for n in range(90)]
    done = learn(table, tmp_path / "a.space", encoder=encoder, batch=20)
    assert (done.added, done.encoded) == (90, 15)
    more = learn([{"id": "new", "body": "w0 w0", "year": 0}], tmp_path / "a.space", encoder=encoder)
    assert (more.added, more.encoded, more.count) == (1, 0, 91)
    space = ns.open(tmp_path / "a.space")
    np.testing.assert_array_equal(space["new#1"], encoder.encode(["w0 w0"])[0])


def test_duplicates_can_be_dropped_and_stay_so(tmp_path: Path, encoder: Counting) -> None:
    table = [{"id": f"{n}", "body": f"w{n % 5}", "year": n} for n in range(23)]
    path = tmp_path / "a.space"
    for added, batch in ((5, 4), (0, 9)):
        done = learn(table, path, encoder=encoder, duplicates="drop", batch=batch)
        assert (done.added, done.removed, done.duplicates, done.count) == (added, 0, 18, 5)
    table[0]["body"] = "w9"  # now the next one of its text is the first
    done = learn(table, path, encoder=encoder, duplicates="drop")
    assert {record["body"] for record in ns.open(path).columns.records(range(done.count))} == {
        "w0", "w1", "w2", "w3", "w4", "w9",
    }  # fmt: skip


def test_a_changed_table_brings_the_space_up_to_date(tmp_path: Path, encoder: Counting) -> None:
    table, path = rows(), tmp_path / "a.space"
    learn(table, path, encoder=encoder)
    assert learn(table, path).encoded == 0
    long = max(range(30), key=lambda n: len(table[n]["body"]))
    table[long]["body"] = "w1 w2 w3."
    table[long - 1]["body"] = " "
    done = learn(table, path)
    assert done.encoded == 1 and done.removed > 1 and done.replaced == 1
    learn(table, tmp_path / "fresh.space", encoder=encoder)
    assert contents(path) == contents(tmp_path / "fresh.space")


def test_killed_the_same_call_goes_on_to_the_same_result(tmp_path: Path, encoder: Counting) -> None:
    table = rows(60)
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in table), "utf-8")
    words = ns.Space(encoder.inner.words, np.asarray(encoder.inner.rows))
    ns.save(words, tmp_path / "words.space")
    code = f"""
import os
from pathlib import Path
from nearspace.data.passages import Passages
from nearspace.learners import texts
real, count = texts.Writer.write, [0]
def write(self, rows):
    real(self, rows)
    count[0] += 1
    if count[0] == 3:
        os.kill(os.getpid(), 9)
texts.Writer.write = write
texts.texts({str(source)!r}, {str(tmp_path / "a.space")!r}, text="body", key="id", batch=20,
            encoder={str(tmp_path / "words.space")!r}, passages=Passages(12, 4))
"""
    killed = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False)
    assert killed.returncode == -9
    begun = ns.count(tmp_path / "a.space")
    assert begun == 60
    done = learn(source, tmp_path / "a.space", encoder=str(tmp_path / "words.space"), batch=20)
    assert done.unchanged == 60 and done.added > 60
    learn(source, tmp_path / "b.space", encoder=str(tmp_path / "words.space"))
    assert contents(tmp_path / "a.space") == contents(tmp_path / "b.space")


def test_whole_texts_have_the_keys_of_their_documents(tmp_path: Path, encoder: Counting) -> None:
    learn(rows(), tmp_path / "a.space", encoder=encoder, passages=None, meta=["year"])
    space = ns.open(tmp_path / "a.space")
    assert list(space.keys) == [f"d{n}" for n in range(30)] and list(space.columns) == ["body", "year"]


@pytest.mark.parametrize("name", ["lsa", "tfidf", "words"])
def test_an_encoder_is_learned_from_the_texts(tmp_path: Path, name: str) -> None:
    animals = [
        f"the {one} and the {other} eat and sleep" for one in ("cat", "dog") for other in ("cow", "hen")
    ]
    ships = [f"a {one} or a {other} sails at sea" for one in ("boat", "yacht") for other in ("ship", "ferry")]
    table = [{"id": str(n), "body": text} for n, text in enumerate((animals + ships) * 5)]
    space = ns.learn.texts(table, tmp_path / "a.space", text="body", key="id", encoder=name)
    assert space.recipe.learner == "texts" and space.recipe.settings["encoder"] == name
    hits = ns.nearest(space, "0#1", k=39).hits()
    near = [hit.columns["body"] in animals for hit in hits]
    assert all(near[:19]) and not any(near[19:])


def test_folders_lines_and_tagged_documents(tmp_path: Path, encoder: Counting) -> None:
    notes = tmp_path / "notes"
    (notes / "sub").mkdir(parents=True)
    (notes / "b.txt").write_text("w1 w2\n\nw3", "utf-8")
    (notes / "sub" / "a.md.gz").write_bytes(gzip.compress(b"# w4"))
    (notes / "c.csv").write_text("w5", "utf-8")
    learn(notes, tmp_path / "notes.space", encoder=encoder, text="text", key=None)
    space = ns.open(tmp_path / "notes.space")
    assert list(space.keys) == ["b.txt#1", "sub/a.md.gz#1"]
    assert space.columns.records([0])[0]["text"] == "w1 w2\n\nw3"

    (tmp_path / "lines.txt").write_text("w1\n\n w2\r\nw3", "utf-8")
    learn(tmp_path / "lines.txt", tmp_path / "lines.space", encoder=encoder, text="text", passages=None)
    assert list(ns.open(tmp_path / "lines.space").keys) == ["1", "3", "4"]

    tagged = '<doc id="12" title="A &amp; B">\nw1\nw2\n</doc>\n<doc title="C">\nw3\n<doc>\nw4'
    (tmp_path / "docs.txt").write_text(tagged, "utf-8")
    learn(tmp_path / "docs.txt", tmp_path / "docs.space", encoder=encoder, text="text")
    space = ns.open(tmp_path / "docs.space")
    assert list(space.keys) == ["12#1", "C#1", "7#1"]
    assert [one["title"] for one in space.columns.records([0, 1])] == ["A & B", "C"]
    assert space.columns.records([0])[0]["text"] == "w1\nw2"


def test_frames_and_dicts_of_columns_are_read(tmp_path: Path, encoder: Counting) -> None:
    pa = pytest.importorskip("pyarrow")
    columns = {"id": ["a", "b"], "body": ["w1 w2", "w3"]}
    for number, table in enumerate((columns, pa.table(columns), [{"id": "a", "body": "w1 w2"}])):
        learn(table, tmp_path / f"{number}.space", encoder=encoder)
        assert "a#1" in ns.open(tmp_path / f"{number}.space")


def test_empty_texts_are_counted_or_refused(tmp_path: Path, encoder: Counting) -> None:
    table = [{"id": "a", "body": "w1"}, {"id": "b", "body": None}, {"id": "c", "body": " \n"}]
    done = learn(table, tmp_path / "a.space", encoder=encoder)
    assert (done.documents, done.empty, done.count) == (3, 2, 1)
    with pytest.raises(InputError, match=r"document 2 .key 'b'.: its text is empty"):
        learn(table, tmp_path / "b.space", encoder=encoder, empty="refuse")


def test_invalid_utf8_is_named_or_replaced(tmp_path: Path, encoder: Counting) -> None:
    lines, table = tmp_path / "bad.txt", tmp_path / "bad.csv"
    lines.write_bytes(b"w1\nw2 \xff w3\n")
    table.write_bytes(b"id,body\n1,w1\n2,w2 \xff w3\n")
    with pytest.raises(EncodingError, match=r"bad\.txt, line 2"):
        learn(lines, tmp_path / "a.space", encoder=encoder, text="text")
    with pytest.raises(EncodingError, match=r"bad\.csv: invalid UTF-8 at byte offset 18, line 3"):
        learn(table, tmp_path / "b.space", encoder=encoder)
    for number, source in enumerate((lines, table)):
        path = tmp_path / f"{number}.space"
        learn(source, path, encoder=encoder, errors="replace", text="body" if number else "text", key=None)
        assert ns.open(path).columns.records([1])[0]["body" if number else "text"] == "w2 \ufffd w3"


@pytest.mark.parametrize(
    ("table", "settings", "kind", "message"),
    [
        ([{"id": "a", "body": "x"}], {"text": "bdy"}, InputError, "no column 'bdy'"),
        ([{"id": "a", "body": "x"}], {"key": "nr"}, InputError, "no column 'nr'"),
        ([{"id": "a", "body": "x"}], {"meta": ["t"]}, InputError, "no column 't'"),
        ([{"id": "a", "body": 3}], {}, InputError, "expected text"),
        ([{"id": "a", "body": "x", "start": 3}], {}, InputError, "'start' would hide"),
        ([{"id": "a", "body": "w1"}] * 2, {}, DuplicateKeyError, "1 and 2 have the same key 'a'"),
        ("no.csv", {}, MissingInputError, "no such file"),
        ("no.txt", {}, MissingInputError, "no such file"),
        ([{"id": "a", "body": "x"}], {"encoder": "no such model"}, MissingInputError, "no such model"),
        ([{"id": "a", "body": "x"}], {"empty": "keep"}, SettingError, "empty is 'keep'"),
        (iter([{"id": "a", "body": "x"}]), {"encoder": "lsa"}, InputError, "read only once"),
    ],
)
def test_bad_input_is_refused_before_a_space_is_there(
    table: Any, settings: dict[str, Any], kind: type[Exception], message: str, tmp_path: Path,
    encoder: Counting,
) -> None:  # fmt: skip
    with pytest.raises(kind, match=message):
        learn(table, tmp_path / "a.space", **{"encoder": encoder, **settings})
    if kind is not DuplicateKeyError:
        assert not (tmp_path / "a.space").exists()


def test_duplicate_keys_of_far_batches_are_found(tmp_path: Path, encoder: Counting) -> None:
    table = [{"id": str(n % 2_500), "body": "w1"} for n in range(2_501)]
    with pytest.raises(DuplicateKeyError, match="documents 1 and 2,501 have the same key '0'"):
        learn(table, tmp_path / "a.space", encoder=encoder)


def test_a_space_goes_on_only_as_it_was_begun(tmp_path: Path, encoder: Counting) -> None:
    path = tmp_path / "a.space"
    learn(rows(3), path, encoder=encoder)
    with pytest.raises(SettingError, match="was split with"):
        learn(rows(3), path, passages=None)
    with pytest.raises(EncoderMismatchError, match="not by lsa"):
        learn(rows(3), path, encoder="lsa")
    with pytest.raises(EncoderMismatchError, match="not 'id'"):
        learn(rows(3), path, text="id", key="body")
    assert learn(rows(2), path, encoder=encoder, passages=Passages(), overwrite=True).count == 2


def test_one_text_of_many_megabytes_is_split_in_bounded_memory(tmp_path: Path, encoder: Counting) -> None:
    text = "w1 w2 w3 w4. " * 40_000
    done = learn([{"id": "a", "body": text}], tmp_path / "a.space", encoder=encoder, passages=Passages())
    space = ns.open(tmp_path / "a.space")
    assert done.documents == 1 and done.count == done.added > 900
    last = space.columns.records([len(space) - 1])[0]
    assert last["end"] == len(text.rstrip())
