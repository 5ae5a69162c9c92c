"""The page for everybody: no serious findings of axe, names for controls, a phone's width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.web.app.app_browser import App, needs_app_browser

pytestmark = needs_app_browser

Make = Callable[..., App]
SERIOUS = {"serious", "critical"}


def findings(app: App) -> list[str]:
    """What axe finds serious, in words; it writes styles of its own into the page, hence bypass_csp."""
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    results = axe_module.Axe().run(app.page)
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in results.response["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(make_app: Make, scheme: str) -> None:
    app = make_app(color_scheme=scheme, bypass_csp=True).open("#x=0/pca")
    app.search("cities-1")
    app.until("() => window.app.workspace.ctx.stages[1]?.shown !== undefined")
    assert findings(app) == []
    app.eval("window.app.workspace.ctx.actions.choose(0)")
    app.page.locator(".neighbors .hit").first.wait_for()
    app.page.locator(".filter summary", has_text="year").click()
    app.page.locator(".filter summary", has_text="class").click()
    app.page.locator(".range").wait_for()
    assert findings(app) == []
    app.page.keyboard.press("p")
    app.eval("window.app.workspace.ctx.actions.select([1, 2, 3])")
    app.page.locator(".shares dt").first.wait_for()
    assert findings(app) == []
    for tab in ("measures", "recipe"):
        app.page.locator(f"#tab-{tab}").click()
        assert findings(app) == []
    app.page.keyboard.press("?")
    assert findings(app) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_phone(make_app: Make, scheme: str) -> None:
    app = make_app(color_scheme=scheme, bypass_csp=True, size=(360, 740)).open()
    assert findings(app) == []
    app.page.locator(".dock-button", has_text="Display").click()
    assert findings(app) == []
    app.search("cities-1")
    assert findings(app) == []


def test_a_phone_has_sheets_and_no_sideways_scrolling(make_app: Make) -> None:
    app = make_app(size=(360, 740), has_touch=True).open()
    assert app.page.locator(".display").is_hidden()
    app.page.locator(".dock-button", has_text="Display").click()
    assert app.page.locator(".display").is_visible()
    app.page.locator(".dock-button", has_text="Filters").click()
    assert app.page.locator(".filters").is_visible()
    assert app.page.locator(".display").is_hidden()
    app.search("cities-1")
    assert app.page.locator(".results").is_visible()
    for tab in ("map", "measures", "recipe"):
        app.page.locator(f"#tab-{tab}").click()
        wide = app.eval(
            """() => [...window.app.shadow.querySelectorAll(".header *, .sheet-page *, .panel.raised *")]
              .filter((one) => one.checkVisibility() && !one.closest(".unseen, .hit, svg"))
              .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
              .map((one) => one.outerHTML.slice(0, 80))"""
        )
        assert wide == [], tab


def test_counts_and_results_are_announced(make_app: Make) -> None:
    app = make_app().open()
    assert app.page.locator(".status-text").get_attribute("role") == "status"
    app.search("cities-1")
    app.until("() => window.app.live.textContent.includes('50 results')")
    app.page.keyboard.press("ArrowDown")
    app.until("() => window.app.live.textContent.startsWith('1: cities')")


def test_the_focus_is_seen(make_app: Make) -> None:
    app = make_app().open()
    for _ in range(12):
        app.page.keyboard.press("Tab")
        outline = app.eval(
            """() => {
              const at = window.app.shadow.activeElement;
              if (!at || at.matches(".search input, .switch input")) return "solid";
              return getComputedStyle(at).outlineStyle;
            }"""
        )
        assert outline != "none"
