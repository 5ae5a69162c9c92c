"""The maps of a saved Space as the page reads them: coordinates, trust and regions as plain numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.keys import Keys
from nearspace.maps.parquet import SUFFIX, open_map
from nearspace.maps.regions import centres
from nearspace.maps.verb import is_current
from nearspace.results import Map, Report
from nearspace.space import Space

FOLDER = "maps"
NOWHERE = 0xFFFFFFFF  # a point whose key is no longer in the Space
NO_REGION = 0xFFFF
REGIONS = 1000  # of a level, that the page shows: the largest


@dataclass(frozen=True, eq=False)
class PageMap:
    """One map of one Space.

    Attributes:
        name: of the map: of its file, without the suffix.
        laid_out: the map.
        rows: (n,) uint32 the row of each point, `NOWHERE` if its key is gone; None: point i is row i.
        stale: whether vectors have changed since.
        report: measures of the whole map, if any were kept.
    """

    name: str
    laid_out: Map
    rows: NDArray[np.uint32] | None
    stale: bool
    report: Report | None = None

    @property
    def dim(self) -> int:
        """2 or 3."""
        return int(self.laid_out.coordinates.shape[1])

    @property
    def trust(self) -> Mapping[str, NDArray[np.float32]]:
        """Measures of each point, name -> (n,) 0..1."""
        return {"trust": self.laid_out.trust, **self.laid_out.details}

    def summary(self) -> dict[str, Any]:
        """Give what space.json says of the map."""
        return {
            "name": self.name,
            "method": self.laid_out.method,
            "dim": self.dim,
            "count": len(self.laid_out),
            "stale": self.stale,
        }

    def to_json(self) -> dict[str, Any]:
        """Give map.json."""
        regions = [
            {"level": level, "count": len(self.laid_out.regions[level]), "regions": self._regions(level)}
            for level in range(len(self.laid_out.regions))
        ]
        measures = [] if self.report is None else self.report.to_json()["measures"]
        return {
            **self.summary(),
            "all_rows": self.rows is None,
            "bounds": _bounds(self.laid_out.coordinates),
            "trust": list(self.trust),
            "chance": self.laid_out.chance,
            "settings": dict(self.laid_out.settings),
            "report": {"measures": measures},
            "regions": regions,
        }

    def points(self) -> bytes:
        """Give points.bin."""
        return np.ascontiguousarray(self.laid_out.coordinates.T, dtype="<f4").tobytes()

    def measure(self, name: str) -> bytes:
        """Give the file of a measure, 255 steps."""
        values = np.nan_to_num(self.trust[name].astype(np.float64), nan=0.0)
        return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8).tobytes()

    def region_codes(self, level: int) -> bytes:
        """Give the number of the region of each point, `NO_REGION` for none."""
        labels = self.laid_out.regions[level].labels
        shown = (labels >= 0) & (labels < REGIONS)
        return np.where(shown, labels, NO_REGION).astype("<u2").tobytes()

    def _regions(self, level: int) -> list[dict[str, Any]]:
        found = self.laid_out.regions[level]
        counts = np.bincount(found.labels[found.labels >= 0], minlength=len(found))
        places = centres(self.laid_out, level)
        return [
            {
                "id": number,
                "name": found.names[number],
                "terms": list(found.terms[number]),
                **dict(zip("xyz", [*places[number].tolist(), 0.0], strict=False)),
                "count": int(counts[number]),
            }
            for number in range(min(len(found), REGIONS))
            if np.isfinite(places[number]).all()
        ]


def maps_of(space: Space, folder: Path | None, reports: Mapping[str, Report]) -> dict[str, PageMap]:
    """Open the maps in the folder of a saved Space, by name, the newest first."""
    if folder is None or not (folder / FOLDER).is_dir():
        return {}
    paths = [path for path in (folder / FOLDER).glob(f"*{SUFFIX}") if _is_name(path.stem)]
    paths.sort(key=lambda path: (-path.stat().st_mtime_ns, path.name))
    return {path.stem: page_map(space, open_map(path), path.stem, reports.get(path.stem)) for path in paths}


def page_map(space: Space, laid_out: Map, name: str, report: Report | None = None) -> PageMap:
    """Find the rows of a map's points in the Space."""
    rows = _rows(space.keys, laid_out.keys)
    return PageMap(name, laid_out, rows, not is_current(laid_out, space), report)


def _is_name(name: str) -> bool:
    """Tell whether a name can be part of a path of the page, on a server and in any folder."""
    return re.fullmatch(r"[\w][\w. -]{0,99}", name) is not None and not name.endswith((" ", "."))


def _rows(all_keys: Keys, keys: Keys) -> NDArray[np.uint32] | None:
    if keys == all_keys:
        return None
    found = all_keys.find_all(keys)
    return np.where(found >= 0, found, NOWHERE).astype(np.uint32)


def _bounds(coordinates: NDArray[np.float32]) -> list[list[float]]:
    finite = coordinates[np.isfinite(coordinates).all(axis=1)]
    if not len(finite):
        return [[0.0, 0.0] for _ in range(coordinates.shape[1])]
    return [
        [float(low), float(high)] for low, high in zip(finite.min(axis=0), finite.max(axis=0), strict=True)
    ]
