"""Multinomial logistic regression: the most probable weights of linear scores, found by L-BFGS.

The objective of weights W (K, d) and biases b (K,) over points x_i of class c_i is

    sum_i -log softmax(W x_i + b)[c_i] + |W|^2 / (2 C),

convex, with a gradient that is gathered by blocks of points in a fixed order: memory does not grow with their
number, and the same points give the same weights.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCK = 4_096
_MEMORY = 10  # steps that L-BFGS remembers
_SMALLEST_STEP = 1e-10


@dataclass(frozen=True, eq=False)
class Linear:
    """Linear scores of K classes.

    Attributes:
        weights: (K, d).
        biases: (K,).
    """

    weights: Floats
    biases: Floats

    @classmethod
    def zeros(cls, classes: int, dim: int) -> Linear:
        """Give the scores that prefer nothing."""
        return cls(np.zeros((classes, dim)), np.zeros(classes))

    def __call__(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, d) -> (n, K) scores."""
        return points @ self.weights.T.astype(np.float32) + self.biases.astype(np.float32)

    @property
    def flat(self) -> Floats:
        """(K * (d + 1),) weights, then biases."""
        return np.concatenate([self.weights.ravel(), self.biases])

    def like(self, flat: Floats) -> Linear:
        """Read `flat` of scores of this shape."""
        size = self.weights.size
        return Linear(flat[:size].reshape(self.weights.shape), flat[size:])


def log_softmax(scores: NDArray[np.floating]) -> Floats:
    """(n, K) scores -> (n, K) log probabilities, whatever the size of the scores."""
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def objective(
    linear: Linear, points: NDArray[np.float32], codes: NDArray[np.int64], strength: float
) -> tuple[float, Floats]:
    """Give the objective and its gradient (K * (d + 1),); `strength` is C."""
    loss = float((linear.weights**2).sum()) / (2 * strength)
    slope, bias = linear.weights / strength, np.zeros_like(linear.biases)
    for start in range(0, len(points), _BLOCK):
        part, own = points[start : start + _BLOCK], codes[start : start + _BLOCK]
        chances = log_softmax(linear(part))
        rows = np.arange(len(own))
        loss -= float(chances[rows, own].sum())
        np.exp(chances, out=chances)
        chances[rows, own] -= 1
        slope += chances.T.astype(np.float32) @ part
        bias += chances.sum(axis=0)
    return loss, np.concatenate([slope.ravel(), bias])


def fit_softmax(
    points: NDArray[np.float32],
    codes: NDArray[np.int64],
    classes: int,
    strength: float,
    *,
    start: Linear | None = None,
    tolerance: float = 1e-3,
    steps: int = 200,
) -> Linear:
    """Fit linear scores to points (n, d) of classes `codes` (n,).

    Args:
        points: of about unit scale.
        codes: numbers below `classes`.
        classes: K; classes without a point get low scores.
        strength: C, larger: weights are held back less.
        start: where to begin, for example the scores for another strength.
        tolerance: it ends when the gradient is this share of what it is at zero scores.
        steps: at most so many.
    """
    linear = start or Linear.zeros(classes, points.shape[1])
    at = linear.flat
    loss, slope = objective(linear, points, codes, strength)
    origin = Linear.zeros(classes, points.shape[1])
    enough = tolerance * float(np.linalg.norm(objective(origin, points, codes, strength)[1]))
    past: deque[tuple[Floats, Floats, float]] = deque(maxlen=_MEMORY)
    for _ in range(steps):
        if np.linalg.norm(slope) <= enough:
            break
        direction = -_towards(slope, past)
        length = 1.0 if past else min(1.0, 1 / float(np.linalg.norm(slope)))
        gain = float(slope @ direction)
        while length > _SMALLEST_STEP:
            tried = at + length * direction
            new_loss, new_slope = objective(linear.like(tried), points, codes, strength)
            if new_loss <= loss + 1e-4 * length * gain:
                break
            length /= 2
        else:
            break  # float32 sums show no further descent
        step, turn = tried - at, new_slope - slope
        if (curve := float(step @ turn)) > 0:
            past.append((step, turn, curve))
        at, loss, slope = tried, new_loss, new_slope
    return linear.like(at)


def _towards(slope: Floats, past: deque[tuple[Floats, Floats, float]]) -> Floats:
    """The slope times the inverse of the curvature seen in past steps (Nocedal and Wright, algorithm 7.4)."""
    found = slope.copy()
    shares = []
    for step, turn, curve in reversed(past):
        share = float(step @ found) / curve
        found -= share * turn
        shares.append(share)
    if past:
        _, turn, curve = past[-1]
        found *= curve / float(turn @ turn)
    for (step, turn, curve), share in zip(past, reversed(shares), strict=True):
        found += (share - float(turn @ found) / curve) * step
    return found
