"""GloVe on corpora with planted structure."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearspace.data.cooccurrence import Window, count_cooccurrences
from nearspace.data.corpus import CorpusSettings, Prepared, prepare
from nearspace.engine.local import Threads
from nearspace.errors import SettingError
from nearspace.learners import blocks as blocks_module
from nearspace.learners.blocks import Blocks, Weighting, cut, deal
from nearspace.learners.glove import GloVe, Model
from nearspace.protocols import Learner, Quiet
from nearspace.space import Space

TOPICS, WORDS = 4, 12


def planted(lines: int = 3000, seed: int = 1) -> list[list[str]]:
    """Lines of words of one topic each, with some of other topics and words that any topic has.

    All words meet, so that every pair has a count: GloVe learns nothing from pairs that never occur.
    """
    generator = np.random.default_rng(seed)
    corpus = []
    for topic in generator.integers(0, TOPICS, lines):
        own = [f"t{topic}_{word}" for word in generator.integers(0, WORDS, 12)]
        other = [f"t{generator.integers(0, TOPICS)}_{word}" for word in generator.integers(0, WORDS, 4)]
        common = [f"c{word}" for word in generator.integers(0, 10, 4)]
        corpus.append([str(word) for word in generator.permutation(own + other + common)])
    return corpus


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("planted")
    return prepare(planted(), CorpusSettings(min_count=1), folder=folder)


def topic_purity(space: Space) -> float:
    """Share of topic words whose five nearest topic words are all of their topic."""
    names = [name for name in space.keys if name.startswith("t")]
    rows = space.keys.rows(names)
    vectors = space.vectors[rows] / np.linalg.norm(space.vectors[rows], axis=1, keepdims=True)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -2)
    topics = np.array([int(name[1]) for name in names])
    near = np.argsort(-scores, axis=1)[:, :5]
    return float((topics[near] == topics[:, None]).all(axis=1).mean())


def test_planted_topics_come_out(prepared: Prepared) -> None:
    space = GloVe(dim=16, window=5, epochs=20).fit(prepared, workers=1)
    assert topic_purity(space) > 0.95
    untrained = GloVe(dim=16, window=5, epochs=1, lr=1e-9).fit(prepared, workers=1)
    assert topic_purity(untrained) < 0.2


def test_space_is_complete(prepared: Prepared) -> None:
    learner = GloVe(dim=20, window=3, epochs=2, seed=7)
    assert isinstance(learner, Learner)
    space = learner.fit(prepared, workers=1)
    assert space.keys == prepared.vocabulary.keys
    assert space.vectors.shape == space.state["context"].shape == (len(prepared.vocabulary), 20)
    assert space.columns["count"].tolist() == prepared.vocabulary.counts.tolist()
    recipe = space.recipe
    assert (recipe.learner, recipe.seed, recipe.data) == ("glove", 7, prepared.stream.fingerprint)
    assert recipe.settings == {
        "dim": 20, "window": 3, "epochs": 2, "lr": 0.3, "x_max": 10.0, "alpha": 0.75, "seed": 7,
    }  # fmt: skip


def test_workers_and_memory_change_no_byte(prepared: Prepared, tmp_path: Path) -> None:
    learner = GloVe(dim=10, epochs=3)
    first = learner.fit(prepared, workers=1)
    for workers, memory in [(1, 0.2), (2, 96.0), (8, 0.5)]:
        again = learner.fit(prepared, folder=tmp_path, workers=workers, memory=memory)
        assert again.vectors.tobytes() == first.vectors.tobytes(), (workers, memory)
        assert again.state["context"].tobytes() == first.state["context"].tobytes()
    assert not list(tmp_path.iterdir())
    assert GloVe(dim=10, epochs=3, seed=2).fit(prepared).vectors.tobytes() != first.vectors.tobytes()


class Recorder(Quiet):
    """Remembers what a task is told."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, float, dict[str, float]]] = []
        self.totals: dict[str, float | None] = {}

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Any:
        self.totals[description] = total
        task = super().task(description)
        task.advance = lambda amount, **shown: self.shown.append((description, amount, shown))  # type: ignore
        return task


def test_progress_adds_up_and_the_loss_falls(prepared: Prepared) -> None:
    recorder = Recorder()
    GloVe(dim=10, epochs=6).fit(prepared, workers=2, progress=recorder)
    steps = [(amount, shown) for name, amount, shown in recorder.shown if name == "training"]
    assert sum(amount for amount, _ in steps) == recorder.totals["training"]
    last = {shown["epoch"]: shown["loss"] for _, shown in steps}
    losses = [last[epoch] for epoch in range(1, 7)]
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))
    assert losses[-1] < losses[0] / 2


@pytest.fixture
def matrix(prepared: Prepared, tmp_path: Path) -> tuple[Blocks, np.ndarray]:
    """The blocks of the planted corpus' counts, and the same counts as a dense array."""
    size = len(prepared.vocabulary)
    counts = count_cooccurrences(prepared.stream, size, Window(4), folder=tmp_path)
    lengths, columns, values = counts.rows(np.arange(size))
    dense = np.zeros((size, size))
    dense[np.repeat(np.arange(size), lengths), columns] = values
    blocks = cut(counts, Weighting(20.0, 0.75), seed=1, path=tmp_path / "blocks", workers=2, progress=Quiet())
    return blocks, dense


def test_loss_equals_the_objective_of_the_whole_matrix(matrix: tuple[Blocks, np.ndarray]) -> None:
    blocks, counts = matrix
    order = blocks.parts.order
    model = Model.start(counts.sum(axis=1)[order], 16, seed=1)
    with Threads(2) as threads:
        for rate in (0.1, 0.1, 0.0):
            loss = 0.0
            for diagonal in range(blocks.parts.count):
                loss += sum(part for part, _ in model.train_diagonal(blocks, diagonal, rate, threads))
    counts = counts[order][:, order]
    fitted = model.words.astype(np.float64) @ model.contexts.T
    fitted += model.word_sums[:, :1] + model.context_sums[:, 0]
    present = counts > 0
    misses = fitted[present] - np.log(counts[present])
    expected = 0.5 * (np.minimum((counts[present] / 20) ** 0.75, 1) * misses**2).sum()
    assert loss == pytest.approx(expected, rel=1e-4)
    assert np.abs(misses).mean() < 0.5


def test_training_starts_at_independence(matrix: tuple[Blocks, np.ndarray]) -> None:
    _, counts = matrix
    model = Model.start(counts.sum(axis=1), 16, seed=1)
    independent = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    biases = model.word_sums[:, :1] + model.context_sums[:, 0]
    np.testing.assert_allclose(biases, np.log(independent), atol=1e-4)
    assert np.abs(model.words @ model.contexts.T).max() < 0.02


@pytest.mark.parametrize("band", [1, 100, 1 << 19])
def test_blocks_hold_every_pair_once(
    band: int, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks_module, "BAND", band)
    size = len(prepared.vocabulary)
    counts = count_cooccurrences(prepared.stream, size, Window(4), folder=tmp_path)
    blocks = cut(counts, Weighting(3.0, 0.5), seed=1, path=tmp_path / "b", workers=2, progress=Quiet())
    found = {}
    parts = blocks.parts
    for row in range(parts.count):
        for column in range(parts.count):
            for codes, logs, weights in blocks.pieces(row, column):
                words = parts.order[parts.starts[row] + (codes >> np.uint32(16))]
                contexts = parts.order[parts.starts[column] + (codes & np.uint32(0xFFFF))]
                for entry in zip(words.tolist(), contexts.tolist(), logs, weights, strict=True):
                    assert entry[:2] not in found
                    found[entry[:2]] = entry[2:]
    lengths, columns, values = counts.rows(np.arange(size))
    rows = np.repeat(np.arange(size), lengths)
    assert len(found) == counts.entries == blocks.entries
    for row, column, value in zip(rows.tolist(), columns.tolist(), values, strict=True):
        log, weight = found[row, column]
        assert log == pytest.approx(np.log(value), abs=1e-6)
        assert weight == pytest.approx(min((value / 3) ** 0.5, 1), rel=1e-5)


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 1000, 40_000])
def test_parts_are_balanced_and_complete(size: int) -> None:
    loads = np.sort((1e6 / (1 + np.arange(size)) ** 0.6).astype(np.int64))[::-1]
    parts = deal(loads)
    assert sorted(parts.order.tolist()) == list(range(size))
    for part in range(parts.count):
        members = parts.order[parts.rows(part)]
        assert (parts.part[members] == part).all()
        assert parts.local[members].tolist() == list(range(len(members)))
    if size >= 1000:
        sums = np.bincount(parts.part, loads)
        assert sums.max() < 1.35 * sums.mean() if size == 1000 else sums.max() < 1.05 * sums.mean()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dim": 0}, "dim is 0"),
        ({"window": 0}, "window is 0"),
        ({"epochs": -1}, "epochs is -1"),
        ({"lr": 0.0}, "lr is 0.0"),
        ({"x_max": float("nan")}, "x_max is nan"),
        ({"alpha": float("inf")}, "alpha is inf"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        GloVe(**settings)
