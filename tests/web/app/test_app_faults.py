"""Awkward data and failing servers: texts stay texts, messages are calm, and one can try again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.web.app.app_browser import App, needs_app_browser

pytestmark = needs_app_browser

Make = Callable[..., App]


def test_markup_in_data_is_text_everywhere(make_app: Make) -> None:
    app = make_app("odd").open()
    app.page.keyboard.press("p")
    app.page.locator(".points td", has_text="<img src=x").first.wait_for()
    app.search("<script>window.hurt=1</script>")
    app.eval("window.app.workspace.ctx.actions.choose(0)")
    app.page.locator(".point-key", has_text="<img src=x").wait_for()
    app.page.locator(".neighbors .hit").first.wait_for()
    app.page.mouse.move(*app.place(0))
    app.page.locator(".card .card-values").wait_for()
    app.eval("window.app.workspace.ctx.actions.select([0, 1])")
    app.page.locator(".selection .hit").first.wait_for()
    for tab in ("measures", "recipe", "map"):
        app.page.locator(f"#tab-{tab}").click()
    assert app.eval("window.hurt") is None
    assert app.eval("window.app.shadow.querySelectorAll('script, img, b i, .legend b').length") == 0


def test_points_without_coordinates_are_told_and_not_drawn(make_app: Make) -> None:
    app = make_app("odd").open()
    assert "3 points" in app.page.locator(".status-text").inner_text()
    assert "2 without coordinates" in app.page.locator(".status-text").inner_text()
    app.eval("window.app.workspace.ctx.actions.choose(1)")
    app.page.locator(".point-trust", has_text="no finite coordinates").wait_for()


def test_identical_vectors_are_near_each_other(make_app: Make) -> None:
    app = make_app("odd").open()
    app.search("plain")
    assert len(app.keys()) == 4
    app.page.locator(".filter summary", has_text="number").click()
    app.page.locator(".filter .note", has_text="All values are 1").wait_for()


def test_a_space_of_one_row(make_app: Make) -> None:
    app = make_app("odd").open("#s=1&p=alone")
    assert app.shown() == 1
    app.page.locator(".point-near", has_text="no neighbours").wait_for()
    app.search("alone")
    assert app.keys() == []


def test_a_space_without_a_map(make_app: Make) -> None:
    app = make_app("odd").open("#s=2", drawn=False)
    app.page.locator(".stage-notice", has_text="has no map yet").wait_for()
    app.search("a")
    assert app.keys() == ["b"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("**/data/index.json", ".whole"),
        ("**/data/0/space.json", ".whole"),
        ("**/umap/points.bin", ".stage-notice"),
        ("**/umap/map.json", ".stage-notice"),
    ],
)
@pytest.mark.parametrize("fault", ["gone", "missing", "damaged"])
def test_what_cannot_be_had_is_told_and_tried_again(
    make_app: Make, path: str, place: str, fault: str
) -> None:
    app = make_app(loud=True)

    def fail(route: object) -> None:
        if fault == "gone":
            route.abort()  # type: ignore[attr-defined]
        elif fault == "missing":
            route.fulfill(status=404, body="no")  # type: ignore[attr-defined]
        else:
            route.fulfill(status=200, body="{x}")  # type: ignore[attr-defined]

    app.page.route(path, fail)
    app.open(drawn=False)
    app.page.locator(f"{place} [role=alert]").wait_for()
    app.page.unroute(path)
    app.page.locator(place).get_by_role("button", name="Try again").click()
    app.until("() => window.app?.workspace?.ctx.main.shown?.count === 600")


def test_a_search_that_fails_can_be_tried_again(make_app: Make) -> None:
    app = make_app(loud=True).open()
    app.eval("window.app.workspace.ctx.space.keys()")
    app.page.route("**/vectors.bin", lambda route: route.abort())
    app.search("cities-1")
    failure = app.page.locator(".results .failure")
    assert "does not answer" in failure.inner_text()
    app.page.unroute("**/vectors.bin")
    failure.get_by_role("button", name="Try again").click()
    app.wait("s.results?.hits.length === 50")


def test_a_part_of_a_panel_that_fails_can_be_tried_again(make_app: Make) -> None:
    app = make_app(loud=True)
    app.page.route("**/neighbors/0.bin", lambda route: route.fulfill(status=200, body=b"abc"))
    app.open("#p=cities-1")
    failure = app.page.locator(".point-near .failure")
    failure.wait_for()
    app.page.unroute("**/neighbors/0.bin")
    failure.get_by_role("button", name="Try again").click()
    app.page.locator(".neighbors .hit").first.wait_for()


def test_a_key_of_an_old_link_that_is_gone(make_app: Make) -> None:
    app = make_app().open("#p=long-gone")
    app.page.locator(".toast", has_text="long-gone").wait_for()


def test_the_page_works_where_nothing_may_be_kept(make_app: Make) -> None:
    app = make_app()
    app.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no storage'); } });"
    )
    app.open()
    app.page.keyboard.press("t")
    assert app.page.locator(".app").get_attribute("data-theme") == "dark"


def test_no_worker_no_matter(make_app: Make) -> None:
    app = make_app()
    app.page.add_init_script("delete window.Worker;")
    app.open()
    app.search("cities-1")
    assert len(app.keys()) == 50
