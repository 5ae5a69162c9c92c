import numpy as np
import pytest

from nearspace.keys import Keys
from nearspace.maps.colors import coloring
from nearspace.maps.density import FULL, PALEST, density
from nearspace.maps.scene import arrange
from nearspace.maps.themes import THEMES, rgb
from nearspace.results import Map

SIZE = (600, 500)


def _map(coordinates, trust=None, **columns):
    n = len(coordinates)
    trust = np.linspace(0, 1, n) if trust is None else trust
    keys = Keys(str(row) for row in range(n))
    return Map(keys, coordinates.astype(np.float32), trust.astype(np.float32), "pca", {}, 0.1, columns)


def _drawn(laid_out, color="trust", near=None, **options):
    scene = arrange(laid_out, SIZE, (-60, 12))
    near = np.ones(len(laid_out)) if near is None else near
    return scene, density(scene, coloring(laid_out, color), near, **options)


@pytest.mark.parametrize("dim", [2, 3])
def test_neither_workers_nor_the_order_of_points_change_a_byte(dim):
    points = np.random.default_rng(0).normal(size=(5000, dim))
    laid_out = _map(points)
    pictures = [_drawn(laid_out, workers=workers)[1] for workers in (1, 2, 4)]
    mixed = np.random.default_rng(1).permutation(5000)
    pictures.append(_drawn(_map(points[mixed], laid_out.trust[mixed]))[1])
    for other in pictures[1:]:
        assert other.most == pictures[0].most
        np.testing.assert_array_equal(other.pixels, pictures[0].pixels)


def _pixel(scene, row, fine=1):
    x, y = scene.points[row]
    return int((SIZE[1] - y) * fine), int(x * fine)


@pytest.mark.parametrize("fine", [1, 2])
def test_a_lone_point_is_seen_and_many_are_stronger(fine):
    rng = np.random.default_rng(0)
    crowd = rng.normal(scale=0.1, size=(20_000, 2))
    points = np.concatenate([[[10.0, 10.0], [-10.0, -10.0]], crowd])
    scene, drawn = _drawn(_map(points), fine=fine)
    assert drawn.pixels.shape == (SIZE[1] * fine, SIZE[0] * fine, 4)
    opacity = drawn.pixels[:, :, 3] / 255
    lone = opacity[_pixel(scene, 0, fine)]
    assert PALEST - 0.01 <= lone < 0.75
    assert opacity.max() > 0.98
    row, column = _pixel(scene, 0, fine)
    around = opacity[row - 8 * fine : row + 8 * fine, column - 8 * fine : column + 8 * fine]
    assert (around > lone / 4).sum() >= 5 * fine**2  # a dot, not a speck
    assert opacity[10 * fine, 10 * fine] == 0


def test_the_colour_of_a_pixel_is_the_mean_of_its_points():
    points = np.repeat([[0.0, 0.0], [1.0, 1.0]], [4, 4], axis=0)
    trust = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    scene, drawn = _drawn(_map(points, trust))
    middle = coloring(_map(points, np.full(8, 0.5)), "trust").rgb[0]
    np.testing.assert_allclose(drawn.pixels[_pixel(scene, 0)][:3] / 255, middle, atol=0.01)
    np.testing.assert_allclose(
        drawn.pixels[_pixel(scene, 7)][:3] / 255, rgb(THEMES["light"].scale[-1]), atol=0.01
    )
    assert drawn.most == 4


def test_classes_mix_as_light_does_and_a_pure_pixel_has_the_colour_of_the_legend():
    points = np.repeat([[0.0, 0.0], [1.0, 1.0]], [2, 2], axis=0)
    scene, drawn = _drawn(_map(points, kind=np.array(list("abaa"))), "kind")
    pure = drawn.pixels[_pixel(scene, 3)][:3] / 255
    np.testing.assert_allclose(pure, rgb(THEMES["light"].palette[0]), atol=0.01)
    mixed = drawn.pixels[_pixel(scene, 0)][:3] / 255
    low, high = np.sort([rgb(code) for code in THEMES["light"].palette[:2]], axis=0)
    assert ((mixed > low) & (mixed < high)).all()
    assert (mixed > (low + high) / 2).all()  # light, not its coding, is averaged


def test_points_without_a_value_do_not_move_the_mean_and_alone_are_grey():
    points = np.repeat([[0.0, 0.0], [1.0, 1.0]], [2, 2], axis=0)
    scene, drawn = _drawn(_map(points, value=np.array([5.0, np.nan, np.nan, np.nan])), "value")
    known = coloring(_map(points[:1], value=np.array([5.0])), "value").rgb[0]
    np.testing.assert_allclose(drawn.pixels[_pixel(scene, 0)][:3] / 255, known, atol=0.01)
    np.testing.assert_allclose(
        drawn.pixels[_pixel(scene, 3)][:3] / 255, rgb(THEMES["light"].other), atol=0.01
    )


def test_far_points_count_less():
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    scene, drawn = _drawn(_map(points), near=np.array([1.0, 0.3]))
    opacity = drawn.pixels[:, :, 3].astype(int)
    assert opacity[_pixel(scene, 0)] > opacity[_pixel(scene, 1)] > 0
    assert drawn.most == 1
    assert FULL <= 255  # a weight is a byte
