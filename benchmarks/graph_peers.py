"""Graph libraries called bare, each in a few lines: build, set the effort, search, save, load."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def padded(vectors: np.ndarray) -> np.ndarray:
    """Fill up to a multiple of 16 components, without which faiss decodes codes one at a time."""
    return np.pad(vectors, ((0, 0), (0, -vectors.shape[1] % 16)))


class Faiss:
    """faiss.IndexHNSW over float32 or a scalar quantiser; `refine` rescores with the float32 rows."""

    package = "faiss-cpu"

    def __init__(self, degree: int, build: int, codes: str | None = None, refine: bool = False) -> None:
        self.degree, self.build_effort, self.codes, self.refine = degree, build, codes, refine

    def build(self, vectors: np.ndarray, metric: str, threads: int) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        kind = faiss.METRIC_L2 if metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
        if self.codes is None:
            index = faiss.IndexHNSWFlat(vectors.shape[1], self.degree, kind)
        else:
            vectors = padded(vectors)
            quantizer = getattr(faiss.ScalarQuantizer, self.codes)
            index = faiss.IndexHNSWSQ(vectors.shape[1], quantizer, self.degree, kind)
            index.train(vectors[: 1 << 17])
        index.hnsw.efConstruction = self.build_effort
        index.add(vectors)
        self.index = index

    def save(self, folder: Path) -> None:
        import faiss

        faiss.write_index(self.index, str(folder / "index"))

    def open(self, folder: Path, vectors: np.ndarray, metric: str, threads: int) -> None:
        import faiss

        self.index = faiss.read_index(str(folder / "index"), faiss.IO_FLAG_MMAP_IFC)
        self.vectors, self.metric = vectors, metric
        self.set_threads(threads)

    def set_threads(self, threads: int) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        import faiss

        asked = faiss.SearchParametersHNSW(efSearch=effort)
        if not self.refine:
            return self.index.search(queries if self.codes is None else padded(queries), k, params=asked)[1]
        wide = min(effort, 2 * k)
        found = self.index.search(padded(queries), wide, params=asked)[1]
        near = np.einsum("qd,qcd->qc", queries, self.vectors[found])
        if self.metric == "euclidean":
            near = -((self.vectors[found] - queries[:, None]) ** 2).sum(axis=2)
        return np.take_along_axis(found, np.argsort(-near, axis=1)[:, :k], axis=1)


class Hnswlib:
    package = "hnswlib"

    def __init__(self, degree: int, build: int) -> None:
        self.degree, self.build_effort = degree, build

    def build(self, vectors: np.ndarray, metric: str, threads: int) -> None:
        import hnswlib

        self.index = hnswlib.Index(self._space(metric), vectors.shape[1])
        self.index.init_index(len(vectors), M=self.degree, ef_construction=self.build_effort, random_seed=1)
        self.index.add_items(vectors, num_threads=threads)

    @staticmethod
    def _space(metric: str) -> str:
        return "l2" if metric == "euclidean" else "ip"

    def save(self, folder: Path) -> None:
        self.index.save_index(str(folder / "index"))

    def open(self, folder: Path, vectors: np.ndarray, metric: str, threads: int) -> None:
        import hnswlib

        self.index = hnswlib.Index(self._space(metric), vectors.shape[1])
        self.index.load_index(str(folder / "index"))
        self.set_threads(threads)

    def set_threads(self, threads: int) -> None:
        self.threads = threads

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        self.index.set_ef(effort)
        return self.index.knn_query(queries, k, num_threads=self.threads)[0].astype(np.int64)


class Usearch:
    package = "usearch"

    def __init__(self, degree: int, build: int, dtype: str = "f32") -> None:
        self.degree, self.build_effort, self.dtype = degree, build, dtype

    def build(self, vectors: np.ndarray, metric: str, threads: int) -> None:
        from usearch.index import Index

        self.index = Index(
            ndim=vectors.shape[1], metric="l2sq" if metric == "euclidean" else "ip", dtype=self.dtype,
            connectivity=self.degree, expansion_add=self.build_effort,
        )  # fmt: skip
        self.index.add(np.arange(len(vectors)), vectors, threads=threads)

    def save(self, folder: Path) -> None:
        self.index.save(str(folder / "index"))

    def open(self, folder: Path, vectors: np.ndarray, metric: str, threads: int) -> None:
        from usearch.index import Index

        self.index = Index.restore(str(folder / "index"), view=True)
        self.set_threads(threads)

    def set_threads(self, threads: int) -> None:
        self.threads = threads

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        self.index.expansion_search = effort
        return self.index.search(queries, k, threads=self.threads).keys.reshape(len(queries), -1).astype(int)


class Svs:
    package = "scalable-vs"

    def __init__(self, degree: int, build: int) -> None:
        self.degree, self.build_effort = degree, build

    def build(self, vectors: np.ndarray, metric: str, threads: int) -> None:
        import svs

        near = metric == "euclidean"
        asked = svs.VamanaBuildParameters(
            alpha=1.2 if near else 0.95, graph_max_degree=self.degree, window_size=self.build_effort
        )
        self.index = svs.Vamana.build(asked, vectors, self._distance(metric), num_threads=threads)

    @staticmethod
    def _distance(metric: str) -> Any:
        import svs

        return svs.DistanceType.L2 if metric == "euclidean" else svs.DistanceType.MIP

    def save(self, folder: Path) -> None:
        self.index.save(*(str(folder / part) for part in ("config", "graph", "data")))

    def open(self, folder: Path, vectors: np.ndarray, metric: str, threads: int) -> None:
        import svs

        self.index = svs.Vamana(
            str(folder / "config"), svs.GraphLoader(str(folder / "graph")),
            svs.VectorDataLoader(str(folder / "data"), svs.float32), self._distance(metric),
            num_threads=threads,
        )  # fmt: skip

    def set_threads(self, threads: int) -> None:
        self.index.num_threads = threads

    def search(self, queries: np.ndarray, k: int, effort: int) -> np.ndarray:
        self.index.search_window_size = effort
        return self.index.search(queries, k)[0].astype(np.int64)


# name -> library and settings; the first of each library is the one that filters and determinism are tried on
PEERS: dict[str, Any] = {
    "faiss HNSW 16": lambda: Faiss(16, 200),
    "faiss HNSW 32": lambda: Faiss(32, 200),
    "faiss HNSW 16 SQ8 + float32": lambda: Faiss(16, 200, "QT_8bit", refine=True),
    "faiss HNSW 32 SQ8 + float32": lambda: Faiss(32, 200, "QT_8bit", refine=True),
    "hnswlib 16": lambda: Hnswlib(16, 200),
    "hnswlib 32": lambda: Hnswlib(32, 200),
    "usearch 16": lambda: Usearch(16, 200),
    "svs Vamana 32": lambda: Svs(32, 200),
    "svs Vamana 64": lambda: Svs(64, 200),
}

if __name__ == "__main__":
    sys.exit("This file is imported by graph_libraries.py and graph_index.py.")
