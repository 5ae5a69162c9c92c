"""Rows of a Space of texts: what documents become, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nearspace.data.documents import Documents
from nearspace.data.passages import Passages
from nearspace.data.table_keys import content_hashes
from nearspace.errors import DuplicateKeyError, InputError
from nearspace.store.dataset import KEY
from nearspace.store.seen import HashPlaces, short_hashes

COLUMNS = ("document", "passage", "start", "end")
EMPTY = ("skip", "refuse")
DUPLICATES = ("keep", "drop")
_SIGNS = 1 << 24  # of a batch, about: passages may be whole long texts


@dataclass(frozen=True, eq=False)
class Rows:
    """A batch.

    Attributes:
        table: Arrow table of rows.
        ends: (document, number of its last passage) of each document that ended in it, if they are split.
        where: name of the input, for messages.
    """

    table: Any
    ends: list[tuple[str, int]]
    where: str


class RowMaker:
    """Makes rows of documents, and counts.

    Args:
        read: the documents.
        text: name of the column of the texts.
        split: how they are split, None: not.
        empty: one of `EMPTY`.

    Attributes:
        documents, passages, empty: what was met so far.
    """

    def __init__(self, read: Documents, text: str, split: Passages | None, empty: str) -> None:
        self.documents = self.passages = self.empty = 0
        self._read, self._text, self._split = read, text, split
        self._refuse_empty = empty == "refuse"
        self._keys = HashPlaces()

    def rows(self, size: int) -> Iterator[Rows]:
        """Give all rows, `size` at a time.

        Raises:
            DuplicateKeyError: two documents have one key.
            InputError: a text is empty, and that is refused; also what reading raises.
        """
        held = _Held(self._text, self._split is not None, f"{self._read.name}", self.documents + 1)
        for batch in self._read.batches():
            keys = batch.column(0).to_pylist()
            self._check_keys(keys)
            for row, key in enumerate(keys):
                self.documents += 1
                last = 0
                for last, piece in enumerate(self._pieces(batch.column(1)[row].as_py() or ""), 1):
                    held.add(row, key, last, *piece)
                    if held.signs > _SIGNS or len(held.texts) >= size:
                        yield held.take(batch, self.documents)
                held.ends.append((key, last))
                self.passages += last
                if not last:
                    self._met_empty(key)
            held.seal(batch)
        yield held.take(None, self.documents)

    def _pieces(self, text: str) -> Iterator[tuple[int, int, str]]:
        if self._split is not None:
            for start, end in self._split.spans(text):
                yield start, end, text[start:end]
        elif text and not text.isspace():
            yield 0, len(text), text

    def _met_empty(self, key: str) -> None:
        self.empty += 1
        if self._refuse_empty:
            raise InputError(
                f"{self._read.name}, document {self.documents:,} (key {key!r}): its text is empty",
                "Fill it in, or leave such documents out with empty='skip' (--empty skip).",
            )

    def _check_keys(self, keys: list[str]) -> None:
        if not keys:
            return
        hashes = short_hashes(content_hashes(keys))
        known = self._keys.find(hashes)
        later = np.ones(len(keys), dtype=bool)
        later[np.unique(hashes, return_index=True)[1]] = False
        twice = np.flatnonzero((known >= 0) | later)
        if len(twice):
            at = int(twice[0])
            earlier = int(known[at]) if known[at] >= 0 else self.documents + keys.index(keys[at])
            raise DuplicateKeyError(
                f"{self._read.name}: documents {earlier + 1:,} and {self.documents + at + 1:,} have the "
                f"same key {keys[at]!r}",
                "Each document needs a key of its own: name another column with key= (--key).",
            )
        self._keys.add(hashes, np.arange(self.documents, self.documents + len(keys)))


class _Held:
    """Rows that wait to be written."""

    def __init__(self, text: str, split: bool, name: str, first: int) -> None:
        self._text, self._split, self._name, self._first = text, split, name, first
        self.ends: list[tuple[str, int]] = []
        self._meta: list[Any] = []
        self._clear()

    def _clear(self) -> None:
        self.texts: list[str] = []
        self._documents: list[str] = []
        self._numbers: list[int] = []
        self._spans: list[tuple[int, int]] = []
        self._rows: list[int] = []
        self.signs = 0

    def add(self, row: int, key: str, number: int, start: int, end: int, text: str) -> None:
        """Keep a passage of the document in a row of the batch that is read."""
        self.texts.append(text)
        self._documents.append(key)
        self._numbers.append(number)
        self._spans.append((start, end))
        self._rows.append(row)
        self.signs += len(text)

    def seal(self, batch: Any) -> None:
        """Take the metadata of the rows of a batch that is read no more, or not for now."""
        import pyarrow as pa

        rows = pa.array(self._rows, pa.int64())
        self._meta.append([column.take(rows) for column in batch.columns[2:]])
        self._names = batch.schema.names[2:]
        self._rows = []

    def take(self, batch: Any, document: int) -> Rows:
        """Give what is held; `document` is the number of the one that is read."""
        import pyarrow as pa

        if batch is not None:
            self.seal(batch)
        columns: dict[str, Any] = {}
        documents = pa.array(self._documents, pa.string())
        numbers = pa.array(self._numbers, pa.int32())
        columns[KEY] = documents
        if self._split:
            columns[KEY] = pa.array(
                [f"{one}#{number}" for one, number in zip(self._documents, self._numbers, strict=True)],
                pa.string(),
            )
            spans = np.array(self._spans, dtype=np.int64).reshape(-1, 2)
            places = [documents, numbers, pa.array(spans[:, 0]), pa.array(spans[:, 1])]
            columns |= dict(zip(COLUMNS, places, strict=True))
        columns[self._text] = pa.array(self.texts, pa.string())
        for at, name in enumerate(self._names if self._meta else ()):
            columns[name] = pa.concat_arrays([part[at] for part in self._meta])
        found = Rows(
            pa.table(columns),
            self.ends if self._split else [],
            f"{self._name}, documents {self._first:,} to {document:,}",
        )
        self.ends, self._meta, self._first = [], [], document
        self._clear()
        return found
