"""One browser for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.browser import TESTS, WEB, Site, launched, missing
from tests.web.map_page import map_page


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The files of the page at /, those of its tests at /tests/."""
    with Site({"/": WEB, "/tests/": TESTS}) as site:
        yield site


@pytest.fixture
def page(browser: Any, site: Site) -> Iterator[Any]:
    """A page with nothing but a map."""
    with map_page(browser, site) as page:
        yield page
