"""The map view: its labels, odd points, lost contexts, sizes and its end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.web.browser import Site, needs_browser
from tests.web.map_page import drag, map_page, place, screen_of

pytestmark = needs_browser


class TestLabels:
    def boxes(self, page: Any) -> np.ndarray:
        return np.array(page.evaluate("map.labels.boxes.map(b => [b.x, b.y, b.w, b.h])")).reshape(-1, 4)

    @pytest.mark.parametrize("dim", [2, 3])
    @pytest.mark.parametrize("zoom", [0, 1.2, 2.5])
    def test_labels_never_overlap(self, page: Any, dim: int, zoom: float) -> None:
        page.evaluate("dim => show(5000, {dim, regions: true, count: 40})", dim)
        page.evaluate("zoom => map.setView({zoom})", zoom)
        page.evaluate(
            "map.setLabels(Array.from(map.visiblePoints(200), point => ({point, text: `point ${point}`})))"
        )
        page.evaluate("map.setHighlights(map.visiblePoints(20))")
        page.evaluate("rest()")
        boxes = self.boxes(page)
        assert len(boxes) > 5
        for i, (x, y, w, h) in enumerate(boxes):
            others = boxes[i + 1 :]
            apart = (
                (others[:, 0] >= x + w)
                | (others[:, 0] + others[:, 2] <= x)
                | (others[:, 1] >= y + h)
                | (others[:, 1] + others[:, 3] <= y)
            )
            assert apart.all()

    def test_panning_keeps_the_labels_that_stay_on_the_screen(self, page: Any) -> None:
        page.evaluate("show(5000, {regions: true, count: 40})")
        page.evaluate("map.setView({zoom: 1})")
        page.evaluate("rest()")
        names = """[...map.labels.shown].filter(([, entry]) => entry.target > 0)
            .map(([id, {label}]) => [id, label.x, label.y])"""
        before = {name: (x, y) for name, x, y in page.evaluate(names)}
        drag(page, [(450, 300), (460, 300), (500, 320)])
        page.evaluate("rest()")
        after = {name: (x, y) for name, x, y in page.evaluate(names)}
        stay = {name for name, (x, y) in before.items() if 0 < x + 50 < 900 and 0 < y + 20 < 600}
        assert len(stay) > 5
        assert stay <= set(after)

    def test_names_are_asked_for_when_few_points_are_on_the_screen(self, page: Any) -> None:
        page.evaluate("show(20000)")
        page.evaluate("rest(400)")
        assert page.evaluate("events.labels.length") == 0
        page.evaluate("map.setView({zoom: 5, center: [data.points.x[5], data.points.y[5], 0]})")
        page.evaluate("rest(400)")
        asked = page.evaluate("Array.from(events.labels.at(-1).points)")
        assert 0 < len(asked) <= 160
        assert page.evaluate("points => points.every(point => map.screenOf(point).inside)", asked)


class TestOddPoints:
    @pytest.mark.parametrize("dim", [2, 3])
    @pytest.mark.parametrize(
        "x",
        [
            [],
            [1.0],
            [3.0] * 50,
            [None] * 5,
            [None, 1.0, 2.0],
            [1e30, -1e30, 0.0],
            [1e-30, 2e-30],
            [1e6, 1e6 + 1],
        ],
        ids=["none", "one", "same", "nan", "some nan", "huge", "tiny", "far"],
    )
    def test_any_points_are_shown_or_left_out(self, page: Any, x: list, dim: int) -> None:
        place(page, x, x, [0.0] * len(x) if dim == 3 else None)
        shown = [i for i, value in enumerate(x) if value is not None]
        for i, (px, py) in enumerate(screen_of(page, len(x)) if x else []):
            assert (i in shown) == (0 <= px < 900 and 0 <= py < 600)
        assert (page.evaluate("inked()") > 0) == bool(shown)
        page.evaluate("map.fit()")
        page.evaluate("map.focusOn(Uint32Array.of(0))")
        page.evaluate("map.visiblePoints(10)")
        page.mouse.move(450, 300)
        page.mouse.wheel(0, -300)
        page.evaluate("rest()")

    def test_a_stray_point_does_not_shrink_the_rest(self, page: Any) -> None:
        page.evaluate(
            """(() => { const {points} = clusters(1000);
               points.x[7] = 1e30; points.y[8] = -1e30; points.x[9] = Infinity;
               map.setPoints(points); })()"""
        )
        page.evaluate("rest()")
        at = np.delete(screen_of(page, 1000), [7, 8, 9], axis=0)
        assert np.ptp(at[:, 0]) > 400

    def test_arrays_of_another_length_are_refused(self, page: Any) -> None:
        place(page, [0, 1], [0, 1])
        message = page.evaluate(
            "(() => { try { map.setFade(new Uint8Array(3)) } catch (e) { return e.message } })()"
        )
        assert message == "fade: 3 values came for 2 points"


class TestLife:
    def test_a_lost_context_comes_back(self, page: Any) -> None:
        page.evaluate("show(5000)")
        before = page.evaluate("inked()")
        page.evaluate(
            """new Promise(resolve => { const lose = map.painter.gl.getExtension('WEBGL_lose_context');
               const on = (name, act, wait) => map.canvas.addEventListener(name, () => setTimeout(act, wait));
               on('webglcontextrestored', resolve, 100);
               on('webglcontextlost', () => lose.restoreContext(), 50);
               lose.loseContext(); })"""
        )
        page.evaluate("rest()")
        assert page.evaluate("inked()") == pytest.approx(before, rel=0.02)

    def test_destroy_frees_context_canvas_and_listeners(self, page: Any) -> None:
        page.evaluate("show(5000)")
        drawn = page.evaluate("map.destroy(), events.drawn.length")
        page.set_viewport_size({"width": 500, "height": 400})
        page.wait_for_timeout(200)
        assert page.evaluate("map.painter.gl.isContextLost()")
        assert page.evaluate("document.querySelectorAll('canvas').length") == 0
        assert page.evaluate("events.drawn.length") == drawn

    def test_many_maps_may_follow_each_other(self, page: Any) -> None:
        page.evaluate("map.destroy()")
        page.evaluate(
            """(async () => { for (let i = 0; i < 30; i++) {
                 const other = new MapView(document.getElementById('map'), {});
                 other.setPoints(clusters(100).points);
                 await new Promise(requestAnimationFrame);
                 other.destroy(); } })()"""
        )

    def test_without_webgl_it_says_so(self, page: Any) -> None:
        name = page.evaluate(
            """(() => { const original = HTMLCanvasElement.prototype.getContext;
               HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
                 return kind === 'webgl2' ? null : original.call(this, kind, ...rest); };
               try { new MapView(document.createElement('div'), {}) }
               catch (e) { return e instanceof NoWebGL && e.message } })()"""
        )
        assert name == "This browser does not offer WebGL 2, which the map is drawn with."

    def test_the_map_follows_its_element(self, page: Any) -> None:
        page.evaluate("show(3000)")
        page.set_viewport_size({"width": 500, "height": 700})
        page.evaluate("rest()")
        assert page.evaluate("[map.canvas.width, map.canvas.height]") == [500, 700]
        at = screen_of(page, 3000)
        assert (at >= 0).all() and (at <= (500, 700)).all()

    def test_sharp_screens_get_all_their_pixels(self, browser: Any, site: Site) -> None:
        with map_page(browser, site, device_scale_factor=2) as page:
            place(page, [0, 1], [0, 1])
            assert page.evaluate("[map.canvas.width, map.canvas.height]") == [1800, 1200]
            for x, y in screen_of(page, 2):
                assert np.mean(page.evaluate("at => pixel(...at)", [x, y])) < 200
