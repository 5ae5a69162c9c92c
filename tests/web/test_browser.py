"""The helper itself: files are served with the policy of the page, and what a page says fails its test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.web.browser import Site, needs_browser, opened

pytestmark = needs_browser

PAGE = (
    '<!doctype html><link rel="icon" href="data:,"><title>t</title><script type="module" src="a.js"></script>'
)


def site_of(folder: Path, script: str) -> Site:
    (folder / "page.html").write_text(PAGE)
    (folder / "a.js").write_text(script)
    return Site({"/": folder})


def test_a_page_runs_with_webgl_2(browser: Any, tmp_path: Path) -> None:
    script = "document.title = document.createElement('canvas').getContext('webgl2') ? 'yes' : 'no'"
    with site_of(tmp_path, script) as site, opened(browser, site.url + "page.html") as page:
        assert page.title() == "yes"


@pytest.mark.parametrize(
    "script",
    [
        "console.warn('careful')",
        "throw new Error('broken')",
        "eval('1')",
        "document.body.innerHTML = '<p style=\"color: red\">'",
    ],
)
def test_a_page_that_complains_fails(browser: Any, tmp_path: Path, script: str) -> None:
    with (
        site_of(tmp_path, script) as site,
        pytest.raises(AssertionError, match="the page said"),
        opened(browser, site.url + "page.html") as page,
    ):
        page.wait_for_timeout(50)
