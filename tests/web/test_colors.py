"""Palettes are told apart by colour-blind readers, and scales go evenly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.web.browser import Site, needs_browser, opened

pytestmark = needs_browser

# Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB
SEEN = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.fixture(scope="module")
def palettes(browser: Any, site: Site) -> Iterator[dict[str, np.ndarray]]:
    with opened(browser, f"{site.url}tests/view.html") as page:
        page.wait_for_selector("[data-ready]")
        found = {
            f"{kind} {theme}": np.array(page.evaluate(f"colors.{kind}({theme!r})"), dtype=float)
            for kind in ("categorical", "sequential")
            for theme in ("light", "dark")
        }
    yield found


def linear(rgb: np.ndarray) -> np.ndarray:
    share = rgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson (2020), of linear RGB."""
    lms = rgb @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(lms) @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.793617785, -2.428592205, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.808675766],
        ]
    )


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_classes_are_told_apart(palettes: dict, theme: str, seen: str) -> None:
    colours = palettes[f"categorical {theme}"]
    assert colours.shape == (10, 3)
    lab = oklab(np.clip(linear(colours) @ np.array(SEEN[seen]).T, 0, 1))
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + np.eye(10)
    assert distance[:6, :6].min() > 0.08  # .02 is just noticeable
    assert distance.min() > 0.044


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_classes_stand_out_from_the_ground(palettes: dict, theme: str) -> None:
    ground = {"light": (251, 251, 250), "dark": (17, 19, 24)}[theme]
    lab = oklab(linear(np.vstack([palettes[f"categorical {theme}"], ground])))
    assert np.abs(lab[:-1, 0] - lab[-1, 0]).min() > 0.15


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_scales_go_evenly_and_in_one_direction(palettes: dict, theme: str) -> None:
    scale = palettes[f"sequential {theme}"]
    assert scale.shape == (256, 3)
    lab = oklab(linear(scale))
    direction = 1 if theme == "dark" else -1
    ends = np.linalg.norm(np.diff(lab[::15], axis=0), axis=1)  # single steps are rounded to bytes
    assert ends.max() / ends.min() < 1.25
    assert (direction * np.diff(lab[::8, 0]) > 0).all()
    assert abs(lab[-1, 0] - lab[0, 0]) > 0.4
