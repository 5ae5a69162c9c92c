"""Maps as Parquet files: key, x, y (and z), trust and metadata, with the recipe in the file's metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from nearspace.errors import (
    FormatVersionError,
    InputError,
    MissingInputError,
    NotASpaceError,
    OutputError,
    SettingError,
)
from nearspace.keys import Keys
from nearspace.maps.files import write_atomically
from nearspace.results import Map, Regions

SUFFIX = ".parquet"
VERSION = 1
ENTRY = b"nearspace.map"
AXES = ("x", "y", "z")
TAKEN = ("key", *AXES, "trust")


def save(laid_out: Map, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a Map as one Parquet file; a crash leaves the old file or the new one.

    Metadata columns whose name is taken (key, x, y, z, trust, trust.NAME, region.LEVEL) are written as
    "columns.NAME".

    Raises:
        SettingError: the suffix is not .parquet.
        OutputError: the file exists already, or cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = Path(path)
    if target.suffix != SUFFIX:
        raise SettingError(
            f"a map is saved as {SUFFIX}, not as {target.name!r}", f"Name it {target.stem}{SUFFIX}."
        )
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already", "Give overwrite=True (--overwrite), or another name.")
    details = {name: f"trust.{name}" for name in laid_out.details}
    levels = [f"region.{level}" for level in range(len(laid_out.regions))]
    taken = {*TAKEN, *details.values(), *levels}
    renamed = {name: f"columns.{name}" if name in taken else name for name in laid_out.columns}
    table = {"key": pa.array(laid_out.keys.names(), pa.string())}
    table |= {axis: pa.array(values) for axis, values in zip(AXES, laid_out.coordinates.T, strict=False)}
    table["trust"] = pa.array(laid_out.trust)
    table |= {details[name]: pa.array(values) for name, values in laid_out.details.items()}
    table |= {name: pa.array(one.labels) for name, one in zip(levels, laid_out.regions, strict=True)}
    table |= {renamed[name]: pa.array(values) for name, values in laid_out.columns.items()}
    recipe = {
        "format": VERSION,
        "method": laid_out.method,
        "settings": dict(laid_out.settings),
        "chance": laid_out.chance,
        "columns": renamed,
        "details": details,
        "regions": [
            {"column": name, "names": list(one.names), "terms": [list(terms) for terms in one.terms]}
            for name, one in zip(levels, laid_out.regions, strict=True)
        ],
    }
    written = pa.table(table).replace_schema_metadata({ENTRY: json.dumps(recipe).encode()})
    write_atomically(target, lambda partial: pq.write_table(written, partial))
    return target


def open_map(path: str | Path) -> Map:
    """Read a Map that `save` wrote.

    Raises:
        MissingInputError: there is no such file.
        InputError: the file is not Parquet, or holds no map.
        FormatVersionError: a newer version wrote it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = Path(path)
    if not source.is_file():
        raise MissingInputError(
            f"there is no map {source}", "Make one with: nearspace map SPACE -o MAP.parquet"
        )
    try:
        table = pq.read_table(source)
    except pa.ArrowInvalid as error:
        raise InputError(f"{source} is not a readable Parquet file: {error}") from error
    recipe = _recipe(source, (table.schema.metadata or {}).get(ENTRY))
    axes = [axis for axis in AXES if axis in table.column_names]
    return Map(
        keys=Keys(table["key"].to_pylist()),
        coordinates=np.stack([table[axis].to_numpy() for axis in axes], axis=1).astype(np.float32),
        trust=table["trust"].to_numpy().astype(np.float32),
        method=recipe["method"],
        settings=recipe["settings"],
        chance=recipe["chance"],
        columns={name: table[stored].to_numpy() for name, stored in recipe["columns"].items()},
        details={name: table[stored].to_numpy() for name, stored in recipe.get("details", {}).items()},
        regions=tuple(
            Regions(table[one["column"]].to_numpy(), tuple(one["names"]), tuple(map(tuple, one["terms"])))
            for one in recipe.get("regions", ())
        ),
    )


def save_in(space_path: str | Path, laid_out: Map, name: str, *, overwrite: bool = True) -> Path:
    """Write a Map into the folder of a saved Space, as maps/NAME.parquet.

    Raises:
        NotASpaceError: the folder is not a saved Space.
        SettingError: the name is no plain file name.
        OutputError: the map exists and `overwrite` is off, or it cannot be written.
    """
    folder = Path(space_path)
    if not (folder / "space.json").is_file():
        raise NotASpaceError(f"{folder} is not a saved Space", "Save the Space first.")
    check_name(name)
    try:
        (folder / "maps").mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder / 'maps'}: {error.strerror}") from error
    return save(laid_out, folder / "maps" / f"{name}{SUFFIX}", overwrite=overwrite)


def check_name(name: str) -> None:
    """Refuse a name of a map that is no plain file name.

    Raises:
        SettingError: it is not.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise SettingError(f"the name of a map is {name!r}", "Give a plain name such as tsne or pca-3d.")


def find_map(space_path: str | Path, name: str | Path) -> Path:
    """Give the file of a map: `name` if that is a file, else maps/NAME.parquet in the folder of a Space.

    Raises:
        MissingInputError: there is neither; names the maps that the folder has.
    """
    inside = Path(space_path) / "maps"
    for path in (Path(name), inside / f"{name}{SUFFIX}"):
        if path.is_file():
            return path
    names = ", ".join(sorted(path.stem for path in inside.glob(f"*{SUFFIX}")))
    raise MissingInputError(
        f"{str(name)!r} is no file, and no map of {Path(space_path)}",
        f"Maps of the Space: {names}." if names else "Make one: nearspace map SPACE -o map.parquet",
    )


def _recipe(source: Path, entry: bytes | None) -> dict[str, Any]:
    if entry is None:
        raise InputError(
            f"{source} is a Parquet file, but not a map", "Give a file written by `nearspace map`."
        )
    recipe: dict[str, Any] = json.loads(entry)
    if recipe["format"] > VERSION:
        raise FormatVersionError(
            f"{source} has map format {recipe['format']}; this version reads up to {VERSION}",
            "Install a newer nearspace.",
        )
    return recipe
