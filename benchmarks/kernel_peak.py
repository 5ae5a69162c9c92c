"""What share of the machine's float32 FMA peak do the training kernels reach, and what holds them back?

The peak is measured by a loop of independent fused multiply-adds on registers. The kernels run on one core,
over rows that fit the second-level cache (800 words) and over rows that do not (80,000 words, as in the
20M-word English text). Usage: python benchmarks/kernel_peak.py [--json]
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from numba import njit

from nearspace.kernels.cbow import train_cbow
from nearspace.kernels.simd import LANES, fma, load, splat, store
from nearspace.kernels.skipgram import scratch_size, train_skipgram
from nearspace.learners.matrices import aligned, stride_of

NEGATIVE, WINDOW, COUNT = 5, 5, 100_000


@njit
def _peak(x, turns):
    a = splat(np.float32(0.999))
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = v9 = load(x, 0)
    for _ in range(turns):
        v0 = fma(v0, a, a)
        v1 = fma(v1, a, a)
        v2 = fma(v2, a, a)
        v3 = fma(v3, a, a)
        v4 = fma(v4, a, a)
        v5 = fma(v5, a, a)
        v6 = fma(v6, a, a)
        v7 = fma(v7, a, a)
        v8 = fma(v8, a, a)
        v9 = fma(v9, a, a)
    store(x, 0, v0)
    store(x, 0, fma(v1, v2, load(x, 0)))
    store(x, 0, fma(v3, v4, load(x, 0)))
    store(x, 0, fma(v5, v6, load(x, 0)))
    store(x, 0, fma(v7, v8, load(x, 0)))
    store(x, 0, fma(v9, v9, load(x, 0)))


def best(work, runs=7):
    """Fewest seconds of processor time of several runs: other load on the machine can only add to them."""
    work()
    seconds = []
    for _ in range(runs):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def peak():
    """Measured GFLOP/s of one core."""
    x, turns = aligned(LANES), 20_000_000
    return 10 * LANES * 2 * turns / best(lambda: _peak(x, turns)) / 1e9


def kernel(train, words, dim):
    """GFLOP/s and centres/s of a kernel on `words` rows, words drawn by Zipf's law."""
    rng = np.random.default_rng(1)
    stride = stride_of(dim)
    inputs, outputs = aligned(words * stride), aligned(words * stride)
    inputs[:] = rng.normal(size=len(inputs)).astype(np.float32) / dim
    chances = 1 / np.arange(1, words + 1) ** 0.75
    chances /= chances.sum()
    rows = rng.choice(words, COUNT, p=chances).astype(np.int32)
    draws = rng.choice(words, COUNT * NEGATIVE, p=chances).astype(np.int32)
    reach = rng.integers(1, WINDOW + 1, COUNT)
    first = np.maximum(np.arange(COUNT) - reach, 0).astype(np.int32)
    last = np.minimum(np.arange(COUNT) + reach, COUNT - 1).astype(np.int32)
    scratch, stats = aligned(scratch_size(stride, WINDOW, NEGATIVE)), np.zeros(2)
    seconds = best(
        lambda: train(
            inputs, outputs, stride, rows, rows, first, last, draws, NEGATIVE, COUNT, np.float32(0.01),
            words > 2_000, scratch, stats,
        )
    )  # fmt: skip
    contexts = int((last - first).sum())
    pairs = contexts if train is train_skipgram else COUNT
    flops = pairs * (NEGATIVE + 1) * 6 * dim + (0 if train is train_skipgram else contexts * 2 * dim)
    return {"gflops": flops / seconds / 1e9, "centres_per_second": COUNT / seconds}


def main():
    """Print the table."""
    top = peak()
    rows = [
        {"kernel": name, "dim": dim, "words": words, **kernel(train, words, dim)}
        for name, train in (("skipgram", train_skipgram), ("cbow", train_cbow))
        for dim in (100, 300)
        for words in (800, 80_000)
    ]
    if "--json" in sys.argv:
        print(json.dumps({"peak_gflops": top, "kernels": rows}, indent=1))
        return
    print(f"peak of one core: {top:.1f} GFLOP/s")
    for row in rows:
        share = row["gflops"] / top
        print(
            f"{row['kernel']:9s} dim {row['dim']:3d} {row['words']:6,d} words: {row['gflops']:6.1f} GFLOP/s "
            f"({share:.0%} of the peak), {row['centres_per_second']:,.0f} centres/s"
        )


if __name__ == "__main__":
    main()
