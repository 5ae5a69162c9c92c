"""Ridge regression with weights, in closed form; its strength is chosen by leave-one-out (Allen 1974)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRENGTHS = tuple(float(10.0**power) for power in range(-4, 6))


@dataclass(frozen=True, eq=False)
class Ridge:
    """y = (x - center) @ weights + level.

    Attributes:
        weights: (f, t) float64.
        center: (f,) float64.
        level: (t,) float64.
        strength: factor of |weights|^2.
    """

    weights: Floats
    center: Floats
    level: Floats
    strength: float

    def __call__(self, points: Floats) -> Floats:
        """(n, f) -> (n, t)."""
        return np.asarray((points - self.center) @ self.weights + self.level)


def fit_ridge(points: Floats, targets: Floats, shares: Floats) -> Ridge:
    """Minimise sum of shares |y - prediction|^2 + strength |weights|^2.

    The strength is the one of `STRENGTHS` whose sum of squared leave-one-out errors is least.

    Args:
        points: (n, f). targets: (n, t). shares: (n,) above 0; they are brought to a mean of 1.
    """
    shares = shares / shares.mean()
    part = shares / shares.sum()
    center, level = part @ points, part @ targets
    root = np.sqrt(shares)[:, None]
    x, y = (points - center) * root, (targets - level) * root
    values, turns = np.linalg.eigh(x.T @ x)
    values = np.maximum(values, 0.0)
    turned = x @ turns
    pulls = turned.T @ y
    squares = turned * turned
    best, chosen = np.inf, STRENGTHS[-1]
    for strength in STRENGTHS:
        held = 1 / (values + strength)
        leverage = np.minimum(squares @ held + part, 1 - 1e-9)  # of the mean too
        misses = (y - turned @ (held[:, None] * pulls)) / (1 - leverage)[:, None]
        error = float(np.einsum("nt,nt->", misses, misses))
        if error < best:
            best, chosen = error, strength
    return Ridge(turns @ (pulls / (values + chosen)[:, None]), center, level, chosen)
