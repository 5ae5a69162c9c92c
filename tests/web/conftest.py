"""One browser for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.browser import TESTS, WEB, Site, launched, missing


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
