"""Test sets of texts: scored pairs, and questions with the keys of what answers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from nearspace.data.table_columns import missing_column
from nearspace.data.tables import read_table
from nearspace.errors import InputError, MissingInputError
from nearspace.evaluation import table as cells
from nearspace.evaluation.table import plain
from nearspace.evaluation.textfile import stem

_LEFT = ("sentence1", "text1", "left", "s1", "a", "premise", "query")
_RIGHT = ("sentence2", "text2", "right", "s2", "b", "hypothesis", "document")
_SCORE = ("score", "similarity", "gold", "label", "similarityscore", "relatednessscore", "grade")
_QUERY = ("query", "question", "text", "q")
_KEY = ("key", "corpusid", "docid", "document", "id", "answer")
_GRADE = ("grade", "score", "relevance", "rel")


@dataclass(frozen=True)
class PairSet:
    """Pairs of texts with the similarity that people gave them, larger is more similar."""

    name: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    gold: tuple[float, ...]


@dataclass(frozen=True)
class RetrievalSet:
    """Questions, and of each what answers it: key -> grade, above 0."""

    name: str
    queries: tuple[str, ...]
    relevant: tuple[dict[str, float], ...]


def read_pairs(source: Any, columns: Sequence[str] | None = None) -> PairSet:
    """Read scored pairs: a table with a header, or a CSV or TSV whose first columns are text, text, score.

    Args:
        source: as `read_table` takes it. The columns are found by their names: sentence1, sentence2 and
            score, text1, text2 and similarity, and the like.
        columns: their names, if they are others.

    Raises:
        InputError: there are no such columns, no pairs, or a row is not two texts and a finite number.
        MissingInputError: there is no such file.
    """
    if isinstance(source, PairSet):
        return source
    rows = None if columns else _bare(source, 3)
    if rows is None:
        rows = _columns(source, columns, (_LEFT, _RIGHT, _SCORE), ("sentence1", "sentence2", "score"))
    name = _name(source, "pairs")
    gold = []
    for number, (left, right, score) in enumerate(rows, 1):
        value = _number(score)
        if not isinstance(left, str) or not isinstance(right, str) or value is None:
            raise InputError(
                f"{name}, pair {number:,}: expected two texts and a finite number, "
                f"got {left!r:.40}, {right!r:.40}, {score!r:.40}",
                "Mend the row or leave it out.",
            )
        gold.append(value)
    return PairSet(name, tuple(row[0] for row in rows), tuple(row[1] for row in rows), tuple(gold))


def read_retrieval(source: Any, columns: Sequence[str] | None = None) -> RetrievalSet:
    """Read questions with relevant keys: a table query, key[, grade], or a folder as BEIR has them.

    A folder has queries.jsonl (`_id`, `text`) and qrels/test.tsv (`query-id`, `corpus-id`, `score`), or that
    of another split. A question that comes in several rows has several keys; grades of 0 and less are no
    relevance.

    Args:
        source: a folder, or a table as `read_table` takes it.
        columns: names of its columns, if they are others: query, key and perhaps grade.

    Raises:
        InputError: a file, column or question lacks, or a grade is no number.
        MissingInputError: there is no such file.
    """
    if isinstance(source, RetrievalSet):
        return source
    folder = isinstance(source, str | Path) and Path(source).is_dir()
    rows = _beir(Path(source)) if folder else _questions(source, columns)
    name = _name(source, "retrieval")
    found: dict[str, dict[str, float]] = {}
    for number, (query, key, grade) in enumerate(rows, 1):
        value = 1.0 if grade is None else _number(grade)
        if not query or key is None or value is None:
            raise InputError(
                f"{name}, row {number:,}: expected a question, a key and a number, got {query!r:.40}, "
                f"{key!r:.40}, {grade!r:.40}",
                "Mend the row or leave it out.",
            )
        relevant = found.setdefault(str(query), {})
        if value > 0:
            relevant[str(key)] = max(value, relevant.get(str(key), 0.0))
    kept = {query: relevant for query, relevant in found.items() if relevant}
    if not kept:
        raise InputError(f"{name}: no question has a relevant key", "Give rows of a question and a key.")
    return RetrievalSet(name, tuple(kept), tuple(kept.values()))


def _questions(source: Any, columns: Sequence[str] | None) -> list[tuple[Any, ...]]:
    rows = _columns(source, columns, (_QUERY, _KEY, _GRADE), ("query", "key"))
    return [(*row, None)[:3] for row in rows]


def _beir(folder: Path) -> list[tuple[Any, ...]]:
    queries = next(
        (path for path in (folder / "queries.jsonl", folder / "queries.jsonl.gz") if path.exists()), None
    )
    splits = sorted((folder / "qrels").glob("*.tsv"))
    chosen = next((path for path in splits if path.stem == "test"), splits[0] if splits else None)
    if queries is None or chosen is None:
        raise MissingInputError(
            f"{folder}: there is no {'queries.jsonl' if queries is None else 'qrels/test.tsv'}",
            "A folder of a test set has queries.jsonl and qrels/test.tsv, as BEIR has them.",
        )
    texts = dict(_columns(queries, ("_id", "text"), (), ()))
    rows = _columns(chosen, ("query-id", "corpus-id", "score"), (), ())
    lacking = next((query for query, *_ in rows if str(query) not in texts), None)
    if lacking is not None:
        raise InputError(f"{chosen}: the query {str(lacking)!r} is not in {queries}", "Complete the queries.")
    return [(texts[str(query)], key, score) for query, key, score in rows]


def _columns(
    source: Any, columns: Sequence[str] | None, known: Sequence[Sequence[str]], needed: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Read columns of a table: those named, else the first of each list of known names."""
    opened = read_table(source)
    names = opened.schema.names
    if columns is None:
        called = [plain(name).replace("-", "") for name in names]
        wanted = []
        for at, some in enumerate(known):
            hit = next((names[called.index(one)] for one in some if one in called), None)
            if hit is None and at < len(needed):
                raise missing_column(needed[at], names, opened.name)
            wanted += [] if hit is None else [hit]
    else:
        wanted = list(columns)
        for name in wanted:
            if name not in names:
                raise missing_column(name, names, opened.name)
    if isinstance(source, str | Path):  # identifiers stay as they are written
        opened = read_table(source, columns=wanted, types=dict.fromkeys(wanted, "string"))
    rows: list[tuple[Any, ...]] = []
    for batch in opened.batches():
        rows += zip(*(batch.column(name).to_pylist() for name in wanted), strict=True)
    return rows


def _bare(source: Any, count: int) -> list[tuple[Any, ...]] | None:
    """Read a CSV or TSV without a header, whose last of `count` columns is a number; None: it is none."""
    if not isinstance(source, str | Path):
        return None
    path = Path(source)
    plain_suffixes = [
        suffix for suffix in path.suffixes if suffix.lower() not in (".gz", ".xz", ".bz2", ".zst")
    ]
    if not path.is_file() or not plain_suffixes or plain_suffixes[-1].lower() not in (".csv", ".tsv", ".txt"):
        return None
    found = cells.rows(path)
    first = found[0].cells
    if len(first) < count or cells.number(first[count - 1]) is None:
        return None
    for row in found:
        if len(row.cells) < count or cells.number(row.cells[count - 1]) is None:
            raise cells.malformed(path, row, f"{count - 1} texts and a number")
    return [row.cells[:count] for row in found]


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


def _name(source: Any, otherwise: str) -> str:
    return stem(Path(source)) if isinstance(source, str | Path) else otherwise
