"""Where a Map goes, by the suffix of the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearspace.cli.targets import check
from nearspace.errors import SettingError
from nearspace.maps import drawing, parquet
from nearspace.protocols import Progress
from nearspace.results import Map

SUFFIXES = (*drawing.SUFFIXES, parquet.SUFFIX)


def check_target(path: str, *, overwrite: bool) -> Path:
    """Give `path` if a map can be written there now.

    Raises:
        SettingError: the suffix is not one of `SUFFIXES`.
        OutputError: it exists and `overwrite` is off, or it cannot be written.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise SettingError(
            f"a map cannot be written as {path!r}", f"Accepted suffixes: {', '.join(SUFFIXES)}."
        )
    return check(path, overwrite=overwrite, replaceable=Path.is_file)


def check_targets(paths: Sequence[str], name: str | None, *, overwrite: bool) -> list[Path]:
    """Give the paths that a map is written to, if it can be written there, and under `name` in its Space.

    Raises:
        SettingError: the name is no plain file name; or as `check_target`.
        OutputError: as `check_target`.
    """
    if name is not None:
        parquet.check_name(name)
    return [check_target(path, overwrite=overwrite) for path in paths]


def read(space: str, name: str) -> Map:
    """Open a map: a file, or one by its name in the folder of a Space."""
    return parquet.open_map(parquet.find_map(space, name))


def write(laid_out: Map, targets: Sequence[Path], progress: Progress, **look: Any) -> None:
    """Draw (with the settings `look` of `draw`) or save a Map in every target, replacing what is there."""
    for target in targets:
        if target.suffix.lower() == parquet.SUFFIX:
            parquet.save(laid_out, target, overwrite=True)
        else:
            drawing.draw(laid_out, target, progress=progress, **look)


def keep(space: str, laid_out: Map, name: str | None, *, needed: bool) -> list[str]:
    """Write a Map into the folder of its Space, if it has a name or `needed`; give the paths written."""
    if name is None and not needed:
        return []
    dim = laid_out.coordinates.shape[1]
    default = laid_out.method if dim == 2 else f"{laid_out.method}-{dim}d"
    return [str(parquet.save_in(space, laid_out, default if name is None else name))]


def summary(space: str, laid_out: Map, outputs: Sequence[str]) -> dict[str, Any]:
    """Give what was drawn, and how far it can be trusted on average."""
    return {
        "space": space,
        "outputs": list(outputs),
        "count": len(laid_out),
        "dim": int(laid_out.coordinates.shape[1]),
        "method": laid_out.method,
        "trust": round(float(laid_out.trust.mean()), 4),
        "chance": round(laid_out.chance, 4),
        **{name: round(float(values.mean()), 4) for name, values in laid_out.details.items()},
        **({"regions": [len(one) for one in laid_out.regions]} if "regions" in laid_out.settings else {}),
    }
