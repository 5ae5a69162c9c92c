import os

import numpy as np
import pytest

from nearspace.errors import MissingInputError, SettingError
from nearspace.keys import Keys
from nearspace.maps import thumbnails as module
from nearspace.maps.drawing import draw, figure
from nearspace.maps.scene import arrange
from nearspace.maps.themes import THEMES
from nearspace.maps.thumbnails import open_picture, thumbnails
from nearspace.protocols import Quiet
from nearspace.results import Map

pytestmark = pytest.mark.extras
LIGHT = THEMES["light"]


class Notes(Quiet):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@pytest.fixture
def folder(tmp_path):
    images = pytest.importorskip("PIL.Image")
    root = tmp_path / "pictures"
    (root / "deep").mkdir(parents=True)
    for name, color in (("red.png", "#ff0000"), ("deep/green.jpg", "#00ff00"), ("blue.webp", "#0000ff")):
        images.new("RGB", (60, 40), color).save(root / name)
    images.new("RGB", (60, 40), "#ff0000").save(tmp_path / "outside.png")
    return root.resolve()


def _map(paths, coordinates=None, trust=None):
    n = len(paths)
    spread = np.random.default_rng(0).normal(size=(n, 2)) if coordinates is None else np.array(coordinates)
    trust = np.linspace(1, 0, n) if trust is None else np.array(trust)
    keys = Keys(f"item {row}" for row in range(n))
    columns = {"path": np.array(paths, dtype=object)}
    return Map(keys, spread.astype(np.float32), trust.astype(np.float32), "pca", {}, 0.1, columns)


def _place(laid_out, folder, column="path", progress=Quiet(), fine=1):  # noqa: B008
    scene = arrange(laid_out, (800, 700), (-60, 12))
    taken = np.zeros((700, 800), dtype=bool)
    colors = np.zeros((len(laid_out), 3))
    return thumbnails(laid_out, scene, (column, folder), colors, taken, LIGHT, progress, fine=fine), taken


def test_pictures_are_cut_square_and_keep_their_colours(folder):
    for name, color in (
        ("red.png", (255, 0, 0)),
        ("deep/green.jpg", (0, 255, 0)),
        ("blue.webp", (0, 0, 255)),
    ):
        pixels = open_picture(folder, name, 20, LIGHT)
        assert pixels.shape == (20, 20, 3)
        assert np.abs(pixels.astype(int) - color).max() < 8


def test_transparent_pictures_lie_on_the_paper(folder):
    images = pytest.importorskip("PIL.Image")
    images.new("RGBA", (30, 30), (255, 0, 0, 0)).save(folder / "glass.png")
    assert (open_picture(folder, "glass.png", 10, LIGHT) == 255).all()
    assert (open_picture(folder, "glass.png", 10, THEMES["dark"]) == [0x11, 0x15, 0x1C]).all()


def test_nothing_outside_of_the_folder_is_opened(folder, monkeypatch):
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    (folder / "deep" / "away").symlink_to(folder.parent)
    for path in (
        "../outside.png",
        str(folder.parent / "outside.png"),
        "link.png",
        "deep/away/outside.png",
        "deep/../../outside.png",
    ):
        assert open_picture(folder, path, 20, LIGHT) is None, path
    assert open_picture(folder, "deep/../red.png", 20, LIGHT) is not None
    assert open_picture(folder, str(folder / "red.png"), 20, LIGHT) is not None


def test_what_is_no_picture_is_passed_over(folder, monkeypatch):
    images = pytest.importorskip("PIL.Image")
    (folder / "text.png").write_bytes(b"not a picture")
    whole = (folder / "red.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    images.new("RGB", (60, 40)).save(folder / "other.bmp")
    images.new("RGB", (60, 40)).save(folder / "disguised.png", format="TIFF")
    for path in (
        "text.png",
        "cut.png",
        "other.bmp",
        "disguised.png",
        "",
        ".",
        "deep",
        "a\0b",
        "x" * 5000,
        "no.png",
    ):
        assert open_picture(folder, path, 20, LIGHT) is None, path
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")  # reading it would never end
        assert open_picture(folder, "pipe.png", 20, LIGHT) is None
    monkeypatch.setattr(module, "PIXELS", 60 * 40 - 1)
    assert open_picture(folder, "red.png", 20, LIGHT) is None


def test_a_bomb_is_not_decoded(folder):
    """A PNG that says it has 60,000 x 60,000 pixels."""
    import struct
    import zlib

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    body = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    assert open_picture(folder, "bomb.png", 20, LIGHT) is None


def test_pictures_do_not_overlap_and_the_most_trusted_come_first(folder):
    laid_out = _map(["red.png"] * 300)
    placed, taken = _place(laid_out, folder)
    scene = arrange(laid_out, (800, 700), (-60, 12))
    assert len(placed.rows) > 20
    assert placed.rows[0] == 0
    assert (np.diff(placed.rows) > 0).all()  # trust falls with the row
    side = round(module.SIDE * scene.unit)
    middles = scene.points[placed.rows]
    gaps = np.abs(middles[:, None] - middles[None]).max(axis=2)
    assert gaps[~np.eye(len(gaps), dtype=bool)].min() >= side
    opaque = placed.pixels[:, :, 3] > 0
    assert opaque.sum() == len(placed.rows) * side**2
    assert taken[::-1][opaque].all()
    assert set(np.unique(placed.pixels[:, :, 3])) == {0, 255}


def test_occupied_room_stays_free_of_pictures(folder):
    laid_out = _map(["red.png"] * 3)
    scene = arrange(laid_out, (800, 700), (-60, 12))
    taken = np.ones((700, 800), dtype=bool)
    placed = thumbnails(laid_out, scene, ("path", folder), np.zeros((3, 3)), taken, LIGHT, Quiet())
    assert len(placed.rows) == 0
    assert not placed.pixels.any()


def test_missing_pictures_stay_points_and_are_counted_once(folder):
    notes = Notes()
    paths = ["no.png", "red.png", None, "../outside.png"]
    laid_out = _map(paths, [[0, 0], [1, 0], [0, 1], [1, 1]])
    scene = arrange(laid_out, (800, 700), (-60, 12))
    inside = scene.points * 0.5 + 200
    scene = type(scene)(**{**vars(scene), "points": inside})
    taken = np.zeros((700, 800), dtype=bool)
    placed = thumbnails(laid_out, scene, ("path", folder), np.zeros((4, 3)), taken, LIGHT, notes)
    assert placed.rows.tolist() == [1]
    assert notes.notes == [
        "3 pictures are missing, broken or outside of pictures, and are drawn as points (first: 'no.png')"
    ]


def test_a_picture_of_pictures_has_the_same_bytes_again(folder, tmp_path):
    pytest.importorskip("matplotlib")
    laid_out = _map(["red.png", "deep/green.jpg", "blue.webp"] * 20)
    options = {"thumbnails": "path", "images": folder, "size": (700, 600)}
    for suffix in ("png", "svg", "pdf"):
        one = draw(laid_out, tmp_path / f"a.{suffix}", **options).read_bytes()
        assert one == draw(laid_out, tmp_path / f"b.{suffix}", **options).read_bytes()
    shown = pytest.importorskip("matplotlib.image").imread(tmp_path / "a.png")[:, :, :3]
    assert (np.abs(shown - [1, 0, 0]).max(axis=2) < 0.05).sum() > 500


def test_bad_sources_are_refused(folder):
    pytest.importorskip("matplotlib")
    laid_out = _map(["red.png"] * 5)
    with pytest.raises(SettingError, match="thumbnails is 'picture', which is no column") as caught:
        figure(laid_out, thumbnails="picture", images=folder)
    assert caught.value.hint == "Accepted: key, path."
    with pytest.raises(SettingError, match="thumbnails is given alone"):
        figure(laid_out, thumbnails="path")
    with pytest.raises(SettingError, match="images is given alone"):
        figure(laid_out, images=folder)
    with pytest.raises(MissingInputError, match="the folder of images 'nowhere' does not exist"):
        figure(laid_out, thumbnails="path", images="nowhere")
    with pytest.raises(MissingInputError, match="does not exist"):
        figure(laid_out, thumbnails="path", images=folder / "red.png")


def test_keys_may_be_the_paths(folder):
    laid_out = Map(
        Keys(["red.png", "blue.webp", "none.png", "four"]),
        np.array([[0, 0], [1, 1], [0.5, 0.4], [0.5, 0.6]], np.float32),
        np.ones(4, np.float32),
        "pca",
    )
    scene = arrange(laid_out, (800, 700), (-60, 12))
    scene = type(scene)(**{**vars(scene), "points": scene.points * 0.5 + 200})
    taken = np.zeros((700, 800), dtype=bool)
    placed = thumbnails(laid_out, scene, ("key", folder), np.zeros((4, 3)), taken, LIGHT, Quiet(), fine=2)
    assert sorted(placed.rows.tolist()) == [0, 1]
    assert placed.pixels.shape == (1400, 1600, 4)
