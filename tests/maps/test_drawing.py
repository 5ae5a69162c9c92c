import itertools
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from nearspace.errors import MissingExtraError, OutputError, SettingError, UnknownKeyError
from nearspace.keys import Keys
from nearspace.maps.colors import coloring, on_scale
from nearspace.maps.drawing import draw, figure
from nearspace.maps.perspective import box_edges, look, unit_ball
from nearspace.maps.themes import THEMES, rgb
from nearspace.protocols import Quiet
from nearspace.results import Map

extras = pytest.mark.extras
SCALE = THEMES["light"].scale


def _map(n=200, dim=2, names=None, seed=0, **columns):
    rng = np.random.default_rng(seed)
    return Map(
        Keys(names or [f"label {row}" for row in range(n)]),
        rng.normal(size=(n, dim)).astype(np.float32),
        rng.random(n).astype(np.float32),
        "tsne",
        {"space": "a test", "trust_k": 10},
        10 / (n - 1),
        columns,
    )


def _labels(drawn):
    return [text for axes in drawn.axes for text in axes.texts if str(text.get_label()).startswith("label:")]


def _boxes(drawn):
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(drawn).get_renderer()
    return [text.get_window_extent(renderer) for text in _labels(drawn)]


class Notes(Quiet):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@extras
@pytest.mark.parametrize("size", [(1400, 1200), (520, 480), (500, 900)])
@pytest.mark.parametrize("dim", [2, 3])
def test_drawn_labels_neither_overlap_nor_leave_the_picture(size, dim):
    pytest.importorskip("matplotlib")
    boxes = _boxes(figure(_map(dim=dim), size=size))
    assert len(boxes) >= 15
    for a, b in itertools.combinations(boxes, 2):
        assert a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= size[0]
        assert box.y1 <= size[1]


@extras
@pytest.mark.parametrize("dim", [2, 3])
def test_writes_a_png_of_the_asked_size(tmp_path, dim):
    pytest.importorskip("matplotlib")
    path = draw(_map(dim=dim), tmp_path / "map.png", size=(640, 480))
    from matplotlib.image import imread

    pixels = imread(path)
    assert pixels.shape[:2] == (480, 640)
    assert (pixels[..., :3].std(axis=2) > 0.05).mean() > 0.005  # coloured points, not an empty page
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["map.png"]


@extras
def test_writes_well_formed_svg_and_the_same_bytes_again(tmp_path):
    pytest.importorskip("matplotlib")
    for suffix in ("svg", "png", "pdf"):
        first = draw(_map(), tmp_path / f"a.{suffix}", size=(600, 480)).read_bytes()
        again = draw(_map(), tmp_path / f"b.{suffix}", size=(600, 480)).read_bytes()
        assert first == again
    assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


@extras
def test_an_existing_picture_is_replaced(tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "map.png").write_bytes(b"old")
    assert draw(_map(20), tmp_path / "map.png", size=(480, 480)).read_bytes()[:4] == b"\x89PNG"


@extras
def test_the_number_of_labels_and_their_choice():
    pytest.importorskip("matplotlib")
    laid_out = _map()
    assert len(_labels(figure(laid_out, labels=5))) == 5
    assert _labels(figure(laid_out, labels=0)) == []
    shown = {text.get_text() for text in _labels(figure(laid_out, labels=["label 3", "label 150"]))}
    assert shown == {"label 3", "label 150"}


@extras
def test_trusted_and_frequent_points_are_named_first():
    pytest.importorskip("matplotlib")
    laid_out = _map(400)
    rows = [int(text.get_label().split(":")[1]) for text in _labels(figure(laid_out, labels=40))]
    assert laid_out.trust[rows].mean() > laid_out.trust.mean() + 0.15
    assert np.mean(rows) < 180


@extras
def test_odd_names_are_drawn_as_they_are():
    pytest.importorskip("matplotlib")
    names = [
        "$\\frac{1}$",
        "a_b^c",
        "naïve",
        "two\nlines\there",
        "x" * 200,
        "Ωμέγα",
        "<&>",
        "  ",
        "100 %",
        "Łódź",
    ]
    notes = Notes()
    drawn = figure(_map(len(names), names=names), labels=names, progress=notes)
    drawn.savefig(__import__("io").BytesIO(), format="svg")
    shown = {text.get_text() for text in _labels(drawn)}
    assert {"$\\frac{1}$", "a_b^c", "naïve", "two lines here", "Ωμέγα", "<&>", "Łódź"} <= shown
    assert max(map(len, shown)) == 32
    assert notes.notes == []


@extras
def test_characters_without_a_font_become_boxes_and_are_told():
    pytest.importorskip("matplotlib")
    names = ["\U000f1234 private", "plain", "more", "words"]
    notes = Notes()
    drawn = figure(_map(4, names=names), labels=names, progress=notes)
    drawn.savefig(__import__("io").BytesIO(), format="png")
    assert "□ private" in {text.get_text() for text in _labels(drawn)}
    assert len(notes.notes) == 1
    assert (
        "1 labels have characters that no installed font has, drawn as boxes (first: □ private)"
        in notes.notes[0]
    )


@extras
def test_cjk_names_raise_no_warning(tmp_path):
    pytest.importorskip("matplotlib")
    draw(_map(4, names=["北京", "東京", "서울", "กรุงเทพ"]), tmp_path / "cities.svg", size=(480, 480))


@extras
def test_asked_labels_without_room_are_told():
    pytest.importorskip("matplotlib")
    names = [f"a rather long name {row}" for row in range(60)]
    laid_out = Map(Keys(names), np.zeros((60, 2), np.float32), np.ones(60, np.float32), "pca", {}, 0.1)
    notes = Notes()
    figure(laid_out, labels=names, progress=notes)
    assert notes.notes[0].endswith("labels found no free place; a larger size has room for more")


@extras
def test_pictures_leave_no_global_state():
    matplotlib = pytest.importorskip("matplotlib")
    before = dict(matplotlib.rcParams)
    imported = "matplotlib.pyplot" in sys.modules
    figure(_map(20))
    assert ("matplotlib.pyplot" in sys.modules) == imported
    assert dict(matplotlib.rcParams) == before


@extras
def test_the_header_says_method_count_trust_and_chance():
    pytest.importorskip("matplotlib")
    laid_out = _map(200)
    texts = [text.get_text() for text in figure(laid_out).axes[0].texts]
    assert "a test" in texts
    line = next(text for text in texts if text.startswith("t-SNE"))
    assert f"200 points  ·  mean trust {laid_out.trust.mean():.2f} (95 % interval " in line
    assert line.endswith("chance 0.05)")
    assert "trust: share of 10 neighbours kept" in texts
    assert "My title" in [text.get_text() for text in figure(laid_out, title="My title").axes[0].texts]


def test_frequent_points_are_larger_and_near_ones_too():
    from nearspace.maps.scene import arrange

    counts = np.geomspace(1e6, 5, 100).astype(int)
    scene = arrange(_map(100, count=counts), (800, 600), (0, 0))
    assert (np.diff(scene.radii) <= 0).all()
    deep = arrange(_map(100, dim=3), (800, 600), (-60, 12))
    order = np.argsort(deep.depth)
    assert (np.diff(deep.radii[order]) <= 0).all()


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("size", [(1400, 1200), (480, 900)])
def test_all_points_are_in_the_picture_at_one_scale(dim, size):
    from nearspace.maps.scene import arrange

    laid_out = _map(dim=dim)
    scene = arrange(laid_out, size, (-60, 12))
    assert (scene.points > 0).all()
    assert (scene.points < size).all()
    if dim == 2:
        ratio = np.ptp(scene.points, axis=0) / np.ptp(laid_out.coordinates, axis=0)
        assert ratio[0] == pytest.approx(ratio[1], rel=1e-5)


def test_looking_from_the_front_keeps_sides_and_shrinks_what_is_far():
    points = np.array(
        [[0, -0.5, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5, 0, 0], [-0.5, 0, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]]
    )
    flat, depth = look(points, (0.0, 0.0))
    np.testing.assert_allclose(flat[:3], [[-0.5, 0], [0.5, 0], [0, 0.5]], atol=1e-12)
    assert depth[3] < depth[0] < depth[4]
    assert flat[5, 0] > flat[1, 0] > flat[6, 0] > 0


def test_the_box_around_points_holds_them_and_leaves_out_the_nearest_corner():
    points, corners = unit_ball(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32))
    assert (np.linalg.norm(corners, axis=1) < 1 + 1e-9).all()
    assert (points >= corners.min(axis=0) - 1e-9).all()
    assert (points <= corners.max(axis=0) + 1e-9).all()
    edges = box_edges(5)
    assert len(edges) == 9
    assert all(5 not in edge for edge in edges)
    for a, b in edges:
        assert (np.abs(corners[a] - corners[b]) > 1e-9).sum() == 1


def test_the_scale_darkens_evenly():
    colors = on_scale(np.linspace(0, 1, 50))
    brightness = colors @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) < 0).all()
    np.testing.assert_allclose(colors[0], rgb(SCALE[0]))
    np.testing.assert_allclose(colors[-1], rgb(SCALE[-1]))


def test_columns_colour_points():
    laid_out = _map(9, count=np.arange(9), kind=np.array(list("aaabbbccd")))
    counts = coloring(laid_out, "count")
    assert counts.ends == ("0", "8")
    np.testing.assert_allclose(counts.rgb[-1], rgb(SCALE[-1]))
    kinds = coloring(laid_out, "kind")
    assert [name for name, _ in kinds.classes] == ["a", "b", "c", "d"]
    assert len({tuple(color) for color in kinds.rgb}) == 4
    many = coloring(_map(30, kind=np.array([f"k{i}" for i in range(30)])), "kind")
    assert many.classes[-1][0] == "20 others"


@extras
@pytest.mark.parametrize("size", [(1400, 1200), (500, 900), (480, 480)])
@pytest.mark.parametrize("color", ["trust", "kind"])
def test_header_and_legend_do_not_run_into_each_other_or_the_labels(size, color):
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = figure(_map(60, kind=np.array(list("abcdef") * 10)), size=size, color=color, title="A title " * 9)
    renderer = FigureCanvasAgg(drawn).get_renderer()
    texts = [text for text in drawn.axes[0].texts if not str(text.get_label()).startswith("rim:")]
    boxes = [text.get_window_extent(renderer) for text in texts]
    for a, b in itertools.combinations(boxes, 2):
        assert a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
    assert min(box.x0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= size[0]


@extras
def test_classes_are_drawn_with_a_legend():
    pytest.importorskip("matplotlib")
    drawn = figure(_map(9, kind=np.array(list("aaabbbccd"))), color="kind", labels=0)
    assert {"a", "b", "c", "d"} <= {text.get_text() for text in drawn.axes[0].texts}


def test_bad_arguments_are_refused_with_what_is_accepted(tmp_path):
    laid_out = _map(20, count=np.arange(20))
    with pytest.raises(SettingError, match=r"drawn as .png, .svg, .pdf, not as 'map.jpg'") as caught:
        draw(laid_out, tmp_path / "map.jpg")
    assert "map.png" in caught.value.hint
    with pytest.raises(SettingError, match=r"drawn as .png, .svg, .pdf"):
        draw(laid_out, tmp_path / "map")
    with pytest.raises(SettingError, match="color is 'shape'") as caught:
        coloring(laid_out, "shape")
    assert caught.value.hint == "Accepted: trust, count."


@extras
def test_bad_drawing_arguments_are_refused(tmp_path):
    pytest.importorskip("matplotlib")
    laid_out = _map(20)
    with pytest.raises(SettingError, match=r"size is \(100, 600\)"):
        figure(laid_out, size=(100, 600))
    with pytest.raises(SettingError, match="labels is -1"):
        figure(laid_out, labels=-1)
    with pytest.raises(SettingError, match="labels is 'label 1'"):
        figure(laid_out, labels="label 1")
    with pytest.raises(UnknownKeyError, match="'nobody' is not a key"):
        figure(laid_out, labels=["nobody"])
    with pytest.raises(OutputError, match=r"cannot write .*nowhere") as caught:
        draw(laid_out, tmp_path / "nowhere" / "map.png", size=(480, 480))
    assert "folder exists" in caught.value.hint
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        draw(laid_out, tmp_path / "folder.png", size=(480, 480))


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="drawing a map needs the package 'matplotlib'") as caught:
        draw(_map(20), tmp_path / "map.png")
    assert "nearspace[maps]" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
