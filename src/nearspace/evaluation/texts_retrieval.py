"""measure.retrieval: do questions find what answers them, and better than by their words?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.engine.local import worker_count
from nearspace.errors import InputError
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.index_quality import Mean
from nearspace.evaluation.texts_sets import RetrievalSet, read_retrieval
from nearspace.evaluation.texts_words import Words
from nearspace.index.exact import check_count
from nearspace.kernels.ranking_scores import Floats, gains_of, ndcg_at, recall_at, reciprocal_rank
from nearspace.learners.text_encoders import lent
from nearspace.protocols import Progress, Quiet
from nearspace.results import Report
from nearspace.search.documents import documents_of
from nearspace.search.hybrid import DEPTH, fuse
from nearspace.search.indexes import index_of
from nearspace.space import Space
from nearspace.store.dataset import KEY

_BLOCK = 64  # queries that are asked at once
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Asked:
    """The questions of a set that a Space can answer.

    Attributes:
        name: of the set.
        queries: those of which something relevant is in the Space.
        grades: of each: code of a row or document -> grade.
        codes: (n,) what each row counts as: itself, or its document.
        count: how many different codes there are.
        total: questions of the set.
    """

    name: str
    queries: tuple[str, ...]
    grades: tuple[dict[int, float], ...]
    codes: Codes
    count: int
    total: int

    def only(self, queries: set[str]) -> Asked:
        """Give it with some of its questions."""
        kept = [at for at, query in enumerate(self.queries) if query in queries]
        return dataclasses.replace(
            self,
            queries=tuple(self.queries[at] for at in kept),
            grades=tuple(self.grades[at] for at in kept),
        )


def retrieval(
    space: Space,
    table: Any,
    *,
    columns: Sequence[str] | None = None,
    k: int = 10,
    documents: bool | None = None,
    seed: int = 1,
    samples: int = 1000,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure how well a Space of texts answers questions whose right answers are known.

    Figures, each a mean over the questions: ndcg@k, recall@1, recall@k and mrr@k of its vectors, compared one
    by one; and the same of "hybrid", these fused with BM25. Baselines: BM25 (k1 1.2, b 0.75), tf-idf with
    the frequencies of these texts, and random order (exact). A question that the encoder cannot place finds
    nothing. Questions of which nothing relevant is in the Space are not judged.

    Args:
        space: of texts, with an encoder.
        table, columns: see `texts_sets.read_retrieval`. Its keys are rows, or documents of passages.
        k: hits that count.
        documents: its keys are documents; None: they are if no row has such a key.
        seed, samples: of the bootstrap over the questions.
        progress: where the work is shown.

    Raises:
        InputError, MissingInputError: the table has no questions, or the Space none of their keys, no texts,
            or nothing that places questions.
    """
    k = check_count("k", k)
    test = read_retrieval(table, columns)
    asked = answerable(space, test, documents)
    lists = ranked_lists(space, asked, k, progress)
    baselines = {name: figures(found, asked, k) for name, found in lists.items() if name in ("bm25", "tfidf")}
    chance = _random(asked, k)
    measures = []
    for system in ("vectors", "hybrid"):
        for name, values in figures(lists[system], asked, k).items():
            beside = {one: float(baselines[one][name].mean()) for one in baselines} | {"random": chance[name]}
            if system == "hybrid":
                beside["vectors"] = float(figures(lists["vectors"], asked, k)[name].mean())
            title = f"{test.name}.{name}" if system == "vectors" else f"{test.name}.hybrid.{name}"
            measures.append(measured(title, Mean(values, asked.total), beside, seed=seed, samples=samples))
    return Report(space.name, tuple(measures))


def answerable(space: Space, test: RetrievalSet, documents: bool | None = None) -> Asked:
    """Find what is relevant in a Space.

    Raises:
        InputError: it has none of the keys, or is to have documents and has none.
    """
    keys = list(dict.fromkeys(key for relevant in test.relevant for key in relevant))
    by_row = {key: row for key in keys if (row := space.keys.find(key)) is not None}
    if documents is None:
        documents = not by_row and "document" in space.columns
    if documents:
        of = documents_of(space)
        codes = of.codes.copy()
        alone = codes < 0
        codes[alone] = len(of.names) + np.arange(int(alone.sum()))
        number = {name: at for at, name in enumerate(of.names.to_pylist())}
        found = {key: number[key] for key in keys if key in number}
    else:
        codes, found = np.arange(len(space), dtype=np.int64), by_row
    judged = [
        (query, {found[key]: grade for key, grade in relevant.items() if key in found})
        for query, relevant in zip(test.queries, test.relevant, strict=True)
    ]
    kept = [(query, grades) for query, grades in judged if grades]
    if not kept:
        raise InputError(
            f"{space.name!r} has none of the keys of {test.name}, for example {keys[0]!r}",
            "The keys are those of its rows, or of its documents.",
        )
    queries, grades = zip(*kept, strict=True)
    return Asked(test.name, queries, grades, codes, len(np.unique(codes)), len(test.queries))


def ranked_lists(
    space: Space,
    asked: Asked,
    k: int,
    progress: Progress = Quiet(),  # noqa: B008
) -> dict[str, Codes]:
    """Give (questions, k) codes, best first, -1 pads: of "vectors", "bm25", "tfidf" and "hybrid".

    Raises:
        InputError: the Space has no texts, or nothing that places questions.
    """
    content = space.content
    if content is None or (content != KEY and content not in space.columns):
        raise InputError(
            f"{space.name!r} does not say where its texts are", "Make it with nearspace learn texts."
        )
    encoder = lent(space)
    texts = space.keys if content == KEY else (str(text or "") for text in space.columns[content])
    words = Words(texts)
    exact, depth = index_of(space, "exact"), max(k, DEPTH)
    found: dict[str, list[Codes]] = {name: [] for name in ("vectors", "bm25", "tfidf", "hybrid")}
    with progress.task(f"asking {asked.name}", total=len(asked.queries), unit="questions") as task:
        for start in range(0, len(asked.queries), _BLOCK):
            queries = list(asked.queries[start : start + _BLOCK])
            placed = np.asarray(encoder.encode(queries), dtype=np.float32)
            by_vectors = _by_vectors(exact.search, placed, asked, depth)
            for query, near in zip(queries, by_vectors, strict=True):
                by_words = _best(words.bm25(query), asked, depth)
                fused = fuse({"text": by_words, "vector": near}, (1.0, 1.0), k)[0]
                tfidf = _best(words.tfidf(query), asked, k)
                for name, codes in zip(found, (near, by_words, tfidf, fused), strict=True):
                    found[name].append(np.pad(codes[:k], (0, k - len(codes[:k])), constant_values=-1))
            task.advance(len(queries))
    return {name: np.stack(codes) for name, codes in found.items()}


def figures(found: Codes, asked: Asked, k: int) -> dict[str, Floats]:
    """Name -> (questions,) figures of some lists."""
    gains, ideal = gains_of(found, asked.grades, k)
    return {
        f"ndcg@{k}": ndcg_at(gains, ideal, k),
        **{f"recall@{depth}": recall_at(gains, ideal, depth) for depth in dict.fromkeys((1, k))},
        f"mrr@{k}": reciprocal_rank(gains),
    }


def _by_vectors(
    search: Callable[..., Any], placed: NDArray[np.float32], asked: Asked, depth: int
) -> Iterator[Codes]:
    """Give `depth` codes a question: more rows are asked for until there are so many."""
    wanted, rows_asked = min(depth, asked.count), min(depth, len(asked.codes))
    if asked.count < len(asked.codes):  # documents have several rows
        rows_asked = min(4 * depth, len(asked.codes))
    while True:
        rows, _ = search(placed, rows_asked, workers=worker_count(None))
        lists = [_distinct(asked.codes[row[row >= 0]])[:depth] for row in rows]
        if rows_asked >= len(asked.codes) or all(len(one) >= wanted for one in lists):
            break
        rows_asked = min(4 * rows_asked, len(asked.codes))
    nothing = np.empty(0, dtype=np.int64)
    return (one if vector.any() else nothing for one, vector in zip(lists, placed, strict=True))


def _best(scores: Floats, asked: Asked, count: int) -> Codes:
    """Give the best codes by the scores of the rows, at least above 0; ties in row order."""
    rows = np.flatnonzero(scores > 0)
    order = rows[np.lexsort((rows, -scores[rows]))]
    return _distinct(asked.codes[order])[:count]


def _distinct(codes: Codes) -> Codes:
    return codes[np.sort(np.unique(codes, return_index=True)[1])]


def _random(asked: Asked, k: int) -> dict[str, float]:
    """What a random order gets, exactly."""
    _, ideal = gains_of(np.empty((len(asked.grades), 0), np.int64), asked.grades, k)
    relevant, total = (ideal > 0).sum(axis=1), asked.count
    depth = min(k, total)
    discount = 1 / np.log2(np.arange(2, k + 2))
    best = ideal[:, :k] @ discount
    miss, rank = np.ones(len(relevant)), np.zeros(len(relevant))
    for place in range(1, depth + 1):  # the first relevant one is at this place
        chance = np.minimum(relevant / (total - place + 1), 1)
        rank += miss * chance / place
        miss *= 1 - chance
    return {
        f"ndcg@{k}": float((ideal.sum(axis=1) / total * discount[:depth].sum() / best).mean()),
        **{f"recall@{one}": min(one, total) / total for one in dict.fromkeys((1, k))},
        f"mrr@{k}": float(rank.mean()),
    }
