"""The best rotation, reflection, scale and shift of points onto others, also where some have moved.

Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991; Rousseeuw
and Van Driessen, Computing LTS regression for large data sets, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.floating]
Doubles = NDArray[np.float64]

STARTS = 60  # small samples that a turn is tried from
SAMPLE = 2000  # points on which they are compared
STEPS = 2, 30  # refinements of each of them, and at most of the best
BEST = 4  # that are refined on all points
FAR = 3.0  # times the median gap: beyond it a point has moved
EXACT = 1e-6  # of the extent: gaps below it are rounding


@dataclass(frozen=True)
class Turn:
    """x -> scale * x @ rotation + shift.

    Attributes:
        scale: above 0.
        rotation: (dim, dim) orthogonal; its determinant is -1 where it reflects.
        shift: (dim,).
    """

    scale: float
    rotation: Doubles
    shift: Doubles

    def of(self, points: Points) -> NDArray[np.float32]:
        """(n, dim) -> (n, dim) float32."""
        return self._turned(points).astype(np.float32)

    def gaps(self, moving: Points, onto: Points) -> Doubles:
        """(n,) distances that are left."""
        left: Doubles = np.linalg.norm(self._turned(moving) - onto, axis=1)
        return left

    def _turned(self, points: Points) -> Doubles:
        turned: Doubles = self.scale * (points.astype(np.float64) @ self.rotation) + self.shift
        return turned


def best_turn(moving: Points, onto: Points, *, scaled: bool = True) -> Turn:
    """Give the turn with the least sum of squared gaps.

    The scale is the ratio of both spreads, which is the same from either side and does not shrink where the
    points fit badly; it is 1 unless `scaled`.
    """
    a, b = moving.astype(np.float64), onto.astype(np.float64)
    middle, target = a.mean(axis=0), b.mean(axis=0)
    a, b = a - middle, b - target
    left, _, right = np.linalg.svd(a.T @ b)
    rotation = left @ right
    spread = float((a**2).sum())
    scale = float(np.sqrt((b**2).sum() / spread)) if scaled and spread > 0 else 1.0
    return Turn(scale or 1.0, rotation, target - (scale or 1.0) * (middle @ rotation))


def robust_turn(
    moving: Points, onto: Points, *, scaled: bool = True, seed: int = 1
) -> tuple[Turn, NDArray[np.bool_]]:
    """Give the turn onto which the better half of the points agrees, and who agrees.

    Turns of small samples are refined on the half with the least gaps (concentration steps); the best one is
    fitted anew to all points that are not beyond 3 times the median gap. So points that have
    moved do not spoil it, as long as they are fewer than half.

    Args:
        moving: (n, dim), n >= 1.
        onto: (n, dim) where they should go.
        scaled: whether the scale is free.
        seed: of the samples.

    Returns:
        the turn, and (n,) True for the points that it was fitted to.
    """
    n, dim = moving.shape
    random = np.random.default_rng(seed)
    some = random.permutation(n)[:SAMPLE] if n > SAMPLE else np.arange(n)
    few_a, few_b = moving[some], onto[some]
    turns = [best_turn(few_a, few_b, scaled=scaled)]
    for _ in range(STARTS if n > dim + 1 else 0):
        drawn = random.choice(len(some), dim + 1, replace=False)
        turns.append(best_turn(few_a[drawn], few_b[drawn], scaled=scaled))
    turns = [_concentrated(turn, few_a, few_b, scaled, STEPS[0]) for turn in turns]
    turns.sort(key=lambda turn: _trimmed(turn, few_a, few_b))
    refined = [_concentrated(turn, moving, onto, scaled, STEPS[1]) for turn in turns[:BEST]]
    turn = min(refined, key=lambda turn: _trimmed(turn, moving, onto))
    least = EXACT * float(np.ptp(onto, axis=0).max())
    agree = np.ones(n, bool)
    for _ in range(STEPS[1]):
        gaps = turn.gaps(moving, onto)
        before, agree = agree, gaps <= max(FAR * float(np.median(gaps)), least)
        turn = best_turn(moving[agree], onto[agree], scaled=scaled)
        if (before == agree).all():
            break
    return turn, agree


def _concentrated(turn: Turn, moving: Points, onto: Points, scaled: bool, steps: int) -> Turn:
    """Fit a turn to the half that it fits best, again and again."""
    half = _half(moving)
    before: NDArray[np.int64] | None = None
    for _ in range(steps):
        best = np.sort(np.argsort(turn.gaps(moving, onto), kind="stable")[:half])
        if before is not None and np.array_equal(best, before):
            break
        turn, before = best_turn(moving[best], onto[best], scaled=scaled), best
    return turn


def _trimmed(turn: Turn, moving: Points, onto: Points) -> float:
    """Give the sum of the squared gaps of the better half."""
    half = _half(moving)
    squares = turn.gaps(moving, onto) ** 2
    return float(np.partition(squares, half - 1)[:half].sum())


def _half(points: Points) -> int:
    """Give how many points a turn must fit: the half, and enough to tell a reflection."""
    return min(len(points), max(len(points) // 2 + 1, int(points.shape[1]) + 2))
