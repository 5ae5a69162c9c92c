"""Can colours be told apart, also by colour-blind readers, and does each kind of column get its own?"""

import datetime
import itertools

import numpy as np
import pytest

from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.maps.colors import STEPS, coloring, on_scale
from nearspace.maps.themes import THEMES, from_linear, rgb, theme_of, to_linear
from nearspace.results import Map

# Machado, Oliveira, Fernandes 2009: linear light as seen by readers who lack one kind of cones (severity 1)
VISION = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
APART = {"light": 12.0, "dark": 10.0}  # least CIEDE2000 of any two classes; 2 is just noticeable


def lab(light):
    shares = light @ XYZ.T / XYZ.sum(axis=1)
    f = np.where(shares > 216 / 24389, np.cbrt(shares), (24389 / 27 * shares + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one, other):
    """Sharma, Wu, Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    middle = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(middle**7 / (middle**7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    dl = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    angle = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(angle)
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))


def seen(code, vision):
    return lab(np.clip(np.array(VISION[vision]) @ to_linear(rgb(code)), 0, 1))


def contrast(one, other):
    light, dark = sorted((float(to_linear(rgb(code)) @ XYZ[1]) for code in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_distance_of_colours_is_that_of_the_paper():
    """Pairs 1, 9, 17 and 25 of the test data of Sharma, Wu, Dalal."""
    for one, other, distance in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert ciede2000(one, other) == pytest.approx(distance, abs=1e-4)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_any_two_classes_and_the_others_can_be_told_apart(name, vision):
    theme = THEMES[name]
    colors = [seen(code, vision) for code in (*theme.palette, theme.other)]
    assert len(theme.palette) == 10
    nearest = min(ciede2000(a, b) for a, b in itertools.combinations(colors, 2))
    assert nearest >= (20 if vision == "normal" else APART[name])


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_the_scale_goes_evenly_away_from_the_paper_for_every_reader(name, vision):
    theme = THEMES[name]
    lightness = np.array([seen(stop, vision)[0] for stop in theme.scale])
    steps = np.diff(lightness) * (1 if name == "dark" else -1)
    assert (steps > 5).all()
    assert steps.max() < 1.5 * steps.min()


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read_and_colours_stand_out_from_the_paper(name):
    theme = THEMES[name]
    assert contrast(theme.ink, theme.paper) >= 12
    assert contrast(theme.quiet, theme.paper) >= 7
    assert contrast(theme.faint, theme.paper) >= 4.5
    assert min(contrast(code, theme.paper) for code in (*theme.palette, *theme.scale, theme.other)) >= 1.6


def test_light_is_the_inverse_of_its_coding():
    colors = np.linspace(0, 1, 101)
    np.testing.assert_allclose(from_linear(to_linear(colors)), colors, atol=1e-6)


def test_an_unknown_theme_is_refused():
    with pytest.raises(SettingError, match="theme is 'sepia'") as caught:
        theme_of("sepia")
    assert caught.value.hint == "Accepted themes: light, dark."


def _map(n, details=None, **columns):
    trust = np.linspace(0, 1, n).astype(np.float32)
    keys = Keys(f"k{row}" for row in range(n))
    return Map(keys, np.zeros((n, 2), np.float32), trust, "pca", {}, 0.1, columns, details or {})


def _shares(colors):
    return np.where(colors.codes < STEPS, colors.codes / (STEPS - 1), np.nan)


def test_numbers_that_are_missing_are_grey_and_do_not_move_the_ends():
    values = np.array([1.0, np.nan, 3.0, np.inf, 2.0])
    colors = coloring(_map(5, value=values), "value")
    assert colors.ends == ("1", "3")
    np.testing.assert_allclose(_shares(colors), [0, np.nan, 1, np.nan, 0.5], atol=0.01)
    np.testing.assert_array_equal(colors.rgb[1], rgb(THEMES["light"].other))
    np.testing.assert_allclose(colors.rgb[[0, 2]], on_scale(np.array([0, 1])))


def test_objects_are_read_as_what_they_hold():
    numbers = coloring(_map(3, value=np.array([1, None, 3], dtype=object)), "value")
    np.testing.assert_allclose(_shares(numbers), [0, np.nan, 1])
    names = coloring(_map(3, value=np.array(["a", None, "a"], dtype=object)), "value")
    assert [name for name, _ in names.classes] == ["a", "no value"]
    nothing = coloring(_map(3, value=np.array([None] * 3, dtype=object)), "value")
    assert [name for name, _ in nothing.classes] == ["no value"]


@pytest.mark.parametrize("value", [4.0, np.nan])
def test_a_single_value_has_a_colour(value):
    colors = coloring(_map(3, value=np.full(3, value)), "value")
    assert len(np.unique(colors.codes)) == 1
    assert np.isfinite(colors.rgb).all()


def test_skewed_numbers_are_shown_by_their_logarithm():
    counts = np.geomspace(1, 1e6, 101)
    colors = coloring(_map(101, count=counts), "count")
    assert colors.label == "count (log)"
    assert colors.ends == ("1", "1e+06")
    np.testing.assert_allclose(_shares(colors), np.linspace(0, 1, 101), atol=0.003)


@pytest.mark.parametrize(
    ("first", "last", "ends"),
    [
        ("2001-05-01", "2020-01-01", ("2001", "2020")),
        ("2019-01-20", "2020-01-10", ("2019-01", "2020-01")),
        ("2020-02-27", "2020-03-02", ("2020-02-27", "2020-03-02")),
        ("2020-02-27T09:30", "2020-02-27T18:00", ("2020-02-27 09:30", "2020-02-27 18:00")),
    ],
)
def test_dates_are_on_a_scale_whose_ends_are_dates(first, last, ends):
    low, high = np.datetime64(first, "s"), np.datetime64(last, "s")
    days = np.array([low, low + (high - low) // 2, np.datetime64("NaT"), high])
    colors = coloring(_map(4, day=days), "day")
    assert colors.ends == ends
    np.testing.assert_allclose(_shares(colors), [0, 0.5, np.nan, 1], atol=0.01)


def test_python_dates_with_and_without_a_zone():
    days = np.array([datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)], dtype=object)
    colors = coloring(_map(3, day=days), "day")
    assert colors.ends == ("2020-01", "2021-01")
    zone = datetime.timezone(datetime.timedelta(hours=2))
    moments = [datetime.datetime(2020, 1, 1, hour, tzinfo=zone) for hour in (2, 4)]
    colors = coloring(_map(2, at=np.array(moments, dtype=object)), "at")
    assert colors.ends == ("2020-01-01 00:00", "2020-01-01 02:00")
    never = coloring(_map(2, day=np.array(["NaT", "NaT"], dtype="datetime64[D]")), "day")
    assert (never.codes == STEPS).all()


def test_booleans_are_two_classes():
    colors = coloring(_map(3, flag=np.array([True, False, True])), "flag")
    assert [name for name, _ in colors.classes] == ["true", "false"]
    unknown = coloring(_map(3, flag=np.array([True, None, True], dtype=object)), "flag")
    assert [name for name, _ in unknown.classes] == ["True", "no value"]


@pytest.mark.parametrize("name", THEMES)
def test_of_many_classes_the_most_frequent_have_colours_and_the_rest_is_grey(name):
    theme = THEMES[name]
    kinds = np.repeat([f"kind {number:02d}" for number in range(25)], np.arange(30, 5, -1))
    colors = coloring(_map(len(kinds), kind=kinds), "kind", theme)
    assert [label for label, _ in colors.classes] == [*(f"kind {n:02d}" for n in range(10)), "15 others"]
    np.testing.assert_array_equal(colors.classes[-1][1], rgb(theme.other))
    for kind, code in zip(range(10), theme.palette, strict=True):
        np.testing.assert_array_equal(colors.rgb[kinds == f"kind {kind:02d}"], [rgb(code)] * (30 - kind))
    assert (colors.rgb[kinds >= "kind 10"] == rgb(theme.other)).all()


def test_details_of_trust_are_colours_too():
    torn = np.array([0.0, 0.5, 1.0], dtype=np.float32)
    colors = coloring(_map(3, {"torn": torn}), "torn")
    assert (colors.label, colors.ends) == ("torn", ("0", "1"))
    np.testing.assert_allclose(_shares(colors), torn, atol=0.01)
