import itertools

import numpy as np
import pytest

from nearspace.keys import Keys
from nearspace.maps.drawing import figure
from nearspace.maps.region_captions import fold, middles
from nearspace.results import Map, Regions

extras = pytest.mark.extras


def _map(regions, n=400, dim=2, seed=0):
    rng = np.random.default_rng(seed)
    return Map(
        Keys(f"label {row}" for row in range(n)),
        rng.normal(size=(n, dim)).astype(np.float32),
        rng.random(n).astype(np.float32),
        "umap",
        {"space": "a test"},
        0.03,
        regions=regions,
    )


def _regions(labels, count=None):
    count = int(labels.max()) + 1 if count is None else count
    return Regions(
        labels.astype(np.int32), tuple(f"Region number {at}" for at in range(count)), ((),) * count
    )


def _texts(drawn, kind):
    return [text for text in drawn.axes[0].texts if str(text.get_label()).startswith(f"{kind}:")]


def test_the_middle_of_a_region_lies_in_it():
    """Of a ring the mean and the median lie in the hole; the middle is a point of the ring all the same."""
    angles = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.concatenate([ring, [[0.0, 0.0]], ring * 0.01 + 5]).astype(np.float32)
    labels = np.concatenate([np.zeros(100), [-1], np.full(100, 2)]).astype(np.int32)
    rows, counts = middles(_regions(labels, 4), points)
    assert counts.tolist() == [100, 0, 100, 0]
    assert rows[1] == rows[3] == -1
    assert labels[rows[0]] == 0
    assert labels[rows[2]] == 2


def test_one_far_point_does_not_move_the_middle():
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5], [1e6, 1e6]], dtype=np.float32)
    rows, _ = middles(_regions(np.zeros(6)), points)
    assert rows[0] != 5


def test_names_are_folded_at_spaces_only():
    assert fold("cats") == ("cats",)
    assert fold("cats, dogs, horses, and many other animals") == (
        "cats, dogs, horses,",
        "and many other",
        "animals",
    )
    assert fold("x" * 50) == ("x" * 50,)


@extras
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("size", [(1400, 1200), (520, 480)])
def test_names_of_regions_overlap_neither_each_other_nor_labels(dim, size):
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    laid_out = _map((_regions(np.arange(400) % 9),), dim=dim)
    drawn = figure(laid_out, size=size)
    regions, labels = _texts(drawn, "region"), _texts(drawn, "label")
    assert len(regions) >= 3
    assert len(labels) >= 8
    renderer = FigureCanvasAgg(drawn).get_renderer()
    owners = [text.get_label() for text in (*regions, *labels)]
    boxes = [text.get_window_extent(renderer) for text in (*regions, *labels)]
    for (a, mine), (b, other) in itertools.combinations(zip(boxes, owners, strict=True), 2):
        apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
        assert apart or mine == other  # the lines of one name may touch
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= size[0]
        assert box.y0 >= 0


@extras
def test_the_largest_level_is_named_by_size_and_regions_without_points_or_name_are_not():
    pytest.importorskip("matplotlib")
    labels = np.repeat([0, 1, 3], [300, 60, 40])
    level = Regions(labels.astype(np.int32), ("Large", "Small", "Nobody", " "), ((),) * 4)
    deeper = _regions(np.zeros(400))
    texts = _texts(figure(_map((level, deeper))), "region")
    assert [text.get_text() for text in texts] == ["Large", "Small"]
    assert texts[0].get_size() > texts[1].get_size()


@extras
def test_a_map_without_regions_has_no_names():
    pytest.importorskip("matplotlib")
    assert _texts(figure(_map(())), "region") == []
    assert _texts(figure(_map((_regions(np.full(400, -1), 2),))), "region") == []
