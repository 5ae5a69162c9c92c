import json
import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nearspace.errors import (
    FormatVersionError,
    InputError,
    MissingInputError,
    NotASpaceError,
    OutputError,
    SettingError,
)
from nearspace.keys import Keys
from nearspace.maps.parquet import open_map, save, save_in
from nearspace.results import Map, Regions


def _map(dim=2, n=12, **columns):
    rng = np.random.default_rng(0)
    return Map(
        Keys([f"kéy {row}" for row in range(n)]),
        rng.normal(size=(n, dim)).astype(np.float32),
        rng.random(n).astype(np.float32),
        "pca",
        {"dim": dim, "explained": [0.5, 0.25]},
        0.1,
        columns,
    )


@pytest.mark.parametrize("dim", [2, 3])
def test_what_is_saved_comes_back(tmp_path, dim):
    laid_out = _map(dim, count=np.arange(12), x=np.array([f"class {i}" for i in range(12)]))
    found = open_map(save(laid_out, tmp_path / "map.parquet"))
    assert found.keys == laid_out.keys
    assert found.coordinates.tobytes() == laid_out.coordinates.tobytes()
    assert found.trust.tobytes() == laid_out.trust.tobytes()
    assert (found.method, found.settings, found.chance) == ("pca", laid_out.settings, 0.1)
    assert list(found.columns) == ["count", "x"]
    assert found.columns["count"].tolist() == list(range(12))
    assert found.columns["x"].tolist() == laid_out.columns["x"].tolist()


def test_details_and_regions_come_back(tmp_path):
    plain = _map(**{"trust.torn": np.arange(12), "count": np.arange(12)})
    regions = Regions(np.arange(12, dtype=np.int32) % 3 - 1, ("cats, dogs", "1900"), (("cats", "dogs"), ()))
    torn = np.linspace(0, 1, 12, dtype=np.float32)
    path = save(replace(plain, details={"torn": torn}, regions=(regions,)), tmp_path / "map.parquet")
    names = pq.read_table(path).column_names
    assert names == ["key", "x", "y", "trust", "trust.torn", "region.0", "columns.trust.torn", "count"]
    found = open_map(path)
    assert found.details["torn"].tobytes() == torn.tobytes()
    assert found.columns["trust.torn"].tolist() == list(range(12))
    assert [one.labels.tolist() for one in found.regions] == [regions.labels.tolist()]
    assert (found.regions[0].names, found.regions[0].terms) == (regions.names, regions.terms)
    assert len(found.regions[0]) == 2


def test_anybody_can_read_the_file(tmp_path):
    table = pq.read_table(save(_map(3, count=np.arange(12), trust=np.ones(12)), tmp_path / "map.parquet"))
    assert table.column_names == ["key", "x", "y", "z", "trust", "count", "columns.trust"]
    recipe = json.loads(table.schema.metadata[b"nearspace.map"])
    assert recipe["method"] == "pca"
    assert recipe["settings"]["dim"] == 3


def test_the_same_map_gives_the_same_bytes(tmp_path):
    assert (
        save(_map(), tmp_path / "a.parquet").read_bytes() == save(_map(), tmp_path / "b.parquet").read_bytes()
    )


def test_an_existing_map_is_kept_unless_told(tmp_path):
    path = save(_map(), tmp_path / "map.parquet")
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"map.parquet exists already") as caught:
        save(_map(3), path)
    assert "--overwrite" in caught.value.hint
    assert path.read_bytes() == before
    assert open_map(save(_map(3), path, overwrite=True)).coordinates.shape == (12, 3)


def test_a_failed_write_leaves_the_old_map(tmp_path, monkeypatch):
    path = save(_map(), tmp_path / "map.parquet")
    before = path.read_bytes()

    def full(table, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OutputError, match=r"cannot write .*map.parquet: No space left on device"):
        save(_map(3), path, overwrite=True)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["map.parquet"]


def test_a_map_goes_into_a_space_folder(tmp_path):
    (tmp_path / "space.json").write_text("{}")
    path = save_in(tmp_path, _map(), "pca")
    assert path == tmp_path / "maps" / "pca.parquet"
    assert len(open_map(path)) == 12
    save_in(tmp_path, _map(), "pca")
    with pytest.raises(OutputError, match="exists already"):
        save_in(tmp_path, _map(), "pca", overwrite=False)
    for name in ("", "../pca", "a/b", ".hidden"):
        with pytest.raises(SettingError, match="the name of a map is"):
            save_in(tmp_path, _map(), name)


def test_bad_targets_are_refused(tmp_path):
    with pytest.raises(NotASpaceError, match="is not a saved Space"):
        save_in(tmp_path, _map(), "pca")
    with pytest.raises(SettingError, match=r"saved as .parquet, not as 'map.csv'") as caught:
        save(_map(), tmp_path / "map.csv")
    assert "map.parquet" in caught.value.hint
    with pytest.raises(OutputError, match=r"cannot write .*nowhere"):
        save(_map(), tmp_path / "nowhere" / "map.parquet")


def test_bad_sources_are_refused(tmp_path):
    with pytest.raises(MissingInputError, match="there is no map"):
        open_map(tmp_path / "none.parquet")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match=r"broken.parquet is not a readable Parquet file"):
        open_map(broken)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": [1.0]}), other)
    with pytest.raises(InputError, match=r"other.parquet is a Parquet file, but not a map"):
        open_map(other)
    newer = tmp_path / "newer.parquet"
    pq.write_table(
        pa.table({"x": [1.0]}).replace_schema_metadata({b"nearspace.map": b'{"format": 99}'}), newer
    )
    with pytest.raises(FormatVersionError, match="map format 99; this version reads up to 1"):
        open_map(newer)
