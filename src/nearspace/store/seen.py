"""Texts that a Space has placed already: the same text is encoded once, whatever rows have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.data.table_keys import HASH_BYTES, content_hashes
from nearspace.keys import Keys
from nearspace.protocols import Encoder
from nearspace.store.dataset import CONTENT_HASH, FINGERPRINT, VECTOR, reading
from nearspace.store.editor import Editor

Hashes = NDArray[np.uint64]


class HashPlaces:
    """64-bit hash -> a number, 16 bytes each: sorted runs, of which there are about log2(n)."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, NDArray[np.int64]]] = []

    def __len__(self) -> int:
        return sum(len(hashes) for hashes, _ in self._runs)

    def find(self, hashes: Hashes) -> NDArray[np.int64]:
        """(m,) the number of each hash, -1 where it is new."""
        found = np.full(len(hashes), -1, dtype=np.int64)
        for known, numbers in self._runs:
            at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            hit = (known[at] == hashes) & (found < 0)
            found[hit] = numbers[at[hit]]
        return found

    def add(self, hashes: Hashes, numbers: NDArray[np.int64]) -> None:
        """Keep the numbers of some hashes; of equal ones, the first."""
        if not len(hashes):
            return
        self._runs.append(_sorted(hashes, numbers))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            newer, older = self._runs.pop(), self._runs.pop()
            self._runs.append(
                _sorted(np.concatenate([older[0], newer[0]]), np.concatenate([older[1], newer[1]]))
            )


class SeenTexts:
    """An encoder that encodes only what a Space has not placed yet; of the others it reads the vectors.

    Of a row only a hash of its text and where it lies are held. The full hash of a text that was found is
    compared when its vector is read.

    Args:
        encoder: places the others.
        editor: of the Space, whose rows it knows at the beginning; those written later are told to `note`.
    """

    def __init__(self, encoder: Encoder, editor: Editor) -> None:
        self._encoder = encoder
        self._editor = editor
        self._places = HashPlaces()
        self.encoded = 0
        columns = editor.snapshot.columns
        if len(editor.snapshot) and CONTENT_HASH in editor.dataset.schema.names:
            hashes = columns.arrow(CONTENT_HASH)
            made = columns.arrow(FINGERPRINT)
            self._add(hashes, made, np.arange(len(editor.snapshot), dtype=np.int64))

    @property
    def kind(self) -> str:
        """That of the encoder."""
        return self._encoder.kind

    @property
    def dim(self) -> int:
        """That of the encoder."""
        return self._encoder.dim

    @property
    def fingerprint(self) -> str:
        """That of the encoder."""
        return self._encoder.fingerprint

    def encode(self, items: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) the vectors, each different text once."""
        full = _full(content_hashes(list(items)))
        short = _short(full)
        _, first, back = np.unique(full, axis=0, return_index=True, return_inverse=True)
        back = back.reshape(-1)
        vectors = np.empty((len(first), self.dim), dtype=np.float32)
        known = self._read(vectors, self._places.find(short[first]), full[first])
        new = np.flatnonzero(~known)
        if len(new):
            new = new[np.argsort(first[new])]  # in the order in which they came
            vectors[new] = self._encoder.encode([items[int(at)] for at in first[new]])
        self.encoded += len(new)
        return vectors[back]

    def save(self, folder: Any) -> None:
        """Save the encoder."""
        self._encoder.save(folder)

    def note(self, hashes: Any, places: NDArray[np.int64]) -> None:
        """Say where the rows lie that were just written; addresses as negative numbers below -1."""
        self._places.add(short_hashes(hashes), -2 - places)

    def first_of_each(self, hashes: Any, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(m,) which of some rows no other row has the text of, or only later ones of these.

        `places` are the addresses of the rows themselves, -1 for new ones.
        """
        short = short_hashes(hashes)
        found = self._places.find(short)
        addresses = np.where(found < -1, -2 - found, -1)
        old = np.flatnonzero(found >= 0)
        if len(old):
            snapshot = self._editor.snapshot
            rows = found[old]
            was = snapshot.addresses[rows].astype(np.int64)
            now = self._editor.places(Keys(dict.fromkeys(snapshot.keys.names(rows))))
            alive = dict(zip(dict.fromkeys(rows.tolist()), now.tolist(), strict=True))
            there = np.array([alive[row] for row in rows.tolist()], dtype=np.int64) == was
            addresses[old] = np.where(there, was, -1)
        mine = (addresses >= 0) & (addresses == places)
        kept: NDArray[np.bool_] = (
            mine | (addresses < 0) | np.isin(addresses, places)
        )  # others of these may be about to change
        left = np.flatnonzero(kept)
        left = left[np.lexsort((left, ~mine[left], short[left]))]
        later = short[left][1:] == short[left][:-1]
        kept[left[1:][later]] = False
        return kept

    def _add(self, hashes: Any, made: Any, rows: NDArray[np.int64]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        ours = pc.and_(pc.equal(made, self.fingerprint), pc.is_valid(hashes))
        kept = pc.fill_null(ours, False).to_numpy(zero_copy_only=False)
        kept = np.asarray(kept, dtype=bool)
        self._places.add(short_hashes(hashes.filter(pa.array(kept))), rows[kept])

    def _read(
        self, vectors: NDArray[np.float32], found: NDArray[np.int64], full: NDArray[np.uint8]
    ) -> NDArray[np.bool_]:
        """Fill in the vectors that are there; tell which."""
        known = np.zeros(len(found), dtype=bool)
        old = np.flatnonzero(found >= 0)
        if len(old):
            snapshot = self._editor.snapshot
            hashes = snapshot.columns.arrow(CONTENT_HASH, found[old])
            self._fill(vectors, known, old, _full(hashes), full, snapshot.take(found[old]))
        new = np.flatnonzero(found < -1)
        addresses = -2 - found[new]
        for number in np.unique(addresses >> 32).tolist():
            these = new[(addresses >> 32) == number]
            offsets = (-2 - found[these]) & 0xFFFFFFFF
            with reading(self._editor.folder):
                fragment = self._editor.dataset.get_fragment(number)
                order = np.argsort(offsets)
                rows = fragment.take(offsets[order].tolist(), columns=[VECTOR, CONTENT_HASH])
            flat = rows.column(VECTOR).combine_chunks().flatten().to_numpy().reshape(-1, self.dim)
            self._fill(vectors, known, these[order], _full(rows.column(CONTENT_HASH)), full, flat)
        return known

    @staticmethod
    def _fill(
        vectors: NDArray[np.float32],
        known: NDArray[np.bool_],
        at: NDArray[np.int64],
        hashes: NDArray[np.uint8],
        full: NDArray[np.uint8],
        read: NDArray[np.float32],
    ) -> None:
        same = (hashes == full[at]).all(axis=1)
        vectors[at[same]] = read[same]
        known[at[same]] = True


def short_hashes(hashes: Any) -> Hashes:
    """(n,) the first 64 bits of each of an Arrow array of content hashes."""
    return _short(_full(hashes))


def _full(hashes: Any) -> NDArray[np.uint8]:
    """(n, 16) the bytes of an Arrow array of hashes."""
    import pyarrow as pa

    if isinstance(hashes, pa.ChunkedArray):
        hashes = hashes.combine_chunks()
    data = hashes.buffers()[1]
    if data is None or not len(hashes):
        return np.empty((0, HASH_BYTES), dtype=np.uint8)
    flat = np.frombuffer(data, np.uint8)[hashes.offset * HASH_BYTES :]
    return flat[: len(hashes) * HASH_BYTES].reshape(-1, HASH_BYTES)


def _short(full: NDArray[np.uint8]) -> Hashes:
    """(n,) the first 64 bits."""
    return np.ascontiguousarray(full[:, :8]).view(np.uint64).reshape(-1)


def _sorted(hashes: Hashes, numbers: NDArray[np.int64]) -> tuple[Hashes, NDArray[np.int64]]:
    kept, first = np.unique(hashes, return_index=True)
    return kept, numbers[first]
