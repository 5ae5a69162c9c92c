"""Words in context: do two sentences use a word in the same sense? (Pilehvar and Camacho-Collados 2019)"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.encoders.contexts import ContextEncoder
from nearspace.errors import InputError, SettingError
from nearspace.evaluation.bootstrap import Floats, stream, value_of
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.proportion import Share
from nearspace.evaluation.textfile import lines, stem
from nearspace.kernels.area import weighted_auc
from nearspace.learners.contexts import LAYERS
from nearspace.protocols import Encoder, Progress, Quiet
from nearspace.results import Measure, Report
from nearspace.space import Space

PACKAGED = {"contexts60": "contexts60.tsv"}
_FOLDS = 10
_LEAST = 10
_TOKEN = re.compile(r"\w+")
_TRUTH = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}


@dataclass(frozen=True)
class Pair:
    """Two uses of a word.

    Attributes:
        word: in its basic form.
        sentences: the two.
        spans: start and end of the word in each, in characters.
        same: the word has the same sense in both.
    """

    word: str
    sentences: tuple[str, str]
    spans: tuple[tuple[int, int], tuple[int, int]]
    same: bool


@dataclass(frozen=True)
class ContextSet:
    """Pairs of uses, and what the measures are called after."""

    name: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, eq=False)
class Area:
    """Area under the ROC curve of scores; the unit drawn again is the word, with all its pairs."""

    scores: Floats
    same: NDArray[np.bool_]
    words: NDArray[np.int64]
    share: bool = False

    @property
    def strata(self) -> tuple[int, ...]:
        """One stratum of all words."""
        return (int(self.words.max()) + 1,)

    @property
    def cases(self) -> int:
        """Number of pairs."""
        return len(self.scores)

    @property
    def total(self) -> int:
        """The same."""
        return len(self.scores)

    def __call__(self, weights: Floats) -> Floats:
        """(b, words) weights -> (b,) areas; nan where one answer is missing."""
        return weighted_auc(self.scores, self.same, weights[:, self.words])


def word_in_context(
    model: Encoder | Space,
    test: str | Path | ContextSet = "contexts60",
    *,
    layers: Sequence[int] | None = None,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure whether words lie nearer in sentences that use them in the same sense.

    The score of a pair is the cosine of the word's two vectors. Accuracy: "same" above a threshold that was
    fitted on the pairs of other words (10 folds of words, so nothing is peeked at). AUROC needs no threshold.
    Intervals are of words drawn again, accuracy's widened to Wilson's. Baselines: the commonest answer of the
    other folds (accuracy) or chance (AUROC); the cosine of tf-idf vectors of the two sentences (`words`);
    that of the encoder's vectors of them (`sentences`), with thresholds fitted in the same way.

    Args:
        model: a transformer, or a Space made by `learn.contexts`, whose model and layers are taken.
        test: "contexts60" (ours), a file, or a set that was read; see `read_contexts`.
        layers: whose mean is taken; None: those of the Space, or the default of `learn.contexts`.
        seed: of folds and bootstrap.
        samples: of the bootstrap.
        progress: where the work is shown.

    Raises:
        InputError: the set is not what it should be.
        SettingError: the encoder has no vectors of words in context.
    """
    data = test if isinstance(test, ContextSet) else load(test)
    encoder, name = _encoder(model, layers)
    with progress.task("Measuring", total=len(data.pairs), unit="pairs") as task:
        scores = {
            "": _word_scores(encoder, data.pairs),
            "words": _tfidf_scores(data.pairs),
            "sentences": _sentence_scores(encoder, data.pairs),
        }
        task.advance(len(data.pairs))
    return Report(name, tuple(_measures(data, scores, seed, samples)))


def _measures(data: ContextSet, scores: dict[str, Floats], seed: int, samples: int) -> Iterator[Measure]:
    same = np.array([pair.same for pair in data.pairs])
    _, words = np.unique([pair.word.casefold() for pair in data.pairs], return_inverse=True)
    folds = _folds(words, seed, data.name)
    trials = np.bincount(words).astype(np.float64)

    def share(found: Floats) -> Share:
        right = (thresholded(found, same, folds) == same).astype(np.float64)
        return Share(np.bincount(words, right).astype(np.float64), trials, len(same))

    flat = np.zeros(len(same))
    baseline = {"commonest": value_of(share(flat))}
    baseline |= {name: value_of(share(found)) for name, found in scores.items() if name}
    yield measured(f"{data.name}.accuracy", share(scores[""]), baseline, seed=seed, samples=samples)
    areas = {name: Area(found, same, words) for name, found in scores.items()}
    chance = {"chance": 0.5} | {name: value_of(area) for name, area in areas.items() if name}
    yield measured(f"{data.name}.auroc", areas[""], chance, seed=seed, samples=samples)


def thresholded(scores: Floats, same: NDArray[np.bool_], folds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) answers of each fold by the threshold that is best on the other folds."""
    answers = np.zeros(len(scores), dtype=bool)
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        answers[own] = scores[own] > _threshold(scores[others], same[others])
    return answers


def _threshold(scores: Floats, same: NDArray[np.bool_]) -> float:
    """The threshold with most right answers; of several the middle one."""
    order = np.argsort(scores, kind="stable")
    ordered, truth = scores[order], same[order]
    ends = np.flatnonzero(np.append(ordered[1:] > ordered[:-1], True))  # a threshold parts no equal scores
    below = np.append(0, np.cumsum(~truth)[ends])  # different ones at or below the threshold
    above = truth.sum() - np.append(0, np.cumsum(truth)[ends])
    right = below + above
    best = np.flatnonzero(right == right.max())
    at = int(best[len(best) // 2])
    if at == 0:
        return -np.inf
    last = float(ordered[ends[at - 1]])
    return np.inf if at == len(ends) else (last + float(ordered[ends[at - 1] + 1])) / 2


def _folds(words: NDArray[np.int64], seed: int, name: str) -> NDArray[np.int64]:
    """(n,) fold of each pair: the words in a random order, dealt out."""
    count = int(words.max()) + 1
    if count < 2:
        return np.arange(len(words), dtype=np.int64) % _FOLDS
    dealt = np.empty(count, dtype=np.int64)
    dealt[stream(seed, name, "folds").permutation(count)] = np.arange(count) % min(_FOLDS, count)
    return np.asarray(dealt[words])


def _word_scores(encoder: ContextEncoder, pairs: Sequence[Pair]) -> Floats:
    vectors = [
        encoder.at([pair.sentences[side] for pair in pairs], [pair.spans[side] for pair in pairs])
        for side in (0, 1)
    ]
    return np.asarray(np.einsum("nd,nd->n", *(one.astype(np.float64) for one in vectors)))


def _sentence_scores(encoder: ContextEncoder, pairs: Sequence[Pair]) -> Floats:
    one, other = (encoder.model.encode([pair.sentences[side] for pair in pairs]) for side in (0, 1))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray(np.einsum("nd,nd->n", one, other) / np.where(lengths > 0, lengths, 1), np.float64)


def _tfidf_scores(pairs: Sequence[Pair]) -> Floats:
    """Cosine of the tf-idf vectors of the sentences of each pair; idf is of all sentences of the set."""
    bags = [[set(_TOKEN.findall(text.lower())) for text in pair.sentences] for pair in pairs]
    counts: dict[str, int] = {}
    for word in (word for both in bags for bag in both for word in bag):
        counts[word] = counts.get(word, 0) + 1
    idf = {word: np.log(2 * len(pairs) / count) for word, count in counts.items()}
    scores = np.zeros(len(pairs))
    for row, (one, other) in enumerate(bags):
        shared, left, right = (sum(idf[word] ** 2 for word in bag) for bag in (one & other, one, other))
        scores[row] = shared / (np.sqrt(left * right) or 1.0)
    return scores


def _encoder(model: Encoder | Space, layers: Sequence[int] | None) -> tuple[ContextEncoder, str]:
    held: Any = model.encoder if isinstance(model, Space) else model
    name = model.name if isinstance(model, Space) else getattr(model, "kind", "encoder")
    if held is None:
        raise SettingError(
            f"{name!r} has no encoder", "Name a Space made by learn contexts, or a transformer."
        )
    if held.kind == ContextEncoder.kind:
        return ContextEncoder(held.model, layers=tuple(layers or held.layers)), name
    return ContextEncoder(held, layers=tuple(layers or LAYERS)), name


def load(test: str | Path) -> ContextSet:
    """Read a packaged set by its name, or a file."""
    if str(test) in PACKAGED:
        with as_file(files("nearspace.evaluation") / "data" / PACKAGED[str(test)]) as path:
            return read_contexts(path)
    return read_contexts(Path(test))


def read_contexts(path: Path) -> ContextSet:
    """Read pairs of uses in one of three layouts; each line is one pair.

    WiC: word, part of speech, places "2-5" (numbers of the word among the blanks-separated words of each
    sentence, from 0), sentence, sentence, separated by tabs; the answers, T or F, lie beside it in a file
    whose name has "gold" instead of "data" ("train.data.txt", "train.gold.txt"), or are a sixth column.
    SuperGLUE: JSON lines with word, sentence1, sentence2, start1, end1, start2, end2, label.

    Raises:
        InputError: a line is not that, or the answers are missing; the message names the line.
    """
    found = [(number, line) for number, line in enumerate(lines(path), 1)]
    found = [(number, line) for number, line in found if line.strip() and not line.startswith("#")]
    if not found:
        raise InputError(f"{path} has no pairs", "Name the file of the test set.")
    if found[0][1].lstrip().startswith("{"):
        pairs = [_of_json(path, number, line) for number, line in found]
    else:
        rows = [(number, line.split("\t")) for number, line in found]
        pairs = [
            _of_cells(path, number, cells, gold)
            for (number, cells), gold in zip(rows, _gold(path, rows), strict=True)
        ]
    answers = {pair.same for pair in pairs}
    if len(pairs) < _LEAST or len(answers) < 2:
        raise InputError(
            f"{path} has {len(pairs)} pairs with {len(answers)} different answers",
            f"Give at least {_LEAST} pairs, some of the same and some of different senses.",
        )
    return ContextSet(stem(path).removesuffix(".data"), tuple(pairs))


def _gold(path: Path, rows: Sequence[tuple[int, Sequence[str]]]) -> list[str]:
    if all(len(cells) == 6 for _, cells in rows):
        return [cells[5] for _, cells in rows]
    beside = path.with_name(path.name.replace("data", "gold"))
    if beside == path or not beside.exists():
        raise InputError(
            f"{path} has no answers: line {rows[0][0]} has {len(rows[0][1])} columns, and there is no"
            f" {beside.name!r}",
            "Put the file of the answers beside it, or add them as a sixth column.",
        )
    answers = [line.strip() for line in lines(beside) if line.strip()]
    if len(answers) != len(rows):
        raise InputError(
            f"{beside} has {len(answers):,} answers for {len(rows):,} pairs", "They belong to another file."
        )
    return answers


def _of_cells(path: Path, number: int, cells: Sequence[str], gold: str) -> Pair:
    places = re.fullmatch(r"(\d+)-(\d+)", cells[2].strip()) if len(cells) >= 5 else None
    truth = _TRUTH.get(gold.strip().lower())
    if places is None or truth is None:
        raise InputError(
            f"{path}, line {number:,}: expected word, part of speech, places (2-5), two sentences, T or F",
            "Correct the line, or begin it with '#' to leave it out.",
        )
    sentences = (cells[3], cells[4])
    spans = [_nth(text, int(at)) for text, at in zip(sentences, places.groups(), strict=True)]
    if None in spans:
        raise InputError(
            f"{path}, line {number:,}: a sentence has no word number {places[0]}", "Count from 0."
        )
    return Pair(cells[0].strip(), sentences, (spans[0], spans[1]), truth)  # type: ignore[arg-type]


def _nth(text: str, number: int) -> tuple[int, int] | None:
    words = [found.span() for found in re.finditer(r"\S+", text)]
    return words[number] if number < len(words) else None


def _of_json(path: Path, number: int, line: str) -> Pair:
    try:
        row = json.loads(line)
        spans = tuple((int(row[f"start{side}"]), int(row[f"end{side}"])) for side in (1, 2))
        sentences = (str(row["sentence1"]), str(row["sentence2"]))
        truth = _TRUTH[str(row["label"]).lower()]
        if not all(
            0 <= start < end <= len(text) for (start, end), text in zip(spans, sentences, strict=True)
        ):
            raise ValueError("a word lies outside of its sentence")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}, line {number:,}: {error}",
            "Expected word, sentence1, sentence2, start1, end1, start2, end2, label.",
        ) from error
    return Pair(str(row["word"]), sentences, (spans[0], spans[1]), truth)
