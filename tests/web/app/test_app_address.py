"""The address of the page keeps its state, and back and forward go through it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.web.app.app_browser import App, needs_app_browser

pytestmark = needs_app_browser

Make = Callable[..., App]


def test_an_untouched_page_has_a_plain_address(make_app: Make) -> None:
    app = make_app().open()
    app.page.wait_for_timeout(600)
    assert app.page.url.endswith("/static/test.html")
    app.page.keyboard.press("+")
    app.wait("s.camera !== null")
    assert "#v=" in app.page.url


def test_a_link_restores_the_view(make_app: Make) -> None:
    app = make_app().open()
    app.page.get_by_label("Colour", exact=True).select_option("~trust")
    app.eval("window.app.workspace.ctx.actions.setFilter('class', {values: ['cities', 'tools']})")
    app.eval("window.app.workspace.ctx.actions.setFilter('year', {low: 1910, high: 1990.5})")
    app.search("cities-1")
    app.eval("window.app.workspace.ctx.actions.choose(6)")
    app.page.locator(".switch", has_text="Fade").click()
    app.wait("s.row === 6")
    app.rest()
    app.page.wait_for_timeout(400)
    names = ("map", "color", "filters", "query", "key", "faded", "camera")
    before = {name: app.state(name) for name in names}
    shown, url = app.shown(), app.page.url
    other = make_app()
    other.page.goto(url)
    other.until("() => window.app?.store.state.results && window.app.store.state.row === 6")
    other.until("(count) => window.app.workspace.ctx.main.shown?.count === count", shown)
    after = {name: other.state(name) for name in names}
    cameras = [state.pop("camera") for state in (before, after)]
    assert before == after
    numbers = [[*one["center"], one["zoom"]] for one in cameras]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-3, abs=1e-3)


def test_back_and_forward(make_app: Make) -> None:
    app = make_app().open()
    app.search("cities-1")
    app.search("tools-3")
    app.page.keyboard.press("Escape")
    app.page.locator("#tab-measures").click()
    app.page.go_back()
    app.wait("s.tab === 'map'")
    app.eval("history.go(-2)")
    app.wait("s.query === 'cities-1' && s.results?.query === 'cities-1'")
    app.page.go_back()
    app.wait("s.query === '' && s.results === null")
    app.page.go_forward()
    app.wait("s.results?.query === 'cities-1'")


def test_another_space_and_back_to_what_one_saw(make_app: Make) -> None:
    app = make_app().open()
    app.search("cities-1")
    app.page.get_by_label("Space", exact=True).select_option("royal")
    app.until(
        "() => window.app.workspace.ctx.space.info.name === 'royal' && window.app.workspace.ctx.main.shown"
    )
    assert app.state("query") == ""
    assert "s=2" in app.page.url and "q=" not in app.page.url
    app.page.go_back()
    app.until("() => window.app.workspace.ctx.space.info.name === 'words'")
    app.wait("s.results?.query === 'cities-1'")


@pytest.mark.parametrize(
    "hash_",
    [
        "#s=99",
        "#m=none&c=nothing",
        "#v=a_b&f.year=x..y&f.class={",
        "#t=no&x=7/q",
        "#f.nothing=1..2",
        "#q=%00&w=1",
        "#c=~region.9",
        "#x=0/umap",
    ],
)
def test_an_address_that_makes_no_sense_does_no_harm(make_app: Make, hash_: str) -> None:
    app = make_app(loud=True).open(hash_)
    assert app.shown() == 600


def test_the_link_is_copied(make_app: Make) -> None:
    app = make_app(permissions=["clipboard-read", "clipboard-write"]).open("#c=year")
    app.page.get_by_role("button", name="Copy link").click()
    app.page.locator(".toast", has_text="Link copied").wait_for()
    assert "c=year" in app.eval("navigator.clipboard.readText()")
