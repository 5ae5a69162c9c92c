"""Stability: whether the neighbours of a point on the map would be there with another seed, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.maps.neighbors import neighbors_in_map
from nearspace.maps.trust import shared
from nearspace.protocols import Progress, Quiet


def check_layouts(projector: Any, layouts: int | None) -> None:
    """Refuse a number of layouts that are not to be had.

    Raises:
        SettingError: fewer than 2, or the projector has no seed.
    """
    if layouts is None:
        return
    if isinstance(layouts, bool) or not isinstance(layouts, int) or layouts < 2:
        raise SettingError(
            f"stability is {layouts!r}", "Give the number of layouts to compare, at least 2; 3 is usual."
        )
    if not hasattr(projector, "seed"):
        raise SettingError(
            f"nothing is random in the method {projector.name!r}, so its layouts are all the same",
            "Leave stability out, or take a method with a seed, such as tsne or umap.",
        )


def stability_per_point(
    projector: Any,
    project: Callable[[Any], NDArray[np.float32]],
    coordinates: NDArray[np.float32],
    *,
    layouts: int,
    k: int,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> NDArray[np.float32]:
    """Give the share of each point's k nearest on a map that are also its k nearest with other seeds.

    Args:
        projector: a frozen dataclass with a field `seed`, which made the map.
        project: lays the same vectors out with another projector.
        coordinates: (n, 2 or 3) float32, the map.
        layouts: how many are compared, the map included; their seeds follow that of the projector.
        k: neighbours a point, less than n.
        workers: threads; the result does not depend on them.
        progress: shown in rows.

    Returns:
        (n,) float32 in 0..1, the mean over the other layouts; a random map has k / (n - 1) on average.
    """
    own = neighbors_in_map(coordinates, k, workers=workers, progress=progress)
    total = np.zeros(len(coordinates), dtype=np.float64)
    for more in range(1, layouts):
        other = project(replace(projector, seed=projector.seed + more))
        total += shared(own, neighbors_in_map(other, k, workers=workers, progress=progress))
    return (total / (layouts - 1)).astype(np.float32)
