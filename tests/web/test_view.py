"""The map view: what it draws, finds and encloses, and how it moves, on planted points in software WebGL."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.web.browser import Site, needs_browser
from tests.web.map_page import drag, map_page, place, screen_of

pytestmark = needs_browser


def inside(polygon: list[tuple[float, float]], at: np.ndarray) -> set[int]:
    """Numpy twin of lasso.js: the even-odd rule."""
    x, y = at.T
    crossings = np.zeros(len(at), dtype=int)
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if ay != by:
            crossings += ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return set(np.flatnonzero(crossings % 2).tolist())


class TestDrawing:
    def test_a_million_points_are_a_density_that_is_no_blob(self, page: Any) -> None:
        page.evaluate("show(1000000)")
        assert page.evaluate("events.drawn.at(-1).density")
        assert page.evaluate("events.drawn.at(-1).points") == 1_000_000
        assert 0.03 < page.evaluate("inked()") < 0.7
        assert page.evaluate("new Set(new Uint32Array(pixels().bytes.buffer)).size") > 500

    def test_near_by_the_points_themselves_are_drawn(self, page: Any) -> None:
        page.evaluate("show(1000000)")
        page.evaluate("map.setView({zoom: 6, center: [data.points.x[5], data.points.y[5], 0]})")
        page.evaluate("rest()")
        assert not page.evaluate("events.drawn.at(-1).density")
        at = page.evaluate("map.screenOf(5)")
        code = page.evaluate("data.codes[5]")
        assert page.evaluate("([x, y]) => pixel(x, y)", [at["x"], at["y"]]) == pytest.approx(
            page.evaluate("code => colors.categorical('light', 12)[code]", code), abs=24
        )

    def test_the_first_picture_has_points_where_they_are(self, page: Any) -> None:
        place(page, [0, 1, 2], [0, 1, 0])
        for x, y in screen_of(page, 3):
            assert np.abs(np.array(page.evaluate("at => pixel(...at)", [x, y])) - 251).max() > 40
        assert page.evaluate("pixel(20, 20)") == [251, 251, 250]

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_the_ground_has_the_colour_of_the_theme(self, browser: Any, site: Site, theme: str) -> None:
        with map_page(browser, site, f"?theme={theme}") as page:
            page.evaluate("show(2000)")
            assert page.evaluate("pixel(2, 2)") == page.evaluate("map.theme.background")
            other = "dark" if theme == "light" else "light"
            page.evaluate("theme => map.setTheme(theme)", other)
            assert (np.mean(page.evaluate("pixel(2, 2)")) < 128) == (other == "dark")

    def test_a_filter_hides(self, page: Any) -> None:
        place(page, [0, 1, 2], [0, 1, 0])
        before = screen_of(page, 3)
        page.evaluate("map.setVisible(Uint8Array.of(1, 0, 1))")
        assert page.evaluate("at => pixel(...at)", before[1].tolist()) == [251, 251, 250]
        assert page.evaluate("at => map.nearestAt(...at)", before[1].tolist()) == -1
        page.evaluate("map.setVisible(null)")
        assert page.evaluate("at => pixel(...at)", before[1].tolist()) != [251, 251, 250]

    def test_a_million_points_are_filtered(self, page: Any) -> None:
        page.evaluate("show(1000000)")
        page.evaluate("map.setVisible(data.codes.map(code => code === 3 ? 1 : 0))")
        page.evaluate("rest()")
        kept = page.evaluate("data.codes.reduce((sum, code) => sum + (code === 3), 0)")
        assert page.evaluate("events.drawn.at(-1).points") == kept

    def test_found_points_stand_out_and_the_rest_dims(self, page: Any) -> None:
        place(page, [0, 1, 2], [0, 1, 0])
        at = screen_of(page, 3)
        before = [np.array(page.evaluate("at => pixel(...at)", p.tolist())) for p in at]
        page.evaluate("map.setHighlights(Uint32Array.of(1))")
        after = [np.array(page.evaluate("at => pixel(...at)", p.tolist())) for p in at]
        assert np.abs(after[1] - before[1]).max() <= 12
        assert (after[0].astype(int) > before[0] + 40).all()
        ring = [
            page.evaluate("at => pixel(...at)", [at[1][0] + dx, at[1][1]]) for dx in np.arange(4, 12, 0.5)
        ]
        assert np.min(np.mean(ring, axis=1)) < 120

    def test_values_are_coloured_on_the_scale(self, page: Any) -> None:
        place(page, [0, 1, 2, 3], [0, 0, 0, 0])
        page.evaluate(
            """map.setColors({values: Float32Array.of(0, 5, 10, NaN), low: 0, high: 10,
               scale: colors.sequential('light'), missing: [200, 10, 10]})"""
        )
        drawn = [page.evaluate("at => pixel(...at)", at.tolist()) for at in screen_of(page, 4)]
        scale = page.evaluate("colors.sequential('light')")
        for colour, wanted in zip(drawn, [scale[0], scale[128], scale[255], [200, 10, 10]], strict=True):
            assert colour == pytest.approx(wanted, abs=24)

    @pytest.mark.parametrize("dim", [2, 3])
    def test_coarse_pictures_have_the_tone_of_whole_ones(self, page: Any, dim: int) -> None:
        page.evaluate("dim => show(300000, {dim})", dim)
        means = """() => { const {bytes, width} = pixels(); const sums = [0, 0, 0];
            for (let at = 0; at < bytes.length; at += 4) for (let c = 0; c < 3; c++) sums[c] += bytes[at + c];
            return [width, ...sums.map((sum) => sum / (bytes.length / 4))]; }"""
        width, *whole = page.evaluate(means)
        page.evaluate("map.pace.next = () => true")
        half, *coarse = page.evaluate(means)
        assert (width, half) == (900, 450)
        assert coarse == pytest.approx(whole, abs=1.5)
        assert np.ptp(whole) > 1 or np.mean(whole) < 245

    def test_only_what_moves_too_slowly_is_coarse(self, page: Any) -> None:
        steps = [("a", 0), ("b", 100), ("c", 200), ("d", 300), ("e", 400), ("f", 430), ("f", 460), ("g", 1e5)]
        coarse = page.evaluate(
            """async (steps) => { const {Pace} = await import('/view/pace.js'); const pace = new Pace();
               return steps.map(([key, time]) => pace.next(key, time)); }""",
            steps,
        )
        assert coarse == [False, False, False, False, True, True, False, True]
        quick = page.evaluate(
            """async () => { const {Pace} = await import('/view/pace.js'); const pace = new Pace();
               return Array.from({length: 50}, (_, i) => pace.next(`${i}`, 33 * i)); }"""
        )
        assert not any(quick)


class TestPointing:
    def test_the_nearest_point_is_found(self, page: Any) -> None:
        page.evaluate("show(5000)")
        at = screen_of(page, 5000)
        rng = np.random.default_rng(1)
        for x, y in rng.uniform((100, 50), (800, 550), (60, 2)):
            distance = np.hypot(*(at - (x, y)).T)
            best = int(distance.argmin())
            found = page.evaluate("at => map.nearestAt(...at)", [x, y])
            if distance[best] > 12:
                assert found == -1
            else:
                assert distance[found] == pytest.approx(distance[best], abs=1e-3)

    @pytest.mark.parametrize("dim", [2, 3])
    def test_hover_and_click_tell_the_point(self, page: Any, dim: int) -> None:
        place(page, [0, 1, 2], [0, 1, 0], [0, 1, 2] if dim == 3 else None)
        for point, (x, y) in enumerate(screen_of(page, 3)):
            page.mouse.move(x + 3, y + 2)
            hover = page.evaluate("events.hover.at(-1)")
            assert (hover["point"], hover["x"], hover["y"]) == (point, pytest.approx(x), pytest.approx(y))
            page.mouse.click(x, y)
            assert page.evaluate("events.click.at(-1).point") == point
        page.mouse.move(3, 3)
        assert page.evaluate("events.hover.at(-1).point") == -1

    @pytest.mark.parametrize("dim", [2, 3])
    def test_the_lasso_returns_exactly_the_points_inside(self, page: Any, dim: int) -> None:
        page.evaluate("dim => show(20000, {dim})", dim)
        at = screen_of(page, 20000)
        path = [(200.0, 80.0), (700.0, 120.0), (420.0, 300.0), (760.0, 520.0), (180.0, 500.0), (330.0, 290.0)]
        page.evaluate("map.setMode('lasso')")
        drag(page, path)
        event = page.evaluate("(e => ({points: Array.from(e.points), add: e.add}))(events.lasso.at(-1))")
        assert not event["add"]
        assert event["points"] == sorted(inside(path, at))
        assert 100 < len(event["points"]) < 19_900

    def test_the_lasso_leaves_out_what_a_filter_hides(self, page: Any) -> None:
        page.evaluate("show(20000)")
        page.evaluate("map.setVisible(data.codes.map(code => code % 2))")
        page.evaluate("map.setMode('lasso')")
        page.keyboard.down("Shift")
        drag(page, [(0, 0), (899, 0), (899, 599), (0, 599)])
        page.keyboard.up("Shift")
        event = page.evaluate("events.lasso.at(-1).add")
        assert event is True
        assert page.evaluate("events.lasso.at(-1).points.every(point => data.codes[point] % 2 === 1)")
        assert page.evaluate("events.lasso.at(-1).points.length") == page.evaluate(
            "data.codes.reduce((sum, code) => sum + code % 2, 0)"
        )


class TestMoving:
    def test_the_wheel_zooms_around_the_cursor(self, page: Any) -> None:
        page.evaluate("show(3000)")
        x, y = screen_of(page, 1)[0]
        page.mouse.move(x, y)
        page.mouse.wheel(0, -400)
        page.evaluate("rest()")
        assert page.evaluate("map.view().zoom") > 0.5
        assert screen_of(page, 1)[0] == pytest.approx((x, y), abs=1.0)

    def test_a_drag_pans(self, page: Any) -> None:
        page.evaluate("show(3000)")
        before = screen_of(page, 3)
        drag(page, [(450, 300), (470, 310), (520, 330)])
        assert screen_of(page, 3) == pytest.approx(before + np.array([70, 30]), abs=0.5)

    def test_keys_move_when_the_map_has_the_focus(self, page: Any) -> None:
        page.evaluate("show(3000)")
        page.evaluate("map.canvas.focus()")
        before = screen_of(page, 1)
        page.keyboard.press("ArrowRight")
        assert screen_of(page, 1) == pytest.approx(before - np.array([60, 0]), abs=0.5)
        page.keyboard.press("+")
        page.evaluate("rest()")
        assert page.evaluate("map.view().zoom") == pytest.approx(0.5, abs=0.01)
        page.keyboard.press("0")
        page.wait_for_timeout(700)
        page.evaluate("rest()")
        assert page.evaluate("map.view().zoom") == 0

    def test_a_view_comes_back(self, page: Any) -> None:
        page.evaluate("show(3000, {dim: 3})")
        page.evaluate("map.setView({center: [1, 2, 3], zoom: 2.5, rotation: [0.3, -0.2]})")
        view = page.evaluate("map.view()")
        assert view == {"center": [1, 2, 3], "zoom": 2.5, "rotation": [0.3, -0.2]}
        at = screen_of(page, 5)
        page.evaluate("map.setView({center: [0, 0, 0], zoom: 0, rotation: [0, 0]})")
        page.evaluate("view => map.setView(view)", view)
        assert screen_of(page, 5) == pytest.approx(at, abs=1e-6, nan_ok=True)

    def test_focus_brings_points_onto_the_screen(self, page: Any) -> None:
        page.evaluate("show(100000)")
        page.evaluate("map.focusOn(Uint32Array.of(3, 4), {animate: true})")
        page.wait_for_timeout(800)
        page.evaluate("rest()")
        assert page.evaluate("[3, 4].every(point => map.screenOf(point).inside)")
        assert page.evaluate("map.view().zoom") > 0

    def test_three_dimensions_turn_by_a_drag_and_lie_flat_again(self, page: Any) -> None:
        page.evaluate("show(5000, {dim: 3})")
        before = screen_of(page, 50)
        drag(page, [(400, 300), (420, 300), (520, 340)])
        assert np.abs(screen_of(page, 50) - before).max() > 20
        page.evaluate("map.setDimension(2)")
        page.wait_for_timeout(800)
        page.evaluate("rest()")
        assert page.evaluate("map.camera.flat")
        flat = screen_of(page, 50)
        xy = np.array(
            page.evaluate("Array.from({length: 50}, (_, i) => [data.points.x[i], data.points.y[i]])")
        )
        slope, _ = np.polyfit(xy[:, 0], flat[:, 0], 1)
        assert flat[:, 0] - flat[0, 0] == pytest.approx(slope * (xy[:, 0] - xy[0, 0]), abs=0.01)
        assert flat[:, 1] - flat[0, 1] == pytest.approx(-slope * (xy[:, 1] - xy[0, 1]), abs=0.01)

    def test_nothing_flies_where_less_motion_is_wanted(self, browser: Any, site: Site) -> None:
        with map_page(browser, site, reduced_motion="reduce") as page:
            page.evaluate("show(5000)")
            page.evaluate("map.focusOn(Uint32Array.of(3))")
            assert page.evaluate("map.view().zoom") > 0
            assert page.evaluate("map.camera.flight === null")

    def test_touch_pinches(self, browser: Any, site: Site) -> None:
        with map_page(browser, site, has_touch=True) as page:
            page.evaluate("show(3000)")
            session = page.context.new_cdp_session(page)

            def touch(kind: str, *places: tuple[float, float]) -> None:
                points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

            touch("touchStart", (400, 300))
            touch("touchStart", (400, 300), (500, 300))
            touch("touchMove", (350, 300), (550, 300))
            touch("touchMove", (300, 300), (600, 300))
            touch("touchEnd")
            page.evaluate("rest()")
            assert page.evaluate("map.view().zoom") == pytest.approx(np.log2(3), abs=0.3)
