"""map from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nearspace.cli.main import main
from nearspace.keys import Keys
from nearspace.maps.parquet import open_map, save_in
from nearspace.space import Space
from nearspace.store.folder import save
from nearspace.store.reports import kept_reports


def call(*args: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clusters of 20 words, far from each other."""
    random = np.random.default_rng(1)
    centres = np.repeat(np.eye(3, 8) * 10, 20, axis=0)
    vectors = (centres + random.normal(size=(60, 8))).astype(np.float32)
    path = tmp_path_factory.mktemp("clusters") / "clusters.space"
    save(Space(Keys(f"{group}{number}" for group in "abc" for number in range(20)), vectors), path)
    return path


def test_a_map_as_parquet(clusters: Path, tmp_path: Path) -> None:
    result = call("map", clusters, "-o", tmp_path / "m.parquet", "--method", "pca", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert told["outputs"] == [str(tmp_path / "m.parquet")]
    assert (told["count"], told["dim"], told["method"]) == (60, 2, "pca")
    assert told["chance"] < told["trust"] <= 1
    laid_out = open_map(tmp_path / "m.parquet")
    assert laid_out.coordinates.shape == (60, 2)
    assert told["trust"] == pytest.approx(float(laid_out.trust.mean()), abs=1e-4)


def test_a_map_without_a_file_is_kept_with_the_space(clusters: Path, tmp_path: Path) -> None:
    told = json.loads(call("map", clusters, "--method", "pca", "--json").stdout)
    assert told["outputs"] == [str(clusters / "maps" / "pca.parquet")]
    assert len(open_map(clusters / "maps" / "pca.parquet")) == 60
    told = json.loads(call("map", clusters, "--method", "pca", "--dim", "3", "--json").stdout)
    assert told["outputs"] == [str(clusters / "maps" / "pca-3d.parquet")]
    file = tmp_path / "m.parquet"
    told = json.loads(call("map", clusters, "-o", file, "--method", "pca", "--name", "mine", "--json").stdout)
    assert told["outputs"] == [str(file), str(clusters / "maps" / "mine.parquet")]
    refused = call("map", clusters, "--name", "../mine")
    assert refused.exit_code == 2 and "name of a map" in refused.stderr


def test_umap_with_its_neighbours(clusters: Path, tmp_path: Path) -> None:
    given = ("--method", "umap", "--neighbors", "7", "--seed", "3", "--dim", "3")
    result = call("map", clusters, "-o", tmp_path / "m.parquet", *given, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    laid_out = open_map(tmp_path / "m.parquet")
    assert (laid_out.method, laid_out.coordinates.shape) == ("umap", (60, 3))
    assert (laid_out.settings["neighbors"], laid_out.settings["seed"]) == (7, 3)
    assert laid_out.trust.mean() > 3 * laid_out.chance


def test_what_is_told_of_the_points(clusters: Path, tmp_path: Path) -> None:
    given = ("--method", "umap", "--neighbors", "7", "--stability", "2")
    result = call("map", clusters, "-o", tmp_path / "m.parquet", *given, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told, laid_out = json.loads(result.stdout), open_map(tmp_path / "m.parquet")
    assert sorted(laid_out.details) == ["false", "stability", "torn"]
    for name, values in laid_out.details.items():
        assert told[name] == pytest.approx(float(values.mean()), abs=1e-4)
    assert told["torn"] < 0.2 and told["false"] < 0.2 and told["stability"] > 3 * told["chance"]
    result = call("map", clusters, "-o", tmp_path / "n.parquet", "--method", "pca", "--stability", "2")
    assert result.exit_code == 2 and "nothing is random in the method 'pca'" in result.stderr


@pytest.mark.extras
def test_regions_and_what_names_them(clusters: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    told = {}
    for name, given in {"plain": [], "regions": ["--regions"], "names": ["--names", "key"]}.items():
        output = tmp_path / f"{name}.parquet"
        result = call("map", clusters, "-o", output, "--method", "pca", *given, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        told[name] = json.loads(result.stdout).get("regions")
    assert told == {"plain": None, "regions": [3], "names": [3]}
    (level,) = open_map(tmp_path / "names.parquet").regions
    assert sorted(name[0] for name in level.names) == ["a", "b", "c"]
    wrong = call("map", clusters, "-o", tmp_path / "w.parquet", "--method", "pca", "--names", "topic")
    assert wrong.exit_code == 2 and "names is 'topic'" in wrong.stderr


def test_three_dimensions_and_some_keys(clusters: Path, tmp_path: Path) -> None:
    args = ["map", clusters, "-o", tmp_path / "m.parquet", "--method", "pca", "--dim", "3"]
    result = call(*args, "--keys", "b3", "--keys", "-", stdin="a1\nc2\na5\n")
    assert result.exit_code == 0, result.stderr
    laid_out = open_map(tmp_path / "m.parquet")
    assert list(laid_out.keys) == ["b3", "a1", "c2", "a5"]
    assert laid_out.coordinates.shape == (4, 3)


def test_limit(clusters: Path, tmp_path: Path) -> None:
    call("map", clusters, "-o", tmp_path / "m.parquet", "--method", "pca", "--limit", "10")
    assert len(open_map(tmp_path / "m.parquet")) == 10


@pytest.mark.extras
def test_pictures_by_suffix(clusters: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    outputs = [tmp_path / name for name in ("m.png", "m.svg", "m.parquet")]
    flags = [part for output in outputs for part in ("-o", output)]
    result = call("map", clusters, *flags, "--seed", "3", "--labels", "5")
    assert (result.exit_code, result.stderr) == (0, "")
    assert outputs[0].read_bytes().startswith(b"\x89PNG\r\n")
    assert b"<svg" in outputs[1].read_bytes()
    groups = np.array([key[0] for key in open_map(outputs[2]).keys])
    points = open_map(outputs[2]).coordinates
    middles = np.stack([points[groups == group].mean(axis=0) for group in "abc"])
    nearest = np.linalg.norm(points[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (np.array(list("abc"))[nearest] == groups).mean() > 0.95


@pytest.mark.extras
def test_the_look_of_pictures(clusters: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    images = pytest.importorskip("PIL.Image")
    for number in range(20):
        images.new("RGB", (30, 30), "red").save(
            tmp_path / f"a{number}", "PNG"
        )  # no suffix: the content counts
    (tmp_path / "b0").write_bytes(b"no picture")
    args = ("map", clusters, "--method", "pca", "--theme", "dark", "--fade", "--labels", "0")
    shown = ("--thumbnails", "key", "--images", tmp_path)
    result = call(*args, "-o", tmp_path / "m.png", "-o", tmp_path / "m.pdf", *shown)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "m.pdf").read_bytes().startswith(b"%PDF-")
    pixels = np.asarray(images.open(tmp_path / "m.png").convert("RGB")).astype(int)
    assert pixels[0, 0].tolist() == [0x11, 0x15, 0x1C]
    assert (np.abs(pixels - [255, 0, 0]).max(axis=2) < 9).sum() > 1000
    again = call(*args, "-o", tmp_path / "again.pdf", *shown)
    assert again.exit_code == 0, again.stderr
    assert (tmp_path / "m.pdf").read_bytes() == (tmp_path / "again.pdf").read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--theme", "sepia"), ["'sepia' is not one of 'light', 'dark'"]),
        (("--color", "shape"), ["color is 'shape'", "Accepted: trust"]),
        (("--thumbnails", "key"), ["thumbnails is given alone", "the folder that they are relative to"]),
        (("--thumbnails", "photo", "--images", "."), ["thumbnails is 'photo'", "Accepted: key"]),
    ],
)
@pytest.mark.extras
def test_a_look_that_cannot_be_is_refused(
    clusters: Path, tmp_path: Path, options: tuple[str, ...], words: list[str]
) -> None:
    pytest.importorskip("matplotlib")
    result = call("map", clusters, "-o", tmp_path / "m.png", "--method", "pca", *options)
    assert result.exit_code == 2
    for word in words:
        assert word in result.stderr
    assert not (tmp_path / "m.png").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("m.gif", ["cannot be written as", ".png, .svg, .pdf, .parquet"]),
        ("taken.png", ["exists already", "--overwrite"]),
        ("gone/m.png", ["Create the folder"]),
    ],
)
def test_an_output_is_checked_before_the_work(tmp_path: Path, name: str, words: list[str]) -> None:
    (tmp_path / "taken.png").write_bytes(b"mine")
    result = call("map", tmp_path / "no-space-here", "-o", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    for word in words:
        assert word in result.stderr
    assert (tmp_path / "taken.png").read_bytes() == b"mine"


def test_a_missing_package_is_named(clusters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nearspace.optional.importlib.util.find_spec", lambda name: None)
    result = call("map", clusters, "-o", tmp_path / "m.png", "--method", "pca", "--json")
    assert result.exit_code == 2
    error = json.loads(result.stderr)["error"]
    assert error["kind"] == "missing_extra"
    assert "nearspace[maps]" in error["hint"]
    assert not (tmp_path / "m.png").exists()


def test_a_map_is_measured_by_file_and_by_name(clusters: Path, tmp_path: Path) -> None:
    call("map", clusters, "-o", tmp_path / "m.parquet", "--method", "pca")
    result = call("measure", clusters, "--map", tmp_path / "m.parquet", "-k", "5", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    measures = {one["name"]: one for one in json.loads(result.stdout)["measures"]}
    assert measures["map.trustworthiness@5"]["value"] > 0.8
    assert measures["map.trustworthiness@5"]["baseline"]["random"] < 0.6
    save_in(clusters, open_map(tmp_path / "m.parquet"), "plain")
    named = call("measure", clusters, "--map", "plain", "-k", "5", "--json")
    assert named.stdout == result.stdout
    wrong = call("measure", clusters, "--map", "plan")
    assert wrong.exit_code == 2
    assert "'plan' is no file" in wrong.stderr and "Maps of the Space: " in wrong.stderr
    assert "plain" in wrong.stderr
    for more in (["--words", "wordsim353"], ["--index", "exact"]):
        assert "stands alone" in call("measure", clusters, "--map", "plain", *more).stderr
    assert "--labels is for --map" in call("measure", clusters, "--labels", "topic").stderr
    call("measure", clusters, "--map", "plain", "-k", "5", "--save")
    assert [one.name for one in kept_reports(clusters)["map-plain"]] == list(measures)
