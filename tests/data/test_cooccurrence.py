"""Co-occurrence counts against a dictionary, however little memory and however many workers there are."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.data import cooccurrence as module
from nearspace.data import spill
from nearspace.data.cooccurrence import Cooccurrence, Window, count_cooccurrences, head_shape
from nearspace.data.corpus import CorpusSettings, Prepared, prepare
from nearspace.errors import EmptyVocabularyError, OutputError, SettingError

WORDS = st.sampled_from("abcdefgh")
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=30), min_size=1, max_size=20)


def brute_force(lines: list[list[str]], kept: set[str], window: Window) -> Counter[tuple[str, str]]:
    """Exact counts of all ordered pairs, one at a time."""
    weight = {
        "harmonic": lambda distance: Fraction(1, distance),
        "linear": lambda distance: Fraction(window.size - distance + 1, window.size),
        "flat": lambda distance: Fraction(1),
    }[window.weighting]
    counts: Counter[tuple[str, str]] = Counter()
    for line in lines:
        words = [word for word in line if word in kept]
        for at, word in enumerate(words):
            for distance in range(1, min(window.size, at) + 1):
                counts[word, words[at - distance]] += weight(distance)
                counts[words[at - distance], word] += weight(distance)
    return counts


def as_dictionary(counts: Cooccurrence, prepared: Prepared) -> dict[tuple[str, str], float]:
    names = list(prepared.vocabulary.keys)
    lengths, columns, values = counts.rows(np.arange(counts.size))
    rows = np.repeat(np.arange(counts.size), lengths)
    assert len(columns) == counts.entries
    found = {(names[i], names[j]): float(x) for i, j, x in zip(rows, columns, values, strict=True)}
    assert len(found) == len(columns)
    for row, (start, stop) in enumerate(zip(counts.pointers[:-1], counts.pointers[1:], strict=True)):
        assert (np.diff(columns[start:stop]) > 0).all()
        assert counts.totals[row] == pytest.approx(values[start:stop].sum(), rel=1e-5)
    return found


@settings(max_examples=60, deadline=None)
@given(
    LINES,
    st.builds(Window, st.integers(1, 20), st.sampled_from(module.WEIGHTINGS)),
    st.sampled_from([0.0, 0.001, 0.01, 1.0]),
    st.sampled_from([1, 2, 8]),
    st.integers(1, 3),
    st.sampled_from([3, 50, 1 << 18]),
)
def test_counts_equal_a_dictionary_count(
    lines: list[list[str]], window: Window, memory: float, workers: int, min_count: int, chunk: int
) -> None:
    totals = Counter(word for line in lines for word in line)
    kept = {word for word, count in totals.items() if count >= min_count}
    expected = brute_force(lines, kept, window)
    if not expected or len(kept) < 2:
        return
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        patch.setattr(module, "LEAST_RANGE", 8)
        folder = Path(scratch)
        prepared = prepare(lines, CorpusSettings(min_count=min_count), folder=folder)
        counts = count_cooccurrences(
            prepared.stream, len(prepared.vocabulary), window, folder=folder, memory=memory, workers=workers
        )
        tolerance = 1e-6 if window.size <= 16 or window.weighting != "harmonic" else 1e-4
        found = as_dictionary(counts, prepared)
        assert found.keys() == expected.keys()
        for pair, value in found.items():
            assert value == pytest.approx(float(expected[pair]), rel=tolerance)
        assert not (folder / "pairs.tmp").exists()


def zipf_corpus(lines: int = 200, size: int = 400) -> list[list[str]]:
    generator = np.random.default_rng(1)
    return [[f"w{word % size}" for word in generator.zipf(1.3, 60)] for _ in range(lines)]


def test_spilling_and_workers_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "STEP", 64)
    monkeypatch.setattr(module, "LEAST_RANGE", 2048)
    prepared = prepare(zipf_corpus(), CorpusSettings(min_count=2), folder=tmp_path)
    bytes_of = {}
    for memory, workers in [(96.0, 1), (0.04, 1), (0.04, 2), (0.4, 8)]:
        folder = tmp_path / f"{memory}-{workers}"
        folder.mkdir()
        counts = count_cooccurrences(
            prepared.stream,
            len(prepared.vocabulary),
            Window(10),
            folder=folder,
            memory=memory,
            workers=workers,
        )
        files = [(folder / name).read_bytes() for name in (module.COLUMNS, module.COUNTS)]
        bytes_of[memory, workers] = (files, counts.pointers.tobytes(), counts.totals.tobytes())
    first = bytes_of.pop((96.0, 1))
    assert len(first[0][0]) > 20_000
    for setting, result in bytes_of.items():
        assert result == first, setting


def test_rows_are_read_in_any_order_and_cut_into_blocks(tmp_path: Path) -> None:
    prepared = prepare(zipf_corpus(50), CorpusSettings(min_count=1), folder=tmp_path)
    counts = count_cooccurrences(prepared.stream, len(prepared.vocabulary), Window(3), folder=tmp_path)
    _, columns, values = counts.rows(np.arange(counts.size))
    wanted = np.array([5, 6, 7, 2, 0])
    lengths, some_columns, some_values = counts.rows(wanted)
    at = np.concatenate([np.arange(counts.pointers[row], counts.pointers[row + 1]) for row in wanted])
    np.testing.assert_array_equal(lengths, np.diff(counts.pointers)[wanted])
    np.testing.assert_array_equal(some_columns, columns[at])
    np.testing.assert_array_equal(some_values, values[at])
    blocks = counts.row_blocks(40)
    assert [start for start, _ in blocks] == [0, *[stop for _, stop in blocks[:-1]]]
    assert blocks[-1][1] == counts.size
    for start, stop in blocks:
        assert stop == start + 1 or counts.pointers[stop] - counts.pointers[start] <= 40
    counts.remove()
    assert not list(tmp_path.glob("*.?32"))


@pytest.mark.parametrize(
    ("size", "cells", "longest"), [(50, 0, 9), (50, 100, 20), (50, 5000, 100), (1, 9, 9)]
)
def test_head_is_within_its_limits(size: int, cells: int, longest: int) -> None:
    starts, ends = head_shape(size, cells, longest)
    lengths = ends - np.arange(len(ends))
    assert lengths.sum() <= cells
    assert (lengths > 0).all() and (lengths <= longest).all() and (ends <= size).all()
    assert starts.tolist() == [0, *np.cumsum(lengths)[:-1].tolist()][: len(starts)]
    if cells >= size * (size + 1) // 2 and longest >= size:
        assert lengths.sum() == size * (size + 1) // 2


@pytest.mark.parametrize("size", range(1, 17))
def test_harmonic_weights_are_exact(size: int) -> None:
    weights, unit = Window(size).units()
    assert [Fraction(int(weight), unit) for weight in weights[1:]] == [
        Fraction(1, distance) for distance in range(1, size + 1)
    ]
    assert weights[0] == 0


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match="window is 0"):
        Window(0)
    with pytest.raises(
        SettingError, match=r"weighting is 'gauss'\nAccepted weightings: harmonic, linear, flat"
    ):
        Window(3, "gauss")


def test_lines_of_one_word_have_no_pairs(tmp_path: Path) -> None:
    prepared = prepare([["a", "b"], ["a"], ["b"]], CorpusSettings(min_count=1), folder=tmp_path)
    one_word = dataclasses.replace(prepared.stream, length=1)
    with pytest.raises(EmptyVocabularyError, match="no two words of the vocabulary occur near each other"):
        count_cooccurrences(one_word, 2, Window(2), folder=tmp_path)
    assert not (tmp_path / "pairs.tmp").exists()


def test_an_unwritable_scratch_folder_is_named(tmp_path: Path) -> None:
    prepared = prepare([["a", "b"]], CorpusSettings(min_count=1), folder=tmp_path)
    with pytest.raises(OutputError, match=r"cannot write the scratch file .*nowhere"):
        count_cooccurrences(prepared.stream, 2, Window(2), folder=tmp_path / "nowhere")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    prepared = prepare([["a", "b"]], CorpusSettings(min_count=1), folder=tmp_path)
    (tmp_path / "pairs.tmp").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device"):
        count_cooccurrences(prepared.stream, 2, Window(2), folder=tmp_path)
