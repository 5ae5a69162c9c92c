"""The losses in plain numpy, loop by loop, as their docstrings say."""

from __future__ import annotations

import math

import numpy as np


def cos(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def infonce(left, right, negatives=None, known=None, scale=20.0) -> float:
    candidates = list(right)
    if negatives is not None:
        candidates += [one for row in negatives for one in row]
    total = 0.0
    for i, anchor in enumerate(left):
        counted = [j for j in range(len(candidates)) if known is None or not known[i][j]]
        below = sum(math.exp(scale * cos(anchor, candidates[j])) for j in counted)
        total -= math.log(math.exp(scale * cos(anchor, right[i])) / below)
    return total / len(left)


def triplet(left, right, negatives, margin=0.3) -> float:
    terms = [
        max(0.0, margin - cos(a, p) + cos(a, n))
        for a, p, row in zip(left, right, negatives, strict=True)
        for n in row
    ]
    return float(np.mean(terms))


def ordered(figures, scores, scale=20.0) -> float:
    total = 1.0
    for i in range(len(scores)):
        for j in range(len(scores)):
            if scores[i] > scores[j]:
                total += math.exp(scale * (figures[j] - figures[i]))
    return math.log(total)


def cosent(left, right, scores) -> float:
    return ordered([cos(a, b) for a, b in zip(left, right, strict=True)], scores)


def angle(left, right, scores) -> float:
    figures = []
    for a, b in zip(left, right, strict=True):
        half = len(a) // 2
        one = a[:half] + 1j * a[half : 2 * half]
        other = b[:half] + 1j * b[half : 2 * half]
        made = one * np.conj(other) / np.linalg.norm(one) / np.linalg.norm(other)
        figures.append(abs(made.real.sum() + made.imag.sum()))
    return ordered(figures, scores) + cosent(left, right, scores)


def cosine(left, right, scores) -> float:
    return float(np.mean([(cos(a, b) - y) ** 2 for a, b, y in zip(left, right, scores, strict=True)]))


def supcon(vectors, labels, scale=14.0) -> float:
    terms = []
    for i in range(len(vectors)):
        others = [k for k in range(len(vectors)) if k != i]
        same = [k for k in others if labels[k] == labels[i]]
        if same:
            below = sum(math.exp(scale * cos(vectors[i], vectors[k])) for k in others)
            terms.append(np.mean([math.log(below) - scale * cos(vectors[i], vectors[p]) for p in same]))
    return float(np.mean(terms))


def margin_term(one, other, alike, margin=1.0) -> float:
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    distance = float(np.linalg.norm(one - other))
    return alike * distance**2 / 2 + (1 - alike) * max(0.0, margin - distance) ** 2 / 2
