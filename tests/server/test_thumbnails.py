import io

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import MissingInputError, SettingError
from nearspace.server.gathering import Look, site_of
from nearspace.server.thumbnails import Pictures
from nearspace.space import Space

pytestmark = pytest.mark.extras
images = pytest.importorskip("PIL.Image")


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    images.new("RGB", (300, 200), (200, 30, 30)).save(folder / "red.png")
    images.new("RGB", (10, 10), (0, 0, 0)).save(tmp_path / "secret.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    paths = [
        "red.png",
        "broken.jpg",
        "../secret.png",
        str(tmp_path / "secret.png"),
        "link.png",
        "none.png",
        None,
    ]
    space = Space(
        ns.Keys("abcdefg"),
        np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32),
        columns={"path": np.array(paths, dtype=object)},
    )
    return site_of([space], look=Look(pictures=Pictures("path", folder)), live=False)


def test_a_picture_is_a_small_jpeg(site):
    found = site.answer("data/0/thumbnails/0.jpg")
    assert found.kind == "image/jpeg"
    image = images.open(io.BytesIO(found.body))
    assert (image.format, image.size) == ("JPEG", (128, 128))
    assert np.abs(np.asarray(image)[64, 64].astype(int) - [200, 30, 30]).max() < 12
    assert site.spaces[0].to_json()["thumbnails"] is True


@pytest.mark.parametrize("row", [1, 2, 3, 4, 5, 6])
def test_what_is_broken_missing_or_outside_is_not_shown(site, row):
    assert site.answer(f"data/0/thumbnails/{row}.jpg") is None


def test_bad_settings(tmp_path):
    with pytest.raises(MissingInputError, match="folder of images"):
        Pictures("path", tmp_path / "none")
    space = Space(ns.Keys("abc"), np.eye(3, dtype=np.float32))
    with pytest.raises(SettingError, match="is no column") as caught:
        site_of([space], look=Look(pictures=Pictures("path", tmp_path)), live=False)
    assert "Accepted: key." in caught.value.hint
