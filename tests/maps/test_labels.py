import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.maps.labels import place_labels


def _boxes(corners, sizes):
    placed = np.isfinite(corners[:, 0])
    return np.concatenate([corners[placed], corners[placed] + sizes[placed]], axis=1)


def _overlaps(boxes):
    """Pairs of boxes (x0, y0, x1, y1) that share some area."""
    a, b = boxes[:, None], boxes[None]
    apart = (
        (a[..., 2] <= b[..., 0])
        | (b[..., 2] <= a[..., 0])
        | (a[..., 3] <= b[..., 1])
        | (b[..., 3] <= a[..., 1])
    )
    return int((~apart).sum() - len(boxes))


def _place(points, sizes, area, **options):
    gaps = np.full(len(points), 4.0)
    return place_labels(points, sizes, points, area, gaps, **options)


@settings(max_examples=100, deadline=None)
@given(
    m=st.integers(1, 120),
    width=st.integers(60, 500),
    height=st.integers(60, 500),
    spread=st.sampled_from([0.01, 0.5, 1.3]),
    padding=st.sampled_from([0.0, 0.5, 3.0]),
    seed=st.integers(0, 10**6),
)
def test_no_label_is_over_another_or_out_of_the_picture(m, width, height, spread, padding, seed):
    rng = np.random.default_rng(seed)
    points = (0.5 + (rng.random((m, 2)) - 0.5) * spread) * (width, height)
    sizes = rng.uniform(3, 90, size=(m, 2))
    corners = _place(points, sizes, (width, height), padding=padding)
    boxes = _boxes(corners, sizes)
    grown = boxes + np.array([-padding, -padding, padding, padding])
    assert _overlaps(grown) == 0
    assert (grown[:, :2] >= 0).all()
    assert (grown[:, 2:] <= (width, height)).all()


@settings(max_examples=50, deadline=None)
@given(m=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_a_label_stands_beside_its_point(m, seed):
    rng = np.random.default_rng(seed)
    points = rng.random((m, 2)) * 400
    sizes = rng.uniform(5, 40, size=(m, 2))
    corners = _place(points, sizes, (400, 400))
    placed = np.isfinite(corners[:, 0])
    nearest = np.clip(points, corners, corners + sizes)
    distance = np.linalg.norm(nearest - points, axis=1)[placed]
    assert (distance > 2.7).all()
    assert (distance < 4.1).all()


def test_the_first_label_wins_the_only_place():
    points = np.full((3, 2), 50.0)
    sizes = np.array([[40.0, 90.0], [90.0, 40.0], [90.0, 40.0]])
    corners = _place(points, sizes, (100, 100))
    assert np.isfinite(corners[:, 0]).tolist() == [True, False, False]
    wide = np.array([[90.0, 40.0], [90.0, 40.0], [90.0, 40.0]])
    corners = _place(np.full((3, 2), 50.0), wide, (100, 100))
    assert np.isfinite(corners[:, 0]).tolist() == [True, True, False]


def test_a_free_point_gets_its_label_at_the_upper_right():
    corners = _place(np.array([[100.0, 100.0]]), np.array([[30.0, 10.0]]), (300, 300))
    assert (corners[0] > 100).all()


def test_labels_keep_off_points_where_they_can():
    crowd = np.random.default_rng(0).uniform((105, 60), (200, 140), size=(300, 2))
    corners = place_labels(
        np.array([[100.0, 100.0]]), np.array([[60.0, 12.0]]), crowd, (300, 300), np.array([4.0])
    )
    assert corners[0, 0] + 60 < 100


def test_no_more_labels_than_asked_for():
    points = np.random.default_rng(1).random((50, 2)) * 1000
    sizes = np.full((50, 2), 10.0)
    for at_most in (0, 7):
        corners = _place(points, sizes, (1000, 1000), at_most=at_most)
        assert np.isfinite(corners[:, 0]).sum() == at_most
    assert np.isfinite(corners[:7, 0]).all()


def test_a_label_larger_than_the_picture_is_left_out():
    assert np.isnan(_place(np.array([[50.0, 50.0]]), np.array([[200.0, 10.0]]), (100, 100))).all()
