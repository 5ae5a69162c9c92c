"""The page on files alone: the map comes, is searched, pointed at and read, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.web.app.app_browser import App, needs_app_browser
from tests.web.app.samples import CLASSES

pytestmark = needs_app_browser

Make = Callable[..., App]


def test_the_page_draws_the_first_map_by_class(make_app: Make) -> None:
    app = make_app().open()
    assert app.shown() == 600
    assert app.page.locator(".legend-name").all_text_contents() == sorted(CLASSES)
    assert "600 points" in app.page.locator(".status-text").inner_text()
    assert app.page.title() == "words · nearspace"


def test_the_page_itself_starts_the_app(make_app: Make) -> None:
    app = make_app().open(page="index.html", drawn=False)
    app.page.locator(".status-text", has_text="600 points").wait_for()


def test_the_first_picture_asks_for_little(make_app: Make) -> None:
    app = make_app()
    asked: list[str] = []
    app.page.on("request", lambda request: asked.append(request.url))
    app.open()
    files = [url.split("/data/")[1] for url in asked if url.endswith(".bin")]
    assert {"0/maps/umap/points.bin", "0/columns/0.bin"} <= set(files)
    assert not [name for name in files if "vectors" in name or "links" in name or "neighbors" in name]
    assert len([name for name in files if "columns" in name]) == 1


def test_search_finds_the_nearest_and_lights_them_up(make_app: Make) -> None:
    app = make_app().open()
    app.search("cities-1")
    keys = app.keys()
    assert len(keys) == 50
    assert all(key.startswith("cities-") for key in keys)
    assert "cities-1" not in keys
    scores = [float(text) for text in app.page.locator(".results .hit-score").all_text_contents()]
    assert scores == sorted(scores, reverse=True)
    assert "results" in app.page.locator("[aria-live]").first.inner_text()


def test_part_of_a_key_is_enough(make_app: Make) -> None:
    app = make_app().open()
    app.search("CITIES-59")
    assert app.keys() == ["cities-591", "cities-596"]
    app.search("nothing like it")
    assert app.keys() == []
    assert app.page.locator(".results .empty").is_visible()


@pytest.mark.parametrize(
    ("query", "first"),
    [("king - man + woman", "queen"), ("- man + king + woman", "queen"), ("king", "prince")],
)
def test_vectors_are_added_up_in_the_page(make_app: Make, query: str, first: str) -> None:
    app = make_app().open("#s=2")
    app.search(query)
    assert app.keys()[0] == first


def test_signs_within_a_key_are_no_arithmetic(make_app: Make) -> None:
    app = make_app().open("#s=2")
    app.search("well-known")
    assert app.keys()[0] == "Ångström"
    app.search("king - nobody")
    assert "nobody" in app.page.locator(".results .note.warning").inner_text()


def test_keys_are_suggested_and_chosen_by_arrows(make_app: Make) -> None:
    app = make_app().open()
    app.page.keyboard.press("/")
    app.page.keyboard.type("cities-1 - tools-1")
    app.page.locator(".suggestions li").first.wait_for()
    app.until("() => window.app.shadow.querySelector('.suggestions b')?.textContent === 'tools-1'")
    app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("Tab")
    assert app.page.locator(".search input").first.input_value().startswith("cities-1 - tools-1")
    app.page.keyboard.press("Escape")
    app.wait("s.query === ''")


def test_arrows_go_through_the_results_and_enter_opens_one(make_app: Make) -> None:
    app = make_app().open()
    app.page.keyboard.press("/")
    app.search("cities-1")
    for _ in range(3):
        app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("ArrowUp")
    assert app.state("active") == 1
    assert app.page.locator(".hit.active .hit-key").inner_text() == app.keys()[1]
    app.page.keyboard.press("Enter")
    app.page.locator(".point-key", has_text=app.keys()[1]).wait_for()


def test_pointing_at_a_point_shows_its_record(make_app: Make) -> None:
    app = make_app().open()
    app.page.mouse.move(*app.place(0))
    card = app.page.locator(".card")
    card.locator(".trust").wait_for()
    text = card.inner_text()
    assert "animals-0" in text
    assert "The text of row 0" in text
    assert "Torn away" in text


def test_a_click_shows_the_true_neighbours_and_the_tear(make_app: Make) -> None:
    """Row 0 lies in a far corner of the map and in the middle of its class in the Space."""
    app = make_app().open()
    app.page.mouse.click(*app.place(0))
    app.page.locator(".neighbors .hit").first.wait_for()
    names = app.page.locator(".neighbors .hit-key").all_text_contents()
    assert len(names) == 15
    assert all(name.startswith("animals-") for name in names)
    assert set(app.page.locator(".neighbors .place").all_text_contents()) == {"torn away"}
    assert app.page.locator(".point-key").inner_text() == "animals-0"
    assert "The text of row 0" in app.page.locator(".facts").first.inner_text()
    app.wait("s.links?.length === 15")


def test_neighbours_lead_on(make_app: Make) -> None:
    app = make_app().open("#p=animals-0")
    first = app.page.locator(".neighbors .hit-key").first
    first.wait_for()
    name = first.inner_text()
    first.click()
    app.page.locator(".point-key", has_text=name).wait_for()
    assert app.state("key") == name


def test_keys_work_everywhere(make_app: Make) -> None:
    app = make_app().open()
    press = app.page.keyboard.press
    press("2")
    assert app.state("tab") == "measures"
    press("1")
    press("l")
    assert app.state("mode") == "lasso"
    press("Escape")
    assert app.state("mode") == "pan"
    press("?")
    app.page.locator("dialog[open]").wait_for()
    press("Escape")
    assert app.page.locator("dialog[open]").count() == 0
    press("p")
    app.page.locator(".points tbody tr").first.wait_for()
    assert app.page.locator(".points tbody tr").count() == 100


def test_arrows_and_plus_move_the_map(make_app: Make) -> None:
    app = make_app().open()
    app.rest()
    view = "JSON.stringify(window.app.workspace.ctx.main.view.view())"
    app.page.keyboard.press("m")
    for key in ("ArrowLeft", "ArrowUp", "+"):
        before = app.eval(view)
        app.page.keyboard.press(key)
        app.until(f"(before) => {view} !== before", before)
        app.rest()


def test_the_theme_is_switched_and_remembered(make_app: Make) -> None:
    app = make_app(color_scheme="light").open()
    app.page.get_by_role("button", name="Dark colours").click()
    assert app.page.locator(".app").get_attribute("data-theme") == "dark"
    app.open()
    assert app.page.locator(".app").get_attribute("data-theme") == "dark"


def test_the_system_decides_at_first(make_app: Make) -> None:
    app = make_app(color_scheme="dark").open()
    assert app.page.locator(".app").get_attribute("data-theme") == "dark"


def test_without_webgl_there_is_a_picture_and_all_else(make_app: Make) -> None:
    app = make_app(loud=True)
    app.page.add_init_script(
        "globalThis.noWebGL = true;"
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); };"
    )
    app.open()
    assert "still picture" in app.page.locator(".stage-message").inner_text()
    app.search("cities-1")
    assert len(app.keys()) == 50


def test_several_apps_live_on_one_page(make_app: Make) -> None:
    app = make_app().open()
    app.eval(
        """async () => {
          const { mount } = await import("./app.js");
          const other = document.createElement("div");
          Object.assign(other.style, { position: "fixed", bottom: 0, width: "500px", height: "400px" });
          document.body.append(other);
          window.second = await mount(other, { theme: "dark" });
        }"""
    )
    app.until("() => window.second.workspace.ctx.main.shown !== undefined")
    app.search("cities-1")
    assert app.eval("window.second.store.state.query") == ""
    assert app.eval("window.second.root.dataset.theme") == "dark"
    app.eval("window.second.destroy()")
