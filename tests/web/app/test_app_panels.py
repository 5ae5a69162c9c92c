"""Filters, colours, lasso, selection, saving, comparison, measures and recipe of the page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.web.app.app_browser import App, answer, needs_app_browser
from tests.web.app.samples import clusters

pytestmark = needs_app_browser

Make = Callable[..., App]


def lasso(app: App, rows: list[int]) -> None:
    """Draw around these rows, with room to spare."""
    places = np.array([app.place(row) for row in rows])
    (left, top), (right, bottom) = places.min(axis=0) - 15, places.max(axis=0) + 15
    app.page.keyboard.press("l")
    app.page.mouse.move(left, top)
    app.page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        app.page.mouse.move(x, y, steps=3)
    app.page.mouse.up()
    app.wait("s.selection.length > 0")


def test_a_click_on_the_legend_shows_one_class_and_another_adds_it(make_app: Make) -> None:
    app = make_app().open()
    legend = app.page.locator(".legend-row")
    legend.nth(1).click()
    app.until("() => window.app.workspace.ctx.main.shown.count === 120")
    assert app.state("filters") == {"class": {"values": ["cities"]}}
    app.page.locator(".legend-row").nth(0).click()
    app.until("() => window.app.workspace.ctx.main.shown.count === 240")
    app.page.get_by_role("button", name="Clear all").click()
    app.until("() => window.app.workspace.ctx.main.shown.count === 600")


def test_a_range_of_years_is_typed(make_app: Make) -> None:
    app = make_app().open()
    app.page.locator(".filter summary", has_text="year").click()
    app.page.get_by_label("Most year as a number").fill("1909")
    app.page.keyboard.press("Enter")
    app.until("() => window.app.workspace.ctx.main.shown.count === 50")
    assert app.state("filters") == {"year": {"low": 1900, "high": 1909}}
    assert "50 of 600" in app.page.locator(".status-text").inner_text()
    app.page.locator(".chip", has_text="year").click()
    app.until("() => window.app.workspace.ctx.main.shown.count === 600")


def test_a_range_is_set_by_its_handles(make_app: Make) -> None:
    app = make_app().open()
    app.page.locator(".filter summary", has_text="Trust").click()
    handle = app.page.get_by_label("Least trust", exact=True)
    handle.focus()
    for _ in range(5):
        app.page.keyboard.press("PageUp")
    app.wait("s.filters['~trust']?.low === 0.5")
    trust = np.rint(np.asarray(clusters().maps[0].trust["trust"]) * 255)
    expected = int((trust >= 0.5 * 255 - 0.5).sum())
    app.until("(count) => window.app.workspace.ctx.main.shown.count === count", expected)


def test_numbers_that_are_missing_pass_no_range(make_app: Make) -> None:
    app = make_app().open()
    count = np.array(clusters().columns["count"])
    app.eval("window.app.workspace.ctx.actions.setFilter('count', {low: 0, high: 1000})")
    app.until("(count) => window.app.workspace.ctx.main.shown.count === count", int((count <= 1000).sum()))


def test_categories_are_checked_in_a_list(make_app: Make) -> None:
    app = make_app().open()
    app.page.locator(".filter summary", has_text="class").click()
    app.page.locator(".check", has_text="tools").click()
    app.until("() => window.app.workspace.ctx.main.shown.count === 120")
    assert app.page.locator(".check input:checked").count() == 1


@pytest.mark.parametrize("choice", ["~trust", "~torn", "~stability", "count", "year", "~none"])
def test_the_map_takes_any_colour(make_app: Make, choice: str) -> None:
    app = make_app().open()
    app.page.get_by_label("Colour", exact=True).select_option(choice)
    app.until("(choice) => window.app.workspace.ctx.main.legend.choice === choice", choice)
    assert app.page.locator(".ramp").count() == (choice != "~none")


def test_regions_colour_the_map(make_app: Make) -> None:
    app = make_app().open()
    app.page.get_by_label("Colour", exact=True).select_option("~region.1")
    app.until("() => window.app.workspace.ctx.main.legend.choice === '~region.1'")
    names = app.page.locator(".legend-name").all_text_contents()
    assert len(names) >= 6
    assert any(name.endswith("west") for name in names)


def test_wide_numbers_are_coloured_by_their_logarithm(make_app: Make) -> None:
    app = make_app().open("#c=count")
    assert app.eval("window.app.workspace.ctx.main.legend.log") is True
    assert "logarithm" in app.page.locator(".legend").inner_text()


def test_another_map_is_chosen_and_says_what_it_lacks(make_app: Make) -> None:
    app = make_app().open()
    app.page.locator(".display").get_by_label("Map", exact=True).select_option("pca")
    app.until("() => window.app.workspace.ctx.main.map.info.name === 'pca'")
    app.until("() => window.app.workspace.ctx.main.shown.count === 300")
    assert "300 rows of 600" in app.page.locator(".options").inner_text()


def test_two_and_three_dimensions_are_switched(make_app: Make) -> None:
    app = make_app().open()
    app.page.get_by_role("button", name="Show in 3 dimensions").click()
    app.until("() => window.app.workspace.ctx.main.map?.dim === 3")
    app.page.get_by_role("button", name="Show in 2 dimensions").click()
    app.until("() => window.app.workspace.ctx.main.map?.dim === 2")


def test_trust_sizes_and_fades(make_app: Make) -> None:
    app = make_app().open()
    app.page.locator(".switch", has_text="Size").click()
    app.page.locator(".switch", has_text="Fade").click()
    assert app.state("sized") and app.state("faded")
    app.until("() => window.app.workspace.ctx.main.view.fade !== null")


def test_a_lasso_selects_and_tells_what_is_in_it(make_app: Make) -> None:
    app = make_app().open()
    rows = [row for row in range(5, 600) if row % 5 == 3]
    lasso(app, rows[:40])
    selected = set(app.eval("Array.from(window.app.store.state.selection)"))
    assert set(rows[:40]) <= selected
    assert {row % 5 for row in selected} == {3}
    assert app.state("mode") == "pan"
    shares = app.page.locator(".shares")
    shares.locator("dt", has_text="tools").wait_for()
    assert "100 %" in shares.inner_text()
    assert f"{len(selected)} rows selected" in app.page.locator(".selection").inner_text()


def test_filtered_points_are_not_caught(make_app: Make) -> None:
    app = make_app().open("#f.year=1900..1950")
    app.until("() => window.app.workspace.ctx.main.shown.count < 600")
    lasso(app, [3, 8, 13])
    selected = app.eval("Array.from(window.app.store.state.selection)")
    assert all(row % 120 <= 50 for row in selected)


def test_shift_click_adds_to_the_selection(make_app: Make) -> None:
    app = make_app().open()
    for row in (0, 7):
        app.page.keyboard.down("Shift")
        app.page.mouse.click(*app.place(row))
        app.page.keyboard.up("Shift")
    app.wait("s.selection.length >= 1")
    assert 0 in app.eval("Array.from(window.app.store.state.selection)")


def test_a_selection_is_saved_as_a_table_without_a_server(make_app: Make) -> None:
    app = make_app().open()
    app.eval("window.app.workspace.ctx.actions.select([0, 3])")
    with app.page.expect_download() as waiting:
        app.page.get_by_role("button", name="Save table").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text("utf-8"))))
    assert [row["key"] for row in rows] == ["animals-0", "tools-3"]
    assert rows[0]["count"] == "" and rows[1]["count"] == "1000"
    assert rows[1]["text"] == "The text of row 3, which is about tools."


def test_cells_that_a_spreadsheet_would_run_are_saved_as_text(make_app: Make) -> None:
    app = make_app("odd").open()
    table = app.eval("async () => (await import('./csv.js')).asCsv([{key: '=1+1', text: 'a \"b\", c'}])")
    assert table == 'key,text\r\n\'=1+1,"a ""b"", c"\r\n'


def live(make_app: Make, replies: dict[str, Any], **settings: Any) -> App:
    app = make_app("live", **settings)
    answer(app, replies)
    return app.open()


def test_a_server_answers_searches(make_app: Make) -> None:
    def found(body: Any) -> Any:
        return {
            "query": body["query"],
            "how": "encoded",
            "hits": [{"row": 7, "key": "rivers-7", "score": 0.5}],
        }

    app = live(make_app, {"search": found})
    app.search("a text of my own")
    assert app.keys() == ["rivers-7"]
    assert "nearest to this text" in app.page.locator(".results .note").first.inner_text()
    assert app.posts == [
        ("search", {"space": 0, "version": 1, "query": "a text of my own", "k": 50, "where": None})
    ]


def test_a_server_answers_pictures(make_app: Make, tmp_path: Path) -> None:
    app = live(
        make_app,
        {
            "search": lambda _: {
                "query": "",
                "how": "image",
                "hits": [{"row": 2, "key": "rivers-2", "score": 0.9}],
            }
        },
    )
    picture = tmp_path / "mine.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    app.page.locator("input[type=file]").set_input_files(picture)
    app.wait("s.results?.how === 'image'")
    assert app.posts[0][1] == picture.read_bytes()


def test_a_condition_in_sql_hides_points_and_tells_its_error(make_app: Make) -> None:
    def allowed(body: Any) -> Any:
        if "bad" in body["where"]:
            return {
                "error": {"kind": "query", "message": "There is no column bad.", "hint": "Columns: class."}
            }
        return bytes(1 if row < 30 else 0 for row in range(600))

    app = live(make_app, {"filter": allowed}, loud=True)
    box = app.page.get_by_label("SQL condition")
    box.fill("bad = 1")
    box.press("Enter")
    app.page.locator(".where .note", has_text="There is no column bad. Columns: class.").wait_for()
    box.fill("row < 30")
    box.press("Enter")
    app.until("() => window.app.workspace.ctx.main.shown.count === 30")
    assert app.page.locator(".where .note").is_hidden()


@pytest.mark.parametrize(("button", "kind"), [("Tag", "tag"), ("New Space", "space")])
def test_a_server_saves_a_selection(make_app: Make, button: str, kind: str) -> None:
    app = live(make_app, {"save": lambda body: {"saved": body["name"], "count": len(body["rows"])}})
    app.eval("window.app.workspace.ctx.actions.select([1, 2, 3])")
    app.page.get_by_role("button", name=button, exact=True).click()
    app.page.locator("dialog input").fill("mine")
    app.page.keyboard.press("Enter")
    app.page.locator(".toast", has_text="3 rows saved as mine").wait_for()
    assert app.posts[-1] == (
        "save",
        {"space": 0, "version": 1, "rows": [1, 2, 3], "as": kind, "name": "mine"},
    )


def test_two_maps_of_one_space_are_compared(make_app: Make) -> None:
    app = make_app().open()
    app.page.get_by_role("button", name="Compare", exact=True).click()
    app.until("() => window.app.workspace.ctx.stages[1]?.shown !== undefined")
    app.page.get_by_label("Map to compare with").select_option("0/pca")
    app.until("() => window.app.workspace.ctx.stages[1].map.info.name === 'pca'")
    app.until("() => window.app.workspace.ctx.stages[1].shown.count === 300")
    app.search("cities-1")
    lit = app.eval(
        """() => {
          const rows = window.app.store.state.results.hits.map((hit) => hit.row);
          return window.app.workspace.ctx.stages[1].pointsOf(rows).length;
        }"""
    )
    assert 0 < lit < 50
    app.page.get_by_role("button", name="Close comparison").first.click()
    app.until("() => window.app.workspace.ctx.stages.length === 1")


def test_two_spaces_are_compared_by_their_keys(make_app: Make) -> None:
    """The other Space has the first 300 of 600 keys, in the same order."""
    app = make_app().open("#x=1/umap")
    app.until("() => window.app.workspace.ctx.stages[1]?.shown !== undefined")
    script = "(row) => window.app.workspace.ctx.stages[1].pointOf(row)"
    assert app.eval(script, 7) == 7
    assert app.eval(script, 400) == -1
    app.eval("window.app.workspace.ctx.actions.choose(7)")
    app.until("() => window.app.store.state.row === 7")


def test_measures_have_all_their_parts(make_app: Make) -> None:
    app = make_app().open("#t=measures")
    row = app.page.locator(".measure", has_text="wordsim353.spearman")
    row.wait_for()
    text = row.inner_text()
    for part in ("0.643", "0.571 to 0.702", "random 0.004", "characters 0.120", "334 cases", "95 % judged"):
        assert part in text
    chart = row.get_by_role("img").get_attribute("aria-label")
    assert "0.643" in chart and "characters 0.12" in chart
    assert app.page.locator(".part-title").all_text_contents() == [
        "Similarity",
        "Analogies",
        "Categories",
        "The map umap",
    ]


def test_a_space_without_measures_says_how_to_get_them(make_app: Make) -> None:
    app = make_app("odd").open("#s=2&t=measures", drawn=False)
    app.page.locator(".command", has_text="nearspace measure bare.space").wait_for()


def test_the_recipe_is_told_and_its_command_copied(make_app: Make) -> None:
    app = make_app(permissions=["clipboard-read", "clipboard-write"]).open("#t=recipe")
    page = app.page.locator(".page-recipe")
    text = page.inner_text()
    for part in ("skipgram", "window", "20,000,000", "41.2 s", "upsert of 10 rows", "The map umap"):
        assert part in text
    page.get_by_role("button", name="Copy command").click()
    app.page.locator(".toast", has_text="Command copied").wait_for()
    assert app.eval("navigator.clipboard.readText()").startswith("nearspace learn words")
