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
        d: 2 or 3.
        nodes: along each side.
        width: between two nodes.
        pool: threads that are used; the cut into pieces does not depend on them.
    """

    def __init__(self, d: int, nodes: int, width: float, pool: ThreadPoolExecutor) -> None:
        self.nodes, self.width, self._pool = nodes, width, pool
        self._spectrum = spectrum(d, nodes, width)

    def __call__(self, charges: Floats) -> Floats:
        """(nodes, ...) charges -> (nodes, ...) potential."""
        m, long = self.nodes, 2 * self.nodes
        rows = charges.reshape(-1, m)
        waves = np.empty((len(rows), m + 1), dtype=np.complex128)

        def forward(start: int) -> None:
            own = slice(start, start + ROWS)
            waves[own] = np.fft.rfft(rows[own], long, axis=1)

        def back(start: int) -> None:
            own = slice(start, start + ROWS)
            rows[own] = np.fft.irfft(waves[own], long, axis=1)[:, :m]

        starts = range(0, len(rows), ROWS)
        list(self._pool.map(forward, starts))
        if charges.ndim == 2:
            list(self._pool.map(lambda start: self._columns(waves, start), range(0, m + 1, COLUMNS)))
        else:
            cube = waves.reshape(m, m, m + 1)
            list(self._pool.map(lambda at: self._plane(cube, at), range(m + 1)))
        list(self._pool.map(back, starts))
        return charges

    def _columns(self, waves: NDArray[np.complex128], start: int) -> None:
        """Convolve some columns of a plane, in place."""
        m, own = self.nodes, slice(start, start + COLUMNS)
        wave = np.fft.fft(np.ascontiguousarray(waves[:, own].T), 2 * m, axis=1)
        self._multiply(wave, self._spectrum[own])
        waves[:, own] = np.fft.ifft(wave, axis=1)[:, :m].T

    def _plane(self, cube: NDArray[np.complex128], at: int) -> None:
        """Convolve one plane of a cube, in place."""
        m = self.nodes
        rows = np.fft.fft(np.ascontiguousarray(cube[:, :, at]), 2 * m, axis=1)
        wave = np.fft.fft(np.ascontiguousarray(rows.T), 2 * m, axis=1)
        low, high = wave[: m + 1], wave[:m:-1]
        self._multiply(low, self._spectrum[at])
        self._multiply(high, self._spectrum[at, 1:m])
        rows = np.ascontiguousarray(np.fft.ifft(wave, axis=1)[:, :m].T)
        cube[:, :, at] = np.fft.ifft(rows, axis=1)[:, :m]

    def _multiply(self, wave: NDArray[np.complex128], by: Floats) -> None:
        """Multiply columns 0..2m by a spectrum of columns 0..m, whose other half is its mirror image."""
        m = self.nodes
        wave[:, : m + 1] *= by
        wave[:, m + 1 :] *= by[:, m - 1 : 0 : -1]


def spectrum(d: int, nodes: int, width: float) -> Floats:
    """(nodes + 1, ...) float64: transform of 1 / (1 + r^2) over that of the splines squared.

    The other half of each axis mirrors it.
    """
    square = (np.arange(nodes + 1) * width) ** 2
    total = np.ones((nodes + 1,) * d)
    for axis in range(d):
        total += square.reshape([-1 if axis == own else 1 for own in range(d)])
    found = 1 / total
    spline = ((2 + np.cos(np.pi * np.arange(nodes + 1) / nodes)) / 3) ** 2
    for axis in range(d):
        turned = np.moveaxis(found, axis, -1)
        whole = np.concatenate([turned, turned[..., -2:0:-1]], axis=-1)
        found = np.moveaxis(np.fft.rfft(whole, axis=-1).real / spline, -1, axis)
    return np.ascontiguousarray(found)


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
