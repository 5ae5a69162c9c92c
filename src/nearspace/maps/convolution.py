"""The potential of charges on a grid, 1 / (1 + r^2) each, by Fourier transforms over twice its sides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS = 64  # one-dimensional transforms of real rows that a thread takes at once
COLUMNS = 16


class Convolution:
    """A grid of `nodes` nodes a side, and what its charges do to each other.

    The sides are doubled, and the new half left empty, so that nothing goes round the edge. What is
    spread by cubic splines and read by them is smoothed twice; the spectrum of the potential is divided by
    that of the splines squared, so that at the nodes the potential is exact.

    Args:
        nodes: along each side.
        width: between two nodes.
        pool: threads that are used; the cut into pieces does not depend on them.
    """

    def __init__(self, nodes: int, width: float, pool: ThreadPoolExecutor) -> None:
        self.nodes, self.width, self._pool = nodes, width, pool
        self._spectrum = spectrum(nodes, width)

    def __call__(self, charges: Floats) -> Floats:
        """(nodes, nodes) charges -> their potential, in the same array."""
        m, long = self.nodes, 2 * self.nodes
        waves = np.empty((m, m + 1), dtype=np.complex128)

        def forward(start: int) -> None:
            own = slice(start, start + ROWS)
            waves[own] = np.fft.rfft(charges[own], long, axis=1)

        def back(start: int) -> None:
            own = slice(start, start + ROWS)
            charges[own] = np.fft.irfft(waves[own], long, axis=1)[:, :m]

        list(self._pool.map(forward, range(0, m, ROWS)))
        list(self._pool.map(lambda start: self._columns(waves, start), range(0, m + 1, COLUMNS)))
        list(self._pool.map(back, range(0, m, ROWS)))
        return charges

    def _columns(self, waves: NDArray[np.complex128], start: int) -> None:
        """Convolve some columns, in place."""
        m, own = self.nodes, slice(start, start + COLUMNS)
        wave = np.fft.fft(np.ascontiguousarray(waves[:, own].T), 2 * m, axis=1)
        wave[:, : m + 1] *= self._spectrum[own]
        wave[:, m + 1 :] *= self._spectrum[own, m - 1 : 0 : -1]
        waves[:, own] = np.fft.ifft(wave, axis=1)[:, :m].T


def spectrum(nodes: int, width: float) -> Floats:
    """(nodes + 1, nodes + 1) float64: transform of 1 / (1 + r^2) over that of the splines squared.

    The other half of each axis mirrors it.
    """
    square = (np.arange(nodes + 1) * width) ** 2
    spline = ((2 + np.cos(np.pi * np.arange(nodes + 1) / nodes)) / 3) ** 2
    found: Floats = 1 / (1 + square[:, None] + square)
    for _ in range(2):
        whole = np.concatenate([found, found[:, -2:0:-1]], axis=1)
        found = np.ascontiguousarray((np.fft.rfft(whole, axis=1).real / spline).T)
    return found


def good_size(least: int) -> int:
    """Give the least product of twos, threes and fives that is at least `least`."""
    size = least
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1
