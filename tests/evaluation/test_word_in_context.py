"""Words in context: both public formats, a threshold without peeking, and figures whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fake_tokens import FakeTransformer

from nearspace.errors import InputError, SettingError
from nearspace.evaluation.verb import word_in_context
from nearspace.evaluation.word_in_context import load, read_contexts, thresholded
from nearspace.kernels.area import weighted_auc


def lines(count: int = 40, *, planted: bool = True) -> list[tuple[str, str, str, str, str, str]]:
    """Pairs that share all words if the sense is the same, or (not planted) at random."""
    random = np.random.default_rng(2)
    made = []
    for number in range(count):
        word, same = f"word{number % 10}", bool(random.integers(2))
        left = [f"l{one}" for one in random.integers(1000, size=4)]
        alike = same if planted else bool(random.integers(2))
        right = left if alike else [f"r{one}" for one in random.integers(1000, size=4)]
        made.append((word, "N", "1-0", f"{left[0]} {word} {' '.join(left)}", f"{word} {' '.join(right)}",
                     "T" if same else "F"))  # fmt: skip
    return made


def write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    path.write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return path


def test_the_three_layouts_are_one_set(tmp_path: Path) -> None:
    rows = lines()
    six = read_contexts(write(tmp_path / "six.tsv", rows))
    write(tmp_path / "dev.data.txt", [row[:5] for row in rows])
    write(tmp_path / "dev.gold.txt", [row[5:] for row in rows])
    beside = read_contexts(tmp_path / "dev.data.txt")
    json_lines = [
        json.dumps({
            "word": pair.word, "sentence1": pair.sentences[0], "sentence2": pair.sentences[1],
            "start1": pair.spans[0][0], "end1": pair.spans[0][1],
            "start2": pair.spans[1][0], "end2": pair.spans[1][1], "label": pair.same,
        })
        for pair in six.pairs
    ]  # fmt: skip
    (tmp_path / "val.jsonl").write_text("\n".join(json_lines), "utf-8")
    assert six.pairs == beside.pairs == read_contexts(tmp_path / "val.jsonl").pairs
    assert beside.name == "dev"
    for pair in six.pairs:
        assert [text[start:end] for text, (start, end) in zip(pair.sentences, pair.spans, strict=True)] == [
            pair.word
        ] * 2


def test_a_planted_difference_is_seen(tmp_path: Path) -> None:
    report = word_in_context(FakeTransformer(), write(tmp_path / "planted.tsv", lines()), samples=200)
    accuracy, area = report["planted.accuracy"], report["planted.auroc"]
    assert accuracy.value == 1.0 and accuracy.low > 0.85 and area.value == 1.0
    assert accuracy.baseline["commonest"] < 0.7 and area.baseline["chance"] == 0.5
    assert set(accuracy.baseline) == {"commonest", "words", "sentences"} and accuracy.n == 40


def test_chance_is_chance(tmp_path: Path) -> None:
    path = write(tmp_path / "chance.tsv", lines(300, planted=False))
    report = word_in_context(FakeTransformer(), path, samples=200)
    assert report["chance.auroc"].low < 0.5 < report["chance.auroc"].high
    assert report["chance.accuracy"].value < 0.6


def test_the_threshold_does_not_peek() -> None:
    random = np.random.default_rng(1)
    shares = []
    for _ in range(50):  # with peeking, 12 random scores are right far more often than half of the time
        same = random.permutation(np.arange(12) < 6)
        shares.append(np.mean(thresholded(random.random(12), same, np.arange(12) % 6) == same))
    assert np.mean(shares) < 0.55


def test_the_same_report_again() -> None:
    one, other = (word_in_context(FakeTransformer(), samples=100, seed=3) for _ in range(2))
    assert one == other


def test_the_packaged_set_is_balanced_and_its_places_are_right() -> None:
    data = load("contexts60")
    assert len(data.pairs) == 60 and sum(pair.same for pair in data.pairs) == 30
    for pair in data.pairs:
        for text, (start, end) in zip(pair.sentences, pair.spans, strict=True):
            assert text[start:end].lower()[0] == pair.word[0] and text[start:end].isalpha()


@given(st.integers(0, 500))
def test_areas_equal_the_count_of_pairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, good = random.integers(5, size=12).astype(float), random.integers(2, size=12).astype(bool)
    weights = random.integers(0, 3, size=(3, 12)).astype(float)
    for row, found in zip(weights, weighted_auc(scores, good, weights), strict=True):
        pairs = [
            (row[a] * row[b], (scores[a] > scores[b]) + (scores[a] == scores[b]) / 2)
            for a in np.flatnonzero(good)
            for b in np.flatnonzero(~good)
        ]
        total = sum(weight for weight, _ in pairs)
        if total:
            assert found == pytest.approx(sum(weight * won for weight, won in pairs) / total)
        else:
            assert np.isnan(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bank\tN\t0-0\tbank\tbank\n" * 12, "has no answers"),
        ("bank\tN\t0-9\tbank\tbank\tT\n" * 12, "line 1: a sentence has no word number 0-9"),
        ("bank\tN\tx\tbank\tbank\tT\n" * 12, "line 1: expected word"),
        ("bank\tN\t0-0\tbank\tbank\tperhaps\n" * 12, "line 1: expected word"),
        ("bank\tN\t0-0\tbank\tbank\tT\n" * 12, "12 pairs with 1 different answers"),
        ('{"word": "bank"}\n', "line 1: 'start1'"),
    ],
)
def test_bad_files_are_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.tsv").write_text(text, "utf-8")
    with pytest.raises(InputError, match=says):
        read_contexts(tmp_path / "bad.tsv")


def test_an_encoder_without_token_vectors_is_refused() -> None:
    class Plain:
        kind, dim, fingerprint = "plain", 2, "p"

    with pytest.raises(SettingError, match="has no vectors of words in context"):
        word_in_context(Plain())  # type: ignore[arg-type]
