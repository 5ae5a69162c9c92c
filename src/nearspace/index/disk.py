"""DiskIndex: Lance's vector index, in the table and read from the disk in a fixed memory budget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nearspace.errors import OutputError, SettingError
from nearspace.index.exact import ExactIndex, check_count, check_queries
from nearspace.index.linear import SCORERS
from nearspace.store.dataset import NAME as TABLE
from nearspace.store.dataset import VECTOR, Table, first_line, reading
from nearspace.store.snapshot import Snapshot
from nearspace.store.text_index import check_indexes

NAME = "vectors"
CACHE = 1 << 28  # bytes of the index that are kept in memory, however large it is
_KIND = "IVF_SQ"
_METRICS = {"cosine": "cosine", "dot": "dot", "euclidean": "l2"}
_LEAST = 256  # rows that a partition is worth
_REFINE = 4  # candidates per hit whose vectors are read and compared exactly


class DiskIndex:
    """Asks the inverted-file index (8-bit scalar quantised) in the table of a saved Space.

    Rows that were added since it was built are compared one by one by Lance; deleted ones are no hits. Hits
    are judged anew with their own vectors. A filter, or a question that comes back short, is answered by the
    exact index over the mapped vectors, whose pages the system may drop at any time.

    Args:
        snapshot: a version of a saved Space.
        metric: of the Space.

    Raises:
        SettingError: the table has no such index.
        InputError: a file of it is damaged.
    """

    def __init__(self, snapshot: Snapshot, metric: str) -> None:
        self._snapshot = snapshot
        self._metric = metric
        self._dataset = _opened(snapshot)
        indexed = rows_indexed(self._dataset)
        if not indexed:
            raise SettingError(
                f"{str(snapshot.folder)!r} has no disk index",
                "Build one with nearspace.build_index(path, kind='disk') (nearspace index --kind disk).",
            )
        self.probes = max(16, _partitions(indexed) // 4)

    def __len__(self) -> int:
        return len(self._snapshot)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        restrict: int | None = None,
        exclude: ArrayLike | None = None,
        *,
        allowed: NDArray[np.bool_] | None = None,
        workers: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the k nearest rows of each query; see `Index.search`."""
        wanted = check_count("k", k)
        asked = check_queries(queries, self._snapshot.shape[1])
        if restrict is not None or allowed is not None or not len(asked):
            return self._exact().search(asked, wanted, restrict, exclude, allowed=allowed, workers=workers)
        banned = np.full((len(asked), 0), -1) if exclude is None else np.asarray(exclude, dtype=np.int64)
        rows = np.full((len(asked), wanted), -1, dtype=np.int64)
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        for number, query in enumerate(asked):
            found, judged = self._ask(query, wanted + banned.shape[1])
            kept = ~np.isin(found, banned[number])
            found, judged = found[kept][:wanted], judged[kept][:wanted]
            if len(found) < min(wanted, len(self) - len(np.unique(banned[number][banned[number] >= 0]))):
                one = slice(number, number + 1)
                rows[one], scores[one] = self._exact().search(asked[one], wanted, None, banned[one])
            else:
                rows[number, : len(found)], scores[number, : len(found)] = found, judged
        return rows, scores

    def _ask(self, query: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Give the rows that the index finds and their exact scores, best first, ties by row."""
        with reading(self._snapshot.folder):
            found = self._dataset.scanner(
                columns=[VECTOR, "_distance"],
                nearest={
                    "column": VECTOR,
                    "q": query,
                    "k": k,
                    "nprobes": self.probes,
                    "refine_factor": _REFINE,
                    "metric": _METRICS[self._metric],
                },
                with_row_address=True,
            ).to_table()
        rows = self._snapshot.rows_at(found.column("_rowaddr").to_numpy())
        vectors = found.column(VECTOR).combine_chunks().flatten().to_numpy().reshape(len(rows), len(query))
        norms = np.linalg.norm(vectors, axis=1).astype(np.float32)
        scorer = SCORERS[self._metric](query[None], vectors, norms)
        scores = scorer.exact(np.zeros(len(rows), dtype=np.int64), np.arange(len(rows)))
        order = np.lexsort((rows, -scores))
        return rows[order], scores[order]

    def _exact(self) -> ExactIndex:
        return ExactIndex(self._snapshot.whole(), self._snapshot.norms, self._metric)


def _opened(snapshot: Snapshot) -> Any:
    """Open the table of a version once more, with caches of a fixed size."""
    import lance

    check_indexes(snapshot.folder, snapshot.table.dataset)
    with reading(snapshot.folder):
        session = lance.Session(index_cache_size_bytes=CACHE, metadata_cache_size_bytes=CACHE // 8)
        return lance.dataset(
            str(snapshot.folder / TABLE), version=snapshot.table.dataset.version, session=session
        )


def rows_indexed(dataset: Any) -> int:
    """Give how many rows the disk index of a table was built on; 0 without one."""
    return sum(int(index.num_rows_indexed) for index in dataset.describe_indices() if index.name == NAME)


def _partitions(rows: int) -> int:
    return max(1, min(int(rows**0.5), rows // _LEAST))


def build_disk(table: Table, metric: str) -> int:
    """Build the disk index of a table anew, as a new version of it; return the number of partitions.

    Raises:
        SettingError: there are too few rows.
        OutputError: it cannot be written.
    """
    count = table.dataset.count_rows()
    if count < _LEAST:
        raise SettingError(
            f"{count} rows are too few for a disk index", f"From {_LEAST} rows on; use the exact index."
        )
    partitions = _partitions(count)
    try:
        table.dataset.create_index(
            VECTOR, _KIND, name=NAME, metric=_METRICS[metric], num_partitions=partitions, replace=True
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise OutputError(
            f"cannot build the disk index of {str(table.folder)!r}: {first_line(error)}",
            "The Space is as it was. Check the free space and the permissions.",
        ) from error
    return partitions
