"""The verb `align`: one map turned onto another of the same keys, and who has moved beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.maps.procrustes import Turn, robust_turn
from nearspace.results import Map

Rows = NDArray[np.int64]

MOVED = "moved"
DISPLACEMENT = "displacement"
LEAST = 2  # common points beyond the number of dimensions


def align(moving: Map, onto: Map, *, chance: Sequence[Map] = (), scaled: bool = True, seed: int = 1) -> Map:
    """Turn a map so that its points lie where those of another with the same keys do, as far as they can.

    Rotation, reflection, shift and, if `scaled`, one scale; fitted to the points that agree, so that points
    that have really moved do not spoil it (fewer than half may have). Neighbours on the map stay as they are.

    The column "displacement" is how far a point is from where it lies on the other map, as a share of that
    map's extent; NaN for keys that only one of the maps has. Two layouts of one Space differ too: give such
    layouts as `chance`, and the detail "moved" is the share of the points of a layout that are displaced less
    than this one, the least share where there are several layouts. Where nothing has changed, about 5 % of
    the points are above 0.95, fewer with more layouts; 0 for keys without a displacement.

    `settings["aligned"]` has the fingerprint of the other map, the common keys, the share of them that agree,
    the scale and the median displacement.

    Args:
        moving: the map to turn.
        onto: the map that stays.
        chance: other maps of the Space of `onto`, made as `moving` was: by another seed, or continued from
            `onto` if `moving` was.
        scaled: whether the scale is free.
        seed: of the samples of points from which a fit is begun.

    Raises:
        InputError: too few keys are in both maps.
        DimensionError: one map has 2 dimensions, the other 3.
        SettingError: `chance` is no list of maps.
    """
    if isinstance(chance, Map):
        raise SettingError("chance is a Map, expected several", "Give a list: chance=[map].")
    fit = _fit(moving, onto, scaled, seed)
    displacement = np.full(len(moving), np.nan, np.float32)
    displacement[fit.mine] = fit.displacement
    details = {name: values for name, values in moving.details.items() if name != MOVED}
    if chance:
        usual = [np.sort(_fit(other, onto, scaled, seed).displacement) for other in chance]
        shares = [np.searchsorted(one, fit.displacement) / len(one) for one in usual]
        details[MOVED] = np.zeros(len(moving), np.float32)
        details[MOVED][fit.mine] = np.min(shares, axis=0)
    told = {
        "onto": onto.settings.get("fingerprint"),
        "common": len(fit.mine),
        "agree": round(fit.agree, 4),
        "scale": fit.turn.scale,
        "median": round(float(np.median(fit.displacement)), 6),
        "chance": len(chance),
    }
    return replace(
        moving,
        coordinates=fit.turn.of(moving.coordinates),
        settings={**moving.settings, "aligned": told},
        columns={**moving.columns, DISPLACEMENT: displacement},
        details=details,
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    """How one map lies on another.

    Attributes:
        turn: of the one.
        mine: (m,) its points whose keys are on both maps.
        displacement: (m,) float32 shares of the extent of the other.
        agree: share of them that the turn was fitted to.
    """

    turn: Turn
    mine: Rows
    displacement: NDArray[np.float32]
    agree: float


def _fit(moving: Map, onto: Map, scaled: bool, seed: int) -> _Fit:
    dim, other_dim = moving.coordinates.shape[1], onto.coordinates.shape[1]
    if dim != other_dim:
        raise DimensionError(
            f"a map of {dim} dimensions cannot be aligned onto one of {other_dim}",
            "Give two maps of the same number of dimensions.",
        )
    theirs = onto.keys.find_all(moving.keys)
    both = (theirs >= 0) & np.isfinite(moving.coordinates).all(axis=1)
    both[both] = np.isfinite(onto.coordinates[theirs[both]]).all(axis=1)
    mine = np.flatnonzero(both)
    if len(mine) < dim + LEAST:
        raise InputError(
            f"{len(mine)} keys are on both maps ({len(moving)} and {len(onto)} points)",
            f"Maps are aligned by at least {dim + LEAST} keys that they share.",
        )
    a, b = moving.coordinates[mine], onto.coordinates[theirs[mine]]
    turn, agree = robust_turn(a, b, scaled=scaled, seed=seed)
    finite = onto.coordinates[np.isfinite(onto.coordinates).all(axis=1)]
    extent = float(np.ptp(finite, axis=0).max()) or 1.0
    return _Fit(turn, mine, (turn.gaps(a, b) / extent).astype(np.float32), float(agree.mean()))
