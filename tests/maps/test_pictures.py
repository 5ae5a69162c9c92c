"""Whole pictures: themes, PDF, fading, very many points, and what has no place."""

import re
import zlib

import numpy as np
import pytest

from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.maps import drawing
from nearspace.maps.dots import presence
from nearspace.maps.drawing import draw, figure
from nearspace.maps.scene import COVERED, arrange
from nearspace.maps.themes import THEMES, rgb
from nearspace.protocols import Quiet
from nearspace.results import Map, Regions

extras = pytest.mark.extras


def _map(n=300, dim=2, seed=0, coordinates=None, **columns):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, dim)) if coordinates is None else coordinates
    labels = (np.arange(n) % 3).astype(np.int32)
    return Map(
        Keys(f"label {row}" for row in range(n)),
        points.astype(np.float32),
        rng.integers(0, 11, n).astype(np.float32) / 10,
        "umap",
        {"space": "a test", "trust_k": 10},
        0.01,
        columns,
        regions=(Regions(labels, ("North", "South", "West"), ((),) * 3),),
    )


class Notes(Quiet):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def objects(pdf):
    """Number -> bytes of every object of a PDF, by its table of cross-references."""
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    table = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", pdf)[1])
    head = re.match(rb"xref\n0 (\d+)\s*\n", pdf[table:])
    lines = pdf[table + head.end() :].split(b"\n")[: int(head[1])]
    found = {}
    for number, line in enumerate(lines):
        offset, _, kind = line.split()
        if kind == b"n":
            start = int(offset)
            opening = b"%d 0 obj" % number
            assert pdf[start : start + len(opening)] == opening
            found[number] = pdf[start : pdf.index(b"endobj", start)]
    return found


def stream(body):
    return zlib.decompress(body[body.index(b"stream\n") + 7 : body.rindex(b"\nendstream")])


@extras
def test_a_pdf_is_whole_and_its_text_is_text(tmp_path):
    pytest.importorskip("matplotlib")
    pdf = draw(_map(), tmp_path / "map.pdf", size=(720, 576), labels=20).read_bytes()
    found = objects(pdf)
    page = next(body for body in found.values() if re.search(rb"/Type /Page\b", body))
    assert b"/MediaBox [ 0 0 518.4 414.72 ]" in page  # 72 for 100 pixels
    assert any(b"/FontFile2" in body for body in found.values())
    contents = [stream(body) for body in found.values() if b"FlateDecode" in body]
    assert max(len(re.findall(rb"\sT[jJ]\s", content)) for content in contents) >= 20
    for secret in (b"/CreationDate", b"/ModDate", b"/Producer", b"/Creator", b"/ID"):
        assert secret not in pdf


@extras
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
@pytest.mark.parametrize("dim", [2, 3])
def test_dense_pictures_have_the_same_bytes_again_and_one_raster(tmp_path, monkeypatch, suffix, dim):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(drawing, "DENSE", 1000)
    laid_out = _map(1500, dim=dim, kind=np.array(list("abc") * 500))
    options = {"color": "kind", "theme": "dark", "fade": True, "size": (600, 500)}
    one = draw(laid_out, tmp_path / f"a.{suffix}", **options).read_bytes()
    assert one == draw(laid_out, tmp_path / f"b.{suffix}", **options).read_bytes()
    if suffix == "svg":
        assert one.count(b"<image") == 1
        assert one.count(b"<use") < 3000  # letters and the points that have a name
        assert b"<dc:date>" not in one
    if suffix == "pdf":
        images = [body for body in objects(one).values() if b"/Subtype /Image" in body and b"/SMask" in body]
        assert len(images) == 1
        assert b"/Width 1200" in images[0]  # two pixels for one of the picture


@extras
def test_a_dense_picture_says_what_its_shades_mean(monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(drawing, "DENSE", 100)
    texts = " ".join(text.get_text() for text in figure(_map()).axes[0].texts)
    assert "darker: more points" in texts
    texts = " ".join(text.get_text() for text in figure(_map(), theme="dark").axes[0].texts)
    assert "brighter: more points" in texts


@extras
@pytest.mark.parametrize("name", THEMES)
def test_the_paper_and_every_text_have_the_colours_of_the_theme(tmp_path, name):
    pytest.importorskip("matplotlib")
    from matplotlib.colors import to_hex
    from matplotlib.image import imread

    theme = THEMES[name]
    drawn = figure(_map(kind=np.array(list("abc") * 100)), color="kind", theme=name)
    colors = {
        to_hex(text.get_color())
        for text in drawn.axes[0].texts
        if not str(text.get_label()).startswith("rim:")
    }
    assert colors == {theme.ink, theme.quiet, theme.faint}
    pixels = imread(draw(_map(), tmp_path / "a.png", size=(600, 500), theme=name))
    np.testing.assert_allclose(pixels[2, 2, :3], rgb(theme.paper), atol=0.003)
    assert (np.abs(pixels[..., :3] - rgb(theme.paper)).max(axis=2) < 0.003).mean() > 0.5


def test_points_fade_with_depth_and_on_request_with_trust():
    flat = arrange(_map(), (600, 500), (0, 0))
    assert (presence(flat, None) == 1).all()
    trust = np.linspace(0, 1, 300, dtype=np.float32)
    faded = presence(flat, trust)
    assert (np.diff(faded) > 0).all()
    assert 0.2 < faded[0] < 0.3
    assert faded[-1] == 1
    deep = arrange(_map(dim=3), (600, 500), (-60, 12))
    order = np.argsort(deep.depth)
    assert (np.diff(presence(deep, None)[order]) <= 0).all()
    assert np.isfinite(presence(flat, np.full(300, np.nan))).all()


@extras
def test_faded_pictures_are_paler(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    plain, faded = (
        imread(draw(_map(), tmp_path / f"{fade}.png", size=(600, 500), fade=fade, labels=0))[..., :3].mean()
        for fade in (False, True)
    )
    assert faded > plain


@pytest.mark.parametrize("n", [50, 10_000, 40_000])
def test_points_shrink_until_they_cover_a_share_of_where_they_are(n):
    """Evenly spread points: their area is the room, and all together they cover the share of it."""
    rng = np.random.default_rng(0)
    scene = arrange(_map(n, coordinates=rng.random((n, 2))), (1400, 1200), (0, 0))
    area = np.ptp(scene.points, axis=0).prod()
    covered = (np.pi * scene.radii**2).sum() / area
    assert covered < 1.4 * COVERED
    if n == 10_000:
        assert covered > 0.6 * COVERED
    assert 0.5 <= scene.opacity <= 1


def test_crowded_points_are_smaller_and_paler_than_spread_ones():
    rng = np.random.default_rng(0)
    spread = arrange(_map(20_000, coordinates=rng.random((20_000, 2))), (1400, 1200), (0, 0))
    crowded = rng.normal(scale=0.02, size=(20_000, 2))
    crowded[0], crowded[1] = (-1, -1), (1, 1)
    dense = arrange(_map(20_000, coordinates=crowded), (1400, 1200), (0, 0))
    assert dense.radii[0] < spread.radii[0]
    assert dense.opacity < spread.opacity


@extras
def test_points_without_a_place_are_left_out_and_told():
    pytest.importorskip("matplotlib")
    points = np.random.default_rng(0).normal(size=(300, 2))
    points[3] = np.nan
    points[7, 1] = np.inf
    notes = Notes()
    drawn = figure(_map(coordinates=points), labels=["label 3", "label 5"], progress=notes)
    assert "2 points have no finite coordinates and are left out" in notes.notes
    shown = {text.get_text() for text in drawn.axes[0].texts if str(text.get_label()).startswith("label:")}
    assert shown == {"label 5"}


@extras
@pytest.mark.parametrize("n", [0, 4])
def test_a_map_without_any_place_is_refused(n):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match="no point with finite coordinates"):
        figure(_map(n, coordinates=np.full((n, 2), np.nan)))


@extras
@pytest.mark.parametrize("dim", [2, 3])
def test_one_point_and_identical_points_can_be_drawn(tmp_path, dim):
    pytest.importorskip("matplotlib")
    for n in (1, 30):
        draw(_map(n, coordinates=np.ones((n, dim))), tmp_path / f"{n}.png", size=(480, 480))


@extras
def test_an_unknown_theme_and_column_are_refused(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(SettingError, match="theme is 'sepia'"):
        draw(_map(), tmp_path / "a.png", theme="sepia")
    with pytest.raises(SettingError, match="color is 'shape', which is no column of the map"):
        draw(_map(), tmp_path / "a.png", color="shape")
    assert list(tmp_path.iterdir()) == []
