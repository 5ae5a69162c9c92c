import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import BusyError, InputError, SettingError
from nearspace.search.text_query import TextQuery, within
from nearspace.search.tokens import tokenize
from nearspace.store.lock import writing

WORDS = [f"w{number}x" for number in range(120)]
SHARES = [1 / (number + 1) for number in range(120)]


def texts(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, SHARES, k=rng.randint(2, 40))) for _ in range(count)]


def rows_of(found, first=0):
    return [
        {"key": f"k{first + number}", "text": text, "year": (first + number) % 50}
        for number, text in enumerate(found)
    ]


def make(path, found, **columns):
    vectors = np.random.default_rng(0).normal(size=(len(found), 8)).astype(np.float32)
    columns = {"text": np.array(found, dtype=object), "year": np.arange(len(found)) % 50, **columns}
    ns.save(ns.Space(ns.Keys(f"k{number}" for number in range(len(found))), vectors, columns=columns), path)
    return path


def with_vectors(rows, seed=1):
    vectors = np.random.default_rng(seed).normal(size=(len(rows), 8)).astype(np.float32)
    return [{**row, "vector": vector.tolist()} for row, vector in zip(rows, vectors, strict=True)]


def bm25(found, asked):
    """Text number -> score, k1 = 1.2, b = .75, every asked word counted once each time it is asked."""
    tokens = [[token.word for token in tokenize(text)] for text in found]
    mean = sum(map(len, tokens)) / len(tokens)
    documents = Counter(word for one in tokens for word in set(one))
    scores = {}
    for number, one in enumerate(tokens):
        counts, score = Counter(one), 0.0
        for word in asked:
            if counts[word]:
                idf = math.log(1 + (len(tokens) - documents[word] + 0.5) / (documents[word] + 0.5))
                norm = 1.2 * (0.25 + 0.75 * len(one) / mean)
                score += idf * counts[word] * 2.2 / (counts[word] + norm)
        if score:
            scores[number] = score
    return scores


def best(scores, k=10):
    order = sorted(scores, key=lambda number: (-np.float32(round(scores[number], 4)), number))
    return order[:k]


def keys_of(found):
    return found.keys[0]


@pytest.fixture(scope="module")
def corpus():
    return texts(1500)


@pytest.fixture(scope="module")
def saved(tmp_path_factory, corpus):
    path = make(tmp_path_factory.mktemp("text") / "a.space", corpus)
    indexed = ns.index_text(path, "text")
    assert (indexed.column, indexed.rows, indexed.added) == ("text", 1500, 1500)
    assert json.dumps(indexed.to_json())
    return path


@pytest.mark.parametrize("question", ["w5x", "w5x w50x", "W5X  w50x, w110x!"])
def test_scores_are_bm25(saved, corpus, question):
    space = ns.open(saved)
    wanted = bm25(corpus, [token.word for token in tokenize(question)])
    found = ns.search_text(space, question, k=2000)
    rows = found.rows[0][found.rows[0] >= 0]
    assert set(rows.tolist()) == set(wanted)
    assert np.allclose(found.scores[0, : len(rows)], [wanted[row] for row in rows.tolist()], atol=1e-3)
    few = ns.search_text(space, question, k=7)
    assert few.rows.shape == few.scores.shape == (1, 7)
    assert few.rows[0].tolist() == rows[:7].tolist()
    assert (np.diff(found.scores[0, : len(rows)]) <= 0).all()


def test_equal_scores_come_in_row_order(tmp_path):
    path = make(tmp_path / "a.space", ["same words here"] * 300 + ["other"])
    ns.index_text(path, "text")
    space = ns.open(path)
    for k in (1, 5, 299, 400):
        assert keys_of(ns.search_text(space, "words", k=k)) == [f"k{row}" for row in range(min(k, 300))]


@pytest.mark.parametrize("where", ["year = 3", "year < 20", "year = 3 AND key = 'k103'", "year > 90"])
@pytest.mark.parametrize("question", ["w5x w50x", '"w2x w1x"', 'w7x "w2x w1x"'])
def test_a_filter_gives_min_k_matching(saved, corpus, where, question):
    space = ns.open(saved)
    mask = space.origin.matching(where)
    every = ns.search_text(space, question, k=2000)
    wanted = [row for row in every.rows[0].tolist() if row >= 0 and mask[row]]
    for k in (3, 10, 500):
        found = ns.search_text(space, question, k=k, where=where)
        assert found.rows[0][found.rows[0] >= 0].tolist() == wanted[:k]


def test_phrases(saved, corpus):
    space = ns.open(saved)
    wanted = {row for row, text in enumerate(corpus) if " w2x w1x " in f" {text} "}
    for found in (
        ns.search_text(space, '"W2x w1x"', k=2000),
        ns.search_text(space, "w2x, w1x", k=2000, phrase=True),
    ):
        assert set(found.rows[0].tolist()) - {-1} == wanted
        assert all(match.snippet.count("«w2x» «w1x»") for match in found.matches[0])
    both = ns.search_text(space, 'w7x "w2x w1x" "w3x"', k=2000)
    wanted &= {row for row, text in enumerate(corpus) if "w3x" in text.split()}
    assert set(both.rows[0].tolist()) - {-1} == wanted


@pytest.mark.parametrize(
    ("question", "fuzzy"), [("w5y", 1), ("w50", 1), ("w55xx w1x", 2), ("w5x w110yx", "auto")]
)
def test_fuzzy_words(saved, corpus, question, fuzzy):
    query = TextQuery.parse(question, fuzzy)
    near = [
        other
        for word in query.words
        if word.distance
        for other in WORDS
        if within(word.word, other, word.distance)
    ]
    exact, around = bm25(corpus, [word.word for word in query.words]), bm25(corpus, near)
    wanted = {row: exact.get(row, 0) + around.get(row, 0) / 2 for row in {*exact, *around}}
    found = ns.search_text(ns.open(saved), question, k=2000, fuzzy=fuzzy)
    rows = found.rows[0][found.rows[0] >= 0].tolist()
    assert set(rows) == set(wanted)
    assert np.allclose(found.scores[0, : len(rows)], [wanted[row] for row in rows], atol=2e-3)
    assert ns.search_text(ns.open(saved), question, fuzzy=fuzzy).rows.tolist() == [rows[:10]]
    assert all(match.highlights for match in found.matches[0])


def test_several_questions_and_json(saved):
    space = ns.open(saved)
    found = ns.search_text(space, ["w3x", "nothing", "w9x w3x"], k=3)
    assert found.queries == ("w3x", "nothing", "w9x w3x")
    assert found.rows.shape == (3, 3) and (found.rows[1] == -1).all() and np.isneginf(found.scores[1]).all()
    hit = found.to_json()[0]["hits"][0]
    assert list(hit) == ["key", "score", "text", "year", "highlights", "snippet", "ranks"]
    assert all(hit["text"][start:end] == "w3x" for start, end in hit["highlights"])
    assert "«w3x»" in hit["snippet"] and hit["ranks"] == {"text": 1}
    assert json.dumps(found.to_json())


def test_changes_are_found_before_they_are_indexed(tmp_path):
    corpus = texts(400)
    path = make(tmp_path / "a.space", corpus)
    ns.index_text(path, "text")
    before = ns.open(path)
    more = [*texts(50, seed=5), "zebra w1x crossing", "the zebras w1x"]
    ns.upsert(path, with_vectors(rows_of(more, 400)))
    ns.upsert(path, with_vectors([{"key": "k3", "text": "a zebra crossing", "year": 1}]))
    ns.delete(path, where="year = 7")
    space = ns.open(path)
    live = {f"k{row}": text for row, text in enumerate([*corpus, *more]) if row % 50 != 7}
    live["k3"] = "a zebra crossing"

    def check(space):
        for question in ("zebra", "w5x w50x", "w1x"):
            asked = set(question.split())
            wanted = {key for key, text in live.items() if asked & set(text.split())}
            assert set(keys_of(ns.search_text(space, question, k=1000))) == wanted
        assert set(keys_of(ns.search_text(space, '"zebra crossing"'))) == {"k3"}
        assert set(keys_of(ns.search_text(space, '"w1x crossing"'))) == {"k450"}
        for question, fuzzy in (("zebrs", 1), ("zzebras", 2), ("zebr", "auto"), ("w51", 1)):
            words = TextQuery.parse(question, fuzzy).words
            wanted = {
                key
                for key, text in live.items()
                if any(within(words[0].word, other, words[0].distance) for other in text.split())
            }
            assert wanted
            assert set(keys_of(ns.search_text(space, question, k=1000, fuzzy=fuzzy))) == wanted
            some = ns.search_text(space, question, k=1000, fuzzy=fuzzy, where="year < 3")
            assert set(keys_of(some)) == wanted & {
                space.keys[int(row)] for row in np.flatnonzero(space.origin.matching("year < 3"))
            }

    check(space)
    again = ns.index_text(path, "text")
    assert again.added == 52  # k407 was deleted
    check(ns.open(path))
    check(space)  # what was opened stays
    assert keys_of(ns.search_text(before, "zebra")) == []
    assert "k7" in keys_of(ns.search_text(before, corpus[7], k=400))
    ns.compact(path)
    check(ns.open(path))
    assert ns.index_text(path, "text").added == 0


def test_without_anything_to_do_there_is_no_new_version(saved):
    versions = len(ns.history(saved))
    assert ns.index_text(saved, "text").added == 0
    assert len(ns.history(saved)) == versions


def test_indexing_leaves_the_mapped_rows_in_place(tmp_path):
    path = make(tmp_path / "a.space", texts(50))
    old = ns.open(path)
    (folder,) = (path / "index").iterdir()
    inode = (folder / "vectors.npy").stat().st_ino
    version = ns.index_text(path, "text").version
    (folder,) = (path / "index").iterdir()
    assert (folder / "vectors.npy").stat().st_ino == inode
    space = ns.open(path)
    assert space.origin.slots is None and space.origin.version.number == version
    assert np.array_equal(space.vectors, old.vectors)


def test_which_column(tmp_path):
    path = make(tmp_path / "a.space", ["one two", "three"], title=np.array(["Three", "x"], dtype=object))
    in_memory = ns.Space(ns.Keys(["a"]), np.ones((1, 2), np.float32))
    with pytest.raises(InputError, match="in memory"):
        ns.search_text(in_memory, "one")
    with pytest.raises(InputError, match="has no text index") as caught:
        ns.search_text(ns.open(path), "one")
    assert "nearspace index SPACE --text COLUMN" in caught.value.hint
    ns.index_text(path, "text")
    with pytest.raises(InputError, match=r"'title' of .* has no text index; indexed columns: text"):
        ns.search_text(ns.open(path), "one", column="title")
    ns.index_text(path, "title")
    ns.index_text(path, "key")
    space = ns.open(path)
    with pytest.raises(InputError, match="several text indexes: key, text, title"):
        ns.search_text(space, "three")
    assert keys_of(ns.search_text(space, "three", column="title")) == ["k0"]
    assert keys_of(ns.search_text(space, "three", column="text")) == ["k1"]
    found = ns.search_text(space, "k1", column="key")
    assert keys_of(found) == ["k1"] and found.matches[0][0].snippet == "«k1»"


@pytest.mark.parametrize(
    ("column", "problem"), [("year", "is int64, not text"), ("absent", "is missing"), ("vector", "not text")]
)
def test_columns_that_cannot_be_indexed(saved, column, problem):
    with pytest.raises(InputError, match=problem) as caught:
        ns.index_text(saved, column)
    assert "Columns of text: key, text." in caught.value.hint


def test_questions_that_are_refused(saved):
    space = ns.open(saved)
    with pytest.raises(SettingError, match="filter 'yeer = 3'"):
        ns.search_text(space, "w1x", where="yeer = 3")
    with pytest.raises(SettingError, match="k is 0"):
        ns.search_text(space, "w1x", k=0)
    with pytest.raises(InputError, match="no word"):
        ns.search_text(space, "?")
    with writing(saved), pytest.raises(BusyError):
        ns.index_text(saved, "text")


def test_missing_and_empty_texts(tmp_path):
    path = make(tmp_path / "a.space", ["", "one", "\n", "Œuvre ONE"])
    ns.upsert(path, with_vectors([{"key": "none", "text": None, "year": 1}]))
    ns.index_text(path, "text")
    space = ns.open(path)
    assert keys_of(ns.search_text(space, "one")) == ["k1", "k3"]
    assert ns.search_text(space, "oeuvre").matches[0][0].highlights == ((0, 5),)


def index_files(path):
    return sorted(file for file in (path / "items.lance" / "_indices").rglob("*") if file.is_file())


def test_a_damaged_index_is_refused_and_made_anew(tmp_path):
    corpus = texts(200)
    path = make(tmp_path / "a.space", corpus)
    ns.index_text(path, "text")
    wanted = ns.search_text(ns.open(path), "w5x w9x").rows.tolist()
    for number in range(len(index_files(path))):
        file = index_files(path)[number]
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        time.sleep(0.01)
        file.write_bytes(data)
        assert len(ns.open(path)) == 200
        with pytest.raises(InputError, match=f"{file.name}.* is damaged") as caught:
            ns.search_text(ns.open(path), "w5x w9x")
        assert "index_text" in caught.value.hint
        with pytest.raises(InputError, match="is damaged"):
            ns.compact(path)
        ns.index_text(path, "text")
        assert ns.search_text(ns.open(path), "w5x w9x").rows.tolist() == wanted
        ns.compact(path)
        assert len({file.parent for file in index_files(path)}) == 1  # what was replaced is gone
    assert ns.search_text(ns.open(path), "w5x w9x").rows.tolist() == wanted


def test_a_copy_is_searched(tmp_path, saved):
    shutil.copytree(saved, tmp_path / "copy.space")
    wanted = ns.search_text(ns.open(saved), "w5x w9x").rows.tolist()
    assert ns.search_text(ns.open(tmp_path / "copy.space"), "w5x w9x").rows.tolist() == wanted


_BUILD = """
import sys, nearspace as ns
print("ready", flush=True)
ns.index_text(sys.argv[1], "text")
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_while_indexing(tmp_path):
    corpus = texts(4000)
    whole = make(tmp_path / "whole.space", corpus)
    began = time.perf_counter()
    ns.index_text(whole, "text")
    took = time.perf_counter() - began
    wanted = ns.search_text(ns.open(whole), "w5x w50x").rows.tolist()
    plain = make(tmp_path / "plain.space", corpus)
    rng, seen = random.Random(1), Counter()
    for number in range(12):
        path = tmp_path / f"{number}.space"
        shutil.copytree(plain, path)
        process = subprocess.Popen(
            [sys.executable, "-c", _BUILD, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0, 2 * took))
        os.kill(process.pid, signal.SIGKILL)
        seen["done" if "done" in process.communicate()[0] else "cut off"] += 1
        space = ns.open(path)
        assert len(space) == 4000
        try:
            assert ns.search_text(space, "w5x w50x").rows.tolist() == wanted
            seen["index"] += 1
        except InputError as error:
            assert "has no text index" in str(error)
        ns.index_text(path, "text")
        assert ns.search_text(ns.open(path), "w5x w50x").rows.tolist() == wanted
        ns.compact(path)
        assert ns.search_text(ns.open(path), "w5x w50x").rows.tolist() == wanted
        assert len({file.parent for file in index_files(path)}) == 1
        shutil.rmtree(path)
    print(dict(seen))
