"""What a table teaches: pairs, triplets, scored pairs, labelled texts or bare texts, told by its columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.tables import Table, read_table
from nearspace.errors import InputError, SettingError
from nearspace.learners.contrastive.text_file import Ids, TextFile, TextWriter

# kind -> how many columns of text it has, and whether a column with scores or labels comes after them
KINDS: Mapping[str, tuple[int, bool]] = {
    "pairs": (2, False),
    "triplets": (3, False),
    "scored": (2, True),
    "labels": (1, True),
    "texts": (1, False),
}
_FIRST = ("a", "anchor", "query", "question", "text1", "sentence1", "first", "left")
_SECOND = (
    "b",
    "positive",
    "passage",
    "paragraph",
    "answer",
    "document",
    "text2",
    "sentence2",
    "second",
    "right",
)
_THIRD = ("negative", "n")
_SCORE = ("score", "similarity", "rating", "gold")
_LABEL = ("label", "class", "category", "intent", "topic")
_TEXT = ("text", "sentence")
_NAMES = {
    "triplets": (_FIRST, _SECOND, _THIRD),
    "scored": (_FIRST, _SECOND, _SCORE),
    "pairs": (_FIRST, _SECOND),
    "labels": (_TEXT, _LABEL),
}


@dataclass(frozen=True, eq=False)
class Examples:
    """The rows of a table as numbers of texts.

    Attributes:
        kind: one of KINDS.
        texts: the different texts.
        rows: (n, texts of a row) their numbers.
        targets: (n,) float32 scores, 0 to 1; or int64 numbers of labels; empty for other kinds.
        labels: names of the labels.
        left_out: rows with an empty text or no score or label.
        fingerprint: of everything that was read.
        name: what messages call the table.
    """

    kind: str
    texts: TextFile
    rows: Ids
    targets: NDArray[Any]
    labels: tuple[str, ...] = ()
    left_out: int = 0
    fingerprint: str = field(default="", repr=False)
    name: str = "the table"

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, chosen: NDArray[np.bool_] | Ids) -> Examples:
        """Give some of the rows."""
        targets = self.targets[chosen] if len(self.targets) else self.targets
        return replace(self, rows=self.rows[chosen], targets=targets)


def read_examples(
    source: Any, folder: Path, *, kind: str | None = None, columns: Sequence[str] | None = None
) -> Examples:
    """Read a table; its texts go to a file in `folder`.

    Args:
        source: a Table, or as `read_table` takes it.
        folder: exists.
        kind: one of KINDS; None: told by the names of the columns.
        columns: those of the texts, then that of the score or label; None: told by their names.

    Raises:
        SettingError: the kind is not one of these.
        InputError: columns are missing, a score is no number, or too little is left.
    """
    if kind is not None and kind not in KINDS:
        raise SettingError(f"kind is {kind!r}", f"Accepted: {', '.join(KINDS)}.")
    table = source if isinstance(source, Table) else read_table(source)
    kind, chosen = _told(table, kind, tuple(columns or ()))
    count, rated = KINDS[kind]
    names = chosen[:count]
    targets: list[Any] = []
    left_out = 0
    with TextWriter(folder / "texts") as writer:
        for texts, values in _rows(table, names, chosen[count] if rated else None):
            rated_as = _value(kind, values, table.name, len(targets) + left_out + 1)
            if rated_as is None or not all(text.strip() for text in texts):
                left_out += 1
                continue
            writer.add(texts)
            targets.append(rated_as)
        if not targets:
            raise InputError(
                f"{table.name}: all {left_out:,} rows have an empty text" + (" or no value" if rated else ""),
                f"Columns that were read: {', '.join(chosen)}.",
            )
        found, ids, fingerprint = writer.finish()
    made = Examples(kind, found, ids.reshape(-1, count), np.zeros(0), (), left_out, fingerprint, table.name)
    try:
        return _rated(made, targets)
    except InputError:
        found.close()
        raise


def _rated(made: Examples, targets: list[Any]) -> Examples:
    if made.kind == "scored":
        return replace(made, targets=_unit(np.array(targets, dtype=np.float64), made.name))
    if made.kind != "labels":
        return made
    names, codes = np.unique(np.array(targets, dtype=object).astype(str), return_inverse=True)
    labels = tuple(str(name) for name in names)
    if len(labels) < 2:
        raise InputError(
            f"{made.name}: all texts have the label {labels[0]!r}", "Give texts of two labels or more."
        )
    counts = np.bincount(codes)
    single = [labels[code] for code in np.flatnonzero(counts < 2)]
    if single:
        raise InputError(
            f"{made.name}: {len(single):,} labels have one example: {', '.join(map(repr, single[:5]))}"
            + (", ..." if len(single) > 5 else ""),
            "Give each label two examples or more, or leave these labels out.",
        )
    return replace(made, targets=codes.astype(np.int64), labels=labels)


def _unit(scores: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Bring scores to 0..1: they stay if they lie there, else the least is 0 and the largest 1."""
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        raise InputError(f"{name}: all scores are {low:g}", "Scores must differ, so that there is an order.")
    if low >= 0 and high <= 1:
        return scores.astype(np.float32)
    return ((scores - low) / (high - low)).astype(np.float32)


def _value(kind: str, value: Any, name: str, row: int) -> Any:
    """Give the score or label of a row; None if there is none."""
    if kind == "labels":
        text = "" if value is None else str(value).strip()
        return text or None
    if kind != "scored":
        return True
    if value is None or value == "":
        return None
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise InputError(
            f"{name}: row {row:,} has the score {value!r}, expected a finite number",
            "Correct it, or leave the row out.",
        )
    return score


def _rows(table: Table, names: Sequence[str], rated: str | None) -> Iterator[tuple[list[str], Any]]:
    for batch in table.batches():
        texts = [batch.column(name).to_pylist() for name in names]
        values = batch.column(rated).to_pylist() if rated else [None] * len(batch)
        for number, value in enumerate(values):
            row = [column[number] for column in texts]
            yield ["" if text is None else str(text) for text in row], value


def _told(table: Table, kind: str | None, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Tell the kind and the columns: as asked, by their names, or else by their number."""
    import pyarrow as pa

    names = list(table.schema.names)
    missing = [name for name in columns if name not in names]
    if missing:
        raise InputError(
            f"{table.name}: there is no column {missing[0]!r}", f"Columns: {', '.join(map(str, names))}."
        )
    if columns:
        kind = kind or _by_number(table, columns)
    else:
        named = _by_name(names, kind)
        columns = named[1] if named else tuple(names)
        kind = named[0] if named else kind or _by_number(table, columns)
    count, rated = KINDS[kind]
    if len(columns) < count + rated:
        raise _too_few(table.name, kind, columns)
    texts = columns[:count]
    for name in texts:
        if not pa.types.is_string(table.schema.field(name).type):
            raise InputError(
                f"{table.name}: column {name!r} holds {table.schema.field(name).type}, expected text",
                f"Name the columns; there are: {', '.join(map(str, names))}.",
            )
    return kind, columns[: count + rated]


def _by_name(names: list[str], kind: str | None) -> tuple[str, tuple[str, ...]] | None:
    called = {name.lower(): name for name in reversed(names)}
    for one, parts in _NAMES.items():
        if kind not in (None, one):
            continue
        found = [next((called[name] for name in part if name in called), None) for part in parts]
        if all(found):
            return one, tuple(str(name) for name in found)
    return None


def _by_number(table: Table, columns: Sequence[str]) -> str:
    import pyarrow as pa

    text = [pa.types.is_string(table.schema.field(name).type) for name in columns]
    if text[:3] == [True, True, True]:
        return "triplets"
    if text[:2] == [True, True]:
        return "scored" if len(text) > 2 else "pairs"
    if text[:1] == [True] and len(text) > 1:
        return "labels"
    raise _too_few(table.name, "pairs", columns)


def _too_few(name: str, kind: str, columns: Sequence[str]) -> InputError:
    wanted = {
        "pairs": "two texts that belong together",
        "triplets": "a text, one like it and one unlike it",
        "scored": "two texts and a score",
        "labels": "a text and a label",
        "texts": "a text",
    }[kind]
    other = " Bare texts need kind='texts' (--kind texts)." if kind == "pairs" else ""
    return InputError(
        f"{name}: {kind} need {wanted}, and there {'is' if len(columns) == 1 else 'are'} "
        f"{len(columns)} column{'s' if len(columns) != 1 else ''}: {', '.join(map(str, columns))}",
        f"Give the others, or another kind ({', '.join(KINDS)}).{other}",
    )
