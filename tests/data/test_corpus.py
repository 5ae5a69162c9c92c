"""prepare: from text to a vocabulary and a stream of ids."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nearspace.data.corpus import CorpusSettings, Prepared, prepare

TEXT = "The cat sat.\nThe dog's mat\n\none\nthe CAT and the dog\n"
ALL = CorpusSettings(min_count=1)


def decoded(prepared: Prepared) -> list[list[str]]:
    """The lines of a stream as words of the vocabulary; dropped words are left out."""
    lines: list[list[str]] = [[]]
    for entry in prepared.stream.read(0, prepared.stream.length).tolist():
        if entry < 0:
            lines.append([])
        elif prepared.stream.remap[entry] >= 0:
            lines[-1].append(prepared.vocabulary.keys[int(prepared.stream.remap[entry])])
    assert lines.pop() == []
    return lines


def test_text_becomes_vocabulary_and_stream(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    prepared = prepare(file, ALL, folder=tmp_path)
    assert decoded(prepared) == [
        ["the", "cat", "sat"],
        ["the", "dog's", "mat"],
        ["one"],
        ["the", "cat", "and", "the", "dog"],
    ]
    assert list(prepared.vocabulary.keys) == ["the", "cat", "and", "dog", "dog's", "mat", "one", "sat"]
    assert prepared.vocabulary.counts.tolist() == [4, 2, 1, 1, 1, 1, 1, 1]
    stream = prepared.stream
    assert (stream.tokens, stream.kept, stream.lines, stream.length) == (12, 12, 4, 16)
    assert prepared.vocabulary.total == 12


def test_min_count_and_max_vocab_drop_words_from_the_stream(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    prepared = prepare(lines, CorpusSettings(min_count=2), folder=tmp_path)
    assert list(prepared.vocabulary.keys) == ["the", "cat"]
    assert decoded(prepared) == [["the", "cat"], ["the"], [], ["the", "cat", "the"]]
    assert prepared.stream.kept == 6
    assert prepared.vocabulary.total == 12
    three = prepare(lines, CorpusSettings(min_count=1, max_vocab=3), folder=tmp_path)
    assert list(three.vocabulary.keys) == ["the", "cat", "and"]


@pytest.mark.parametrize("kind", ["file", "gz", "strings", "generator", "one string", "tokens"])
def test_every_source_gives_the_same_result(kind: str, tmp_path: Path) -> None:
    expected = prepare(TEXT.splitlines(), ALL, folder=tmp_path)
    lines = decoded(expected)
    file = tmp_path / "text"
    file.write_bytes(gzip.compress(TEXT.encode()) if kind == "gz" else TEXT.encode())
    source = {
        "file": file,
        "gz": str(file),
        "strings": tuple(TEXT.splitlines()),
        "generator": (line for line in TEXT.splitlines()),
        "one string": [TEXT],
        "tokens": lines,
    }[kind]
    found = prepare(source, ALL, folder=tmp_path)
    assert found.stream.fingerprint == expected.stream.fingerprint
    assert found.vocabulary.keys == expected.vocabulary.keys
    assert np.array_equal(found.stream.remap, expected.stream.remap)
    assert decoded(found) == lines


def test_counts_agree_with_a_counter(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lines = [[f"w{word}" for word in rng.zipf(1.3, 50) % 5000] for _ in range(400)]
    prepared = prepare(lines, CorpusSettings(min_count=3), folder=tmp_path)
    counts = Counter(word for line in lines for word in line)
    ordered = sorted((-n, word) for word, n in counts.items() if n >= 3)
    assert list(prepared.vocabulary.keys) == [word for _, word in ordered]
    assert prepared.vocabulary.counts.tolist() == [-n for n, _ in ordered]
