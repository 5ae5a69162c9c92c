"""Phrases: planted ones are found and joined, chance neighbours are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nearspace.data.phrases as module
from nearspace.data.corpus import CorpusSettings, Prepared, prepare
from nearspace.data.phrases import Phrases
from nearspace.errors import SettingError


def planted(lines: int = 400) -> list[str]:
    """Lines of random words, with "new york times" and "los angeles" in every fourth line each."""
    rng = np.random.default_rng(5)
    words = [[f"w{word}" for word in row] for row in rng.integers(0, 200, (lines, 12))]
    for number, row in enumerate(words):
        if number % 4 == 0:
            row[3:3] = ["new", "york", "times"]
        if number % 4 == 1:
            row[7:7] = ["los", "angeles"]
    return [" ".join(row) for row in words]


def phrases_of(prepared: Prepared) -> list[str]:
    return [key for key in prepared.vocabulary.keys if "_" in key]


def text_of(prepared: Prepared) -> str:
    rows = prepared.stream.remap[prepared.stream.read(0, prepared.stream.length)]
    entries = prepared.stream.read(0, prepared.stream.length)
    return " ".join(
        "\n" if entry < 0 else prepared.vocabulary.keys[int(row)]
        for entry, row in zip(entries, rows, strict=True)
        if entry < 0 or row >= 0
    )


@pytest.mark.parametrize(("scoring", "threshold"), [("original", 20.0), ("npmi", 0.8)])
def test_planted_phrases_are_joined_and_nothing_else(scoring: str, threshold: float, tmp_path: Path) -> None:
    found = Phrases(threshold=threshold, rounds=2, scoring=scoring)
    prepared = prepare(planted(), CorpusSettings(min_count=1, phrases=found), folder=tmp_path)
    assert phrases_of(prepared) == ["los_angeles", "new_york_times"]
    counts = dict(zip(prepared.vocabulary.keys, prepared.vocabulary.counts.tolist(), strict=True))
    assert counts["los_angeles"] == counts["new_york_times"] == 100
    assert "new" not in counts
    plain = prepare(planted(), CorpusSettings(min_count=1), folder=tmp_path)
    text = text_of(plain).replace("new york times", "new_york_times").replace("los angeles", "los_angeles")
    prepared = prepare(planted(), CorpusSettings(min_count=1, phrases=found), folder=tmp_path)
    assert text_of(prepared) == text
    assert prepared.stream.tokens == plain.stream.tokens - 300
    assert prepared.stream.lines == plain.stream.lines
    assert prepared.stream.fingerprint != plain.stream.fingerprint


def test_a_joined_name_that_is_a_word_already_is_that_word(tmp_path: Path) -> None:
    lines = [*planted(), *(f"w{n} los_angeles w{n + 9}" for n in range(7))]
    settings = CorpusSettings(min_count=1, phrases=Phrases(threshold=20.0))
    prepared = prepare(lines, settings, folder=tmp_path)
    row = prepared.vocabulary.keys.row("los_angeles")
    assert prepared.vocabulary.counts[row] == 107


def test_scores_are_those_of_the_papers() -> None:
    together, first, second = np.array([15]), np.array([20]), np.array([30])
    original = Phrases(min_count=5).scores(together, first, second, 1000)
    assert original == pytest.approx([(15 - 5) * 1000 / (20 * 30)])
    npmi = Phrases(scoring="npmi").scores(together, first, second, 1000)
    assert npmi == pytest.approx([np.log(0.015 / (0.02 * 0.03)) / -np.log(0.015)])


def test_the_table_of_pairs_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SLOTS", 1 << 10)
    monkeypatch.setattr(module, "_FIRST_SLOTS", 1 << 4)
    settings = CorpusSettings(min_count=1, phrases=Phrases(threshold=20.0, rounds=2))
    prepared = prepare(planted(2000), settings, folder=tmp_path)  # some 15,000 pairs
    assert phrases_of(prepared) == ["los_angeles", "new_york_times"]


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match=r"scoring is 'pmi'\nAccepted: original, npmi"):
        Phrases(scoring="pmi")
    with pytest.raises(SettingError, match="rounds 0"):
        Phrases(rounds=0)
