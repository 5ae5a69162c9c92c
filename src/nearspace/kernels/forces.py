"""How all points of a t-SNE map push each other, over all pairs."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def repel(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    start: int,
    stop: int,
    force: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Write what all points do to points start..stop.

    The inner loop runs over the pushed points, each of which adds up its own pushes in row order: so it
    vectorises without changing any sum.

    Args:
        x: (n,) float32 coordinates of all points.
        y: (n,) float32.
        z: (n,) float32, or empty in two dimensions.
        start: first point.
        stop: one past the last.
        force: (n, 2 or 3) float64, rows start..stop are written.
        total: (n,) float64, entries start..stop are written.
    """
    m = stop - start
    own_x, own_y = x[start:stop].copy(), y[start:stop].copy()
    sums = np.zeros((4, m), np.float32)
    sum_q, sum_x, sum_y, sum_z = sums[0], sums[1], sums[2], sums[3]
    none, one = np.float32(0), np.float32(1)
    if len(z) == 0:
        for j in range(len(x)):
            for i in range(m):
                step_x, step_y = own_x[i] - x[j], own_y[i] - y[j]
                q = one / (one + step_x * step_x + step_y * step_y)
                sum_q[i] += none if i == j - start else q  # its own q of 1 would drown small ones
                q *= q
                sum_x[i] += q * step_x
                sum_y[i] += q * step_y
    else:
        own_z = z[start:stop].copy()
        for j in range(len(x)):
            for i in range(m):
                step_x, step_y, step_z = own_x[i] - x[j], own_y[i] - y[j], own_z[i] - z[j]
                q = one / (one + step_x * step_x + step_y * step_y + step_z * step_z)
                sum_q[i] += none if i == j - start else q  # its own q of 1 would drown small ones
                q *= q
                sum_x[i] += q * step_x
                sum_y[i] += q * step_y
                sum_z[i] += q * step_z
    for i in range(m):
        total[start + i] = sum_q[i]
        force[start + i, 0] = sum_x[i]
        force[start + i, 1] = sum_y[i]
        if len(z) > 0:
            force[start + i, 2] = sum_z[i]


def repel_numpy(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    start: int,
    stop: int,
    force: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    """Do the same as `repel`, in float64.

    q_ij = 1 / (1 + |y_i - y_j|^2);  total_i = sum_{j != i} q_ij;  force_i = sum_j q_ij^2 (y_i - y_j)
    """
    points = np.stack([x, y, z] if len(z) else [x, y], axis=1).astype(np.float64)
    steps = points[start:stop, None] - points
    q = 1 / (1 + (steps**2).sum(axis=2))
    total[start:stop] = q.sum(axis=1) - 1
    force[start:stop] = (q[:, :, None] ** 2 * steps).sum(axis=1)
