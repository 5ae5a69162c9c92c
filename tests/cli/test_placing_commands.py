"""place, align and map --continue from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nearspace.cli.main import main
from nearspace.keys import Keys
from nearspace.maps.parquet import open_map, save_in
from nearspace.maps.verb import map_space
from nearspace.space import Space
from nearspace.store.folder import open_space, save


def call(*args: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)


def answer(*args: str | Path, stdin: str | None = None) -> dict[str, object]:
    result = call(*args, "--json", stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    told: dict[str, object] = json.loads(result.stdout)
    return told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """all.space of three clusters, its map of 60 rows as file and inside, and new.space of 6 rows."""
    random = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("placing")
    centres = np.tile(np.eye(3, 8) * 10, (30, 1))
    vectors = (centres + random.normal(size=(90, 8))).astype(np.float32)
    save(Space(Keys(f"{'abc'[row % 3]}{row}" for row in range(90)), vectors), path / "all.space")
    save(Space(Keys(f"new {'abc'[row % 3]}{row}" for row in range(6)), vectors[:6] + 0.1), path / "new.space")
    result = call("map", path / "all.space", "-o", path / "m.parquet", "--method", "umap", "--limit", "60")
    assert result.exit_code == 0, result.stderr
    save_in(path / "all.space", open_map(path / "m.parquet"), "clusters")
    return path


def test_the_rest_of_a_space_is_placed(folder: Path, tmp_path: Path) -> None:
    told = answer("place", folder / "m.parquet", folder / "all.space", "-o", tmp_path / "rest.parquet")
    assert (told["count"], told["method"]) == (30, "umap")
    placed, old = open_map(tmp_path / "rest.parquet"), open_map(folder / "m.parquet")
    assert list(placed.keys) == [f"{'abc'[row % 3]}{row}" for row in range(60, 90)]
    gaps = np.linalg.norm(placed.coordinates[:, None] - old.coordinates, axis=2)
    assert [old.keys[int(row)][0] for row in gaps.argmin(axis=1)] == [key[0] for key in placed.keys]


def test_rows_of_another_space_by_the_name_of_a_map(folder: Path, tmp_path: Path) -> None:
    args = ("place", "clusters", folder / "all.space", folder / "new.space", "-o", tmp_path / "new.parquet")
    assert answer(*args)["space"] == str(folder / "new.space")
    assert len(open_map(tmp_path / "new.parquet")) == 6
    answer(*args[:-1], tmp_path / "both.parquet", "--together")
    assert open_map(tmp_path / "both.parquet").columns["placed"].sum() == 6
    assert len(open_map(tmp_path / "both.parquet")) == 66


def test_chosen_rows_are_placed(folder: Path, tmp_path: Path) -> None:
    args = ("place", folder / "m.parquet", folder / "all.space", "-o", tmp_path / "some.parquet")
    answer(*args, "--keys", "a63", "--keys", "-", stdin="b70\n")
    assert list(open_map(tmp_path / "some.parquet").keys) == ["a63", "b70"]
    result = call(*args, "--keys", "a63", "--overwrite", folder / "new.space")
    assert result.exit_code == 2 and "give them, or NEW" in result.stderr


def test_a_map_is_continued(folder: Path, tmp_path: Path) -> None:
    told = answer(
        "map", folder / "all.space", "-o", tmp_path / "grown.parquet", "--continue", folder / "m.parquet"
    )
    assert (told["count"], told["method"]) == (90, "umap")
    grown, old = open_map(tmp_path / "grown.parquet"), open_map(folder / "m.parquet")
    assert grown.settings["kept"] == 60 and grown.settings["moved"] < 0.1
    assert grown.settings["neighbors"] == old.settings["neighbors"]
    answer(
        "map", folder / "all.space", "-o", tmp_path / "l.parquet", "--continue", "clusters", "--limit", "70"
    )
    assert len(open_map(tmp_path / "l.parquet")) == 70
    told = answer("map", folder / "all.space", "--continue", "clusters", "--name", "grown", "--seed", "9")
    assert told["outputs"] == [str(folder / "all.space" / "maps" / "grown.parquet")]
    kept = open_map(folder / "all.space" / "maps" / "grown.parquet")
    assert kept.settings["seed"] == 9 and grown.settings["seed"] == 1
    assert {"torn", "false"} <= told.keys()
    for option in ("dim", "stability"):
        result = call("map", folder / "all.space", "--continue", "clusters", f"--{option}", "3")
        assert result.exit_code == 2 and f"--{option} has no effect with --continue" in result.stderr


def test_maps_are_aligned(folder: Path, tmp_path: Path) -> None:
    space = open_space(folder / "all.space")
    for seed in (1, 2, 3):
        save_in(folder / "all.space", map_space(space, method="umap", seed=seed), f"seed-{seed}")
    one, two, three = (folder / "all.space" / "maps" / f"seed-{seed}.parquet" for seed in (1, 2, 3))
    told = answer("align", two, one, "-o", tmp_path / "a.parquet", "--chance", three)
    assert told["common"] == 90 and told["chance"] == 1
    aligned = open_map(tmp_path / "a.parquet")
    assert told["beyond_chance"] == round(float((aligned.details["moved"] > 0.95).mean()), 4)
    assert np.isfinite(aligned.columns["displacement"]).all()
    told = answer("align", one, one, "-o", tmp_path / "same.parquet")
    assert (told["agree"], told["median"], told["beyond_chance"]) == (1.0, 0.0, None)


@pytest.mark.extras
def test_what_has_moved_is_drawn(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    old = folder / "m.parquet"
    answer("align", old, old, "-o", tmp_path / "a.png", "--color", "moved", "--chance", old)
    answer("place", old, folder / "all.space", "-o", tmp_path / "b.svg", "--together", "--color", "placed")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (
        b"True" not in (tmp_path / "b.svg").read_bytes()[:10] and (tmp_path / "b.svg").stat().st_size > 9000
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("place", "none.parquet", "all.space"), ["'none.parquet' is no file, and no map of all.space"]),
        (("place", "m.parquet", "new.space"), ["does not show the vectors", "continue_map"]),
        (("align", "m.parquet", "none.parquet"), ["there is no map"]),
    ],
)
def test_errors(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], words: list[str]
) -> None:
    monkeypatch.chdir(folder)
    result = call(*args, "-o", tmp_path / "out.parquet")
    assert (result.exit_code, result.stdout) == (2, "")
    for word in words:
        assert word in result.stderr
