/** What is done on the map by hand, as changes of a MapView and events of it. */

import { Polygon, thinned } from "./lasso.js";

/** The target that input.js asks for. */
export function handsOf(view) {
  const { camera } = view;
  const steer = (move) => {
    if (camera.turning) return;
    camera.flight = null;
    move();
    view.invalidate();
  };
  return {
    lassoing: () => view.mode === "lasso",
    solid: () => camera.depth > 0.5,
    pan: (dx, dy) => steer(() => camera.pan(dx, dy)),
    orbit: (dx, dy) => steer(() => camera.orbit(dx, dy)),
    zoom: (steps, x = camera.width / 2, y = camera.height / 2) =>
      steer(() => camera.push(steps, x, y, performance.now(), view.calm)),
    fit: () => view.fit(),
    hover: (x, y) => hover(view, view.nearest(x, y)),
    leave: () => hover(view, -1),
    click: (x, y, event) => view.emit("click", { point: view.nearest(x, y), event }),
    lasso: (path, how) => lasso(view, path, how),
  };
}

function hover(view, point) {
  if (point === view.hovered) return;
  view.hovered = point;
  view.canvas.style.cursor = view.mode === "lasso" ? "crosshair" : point >= 0 ? "pointer" : "grab";
  const { x, y } = view.screenOf(point);
  view.emit("hover", { point, x, y });
  view.invalidate();
}

/** Draw the line so far; once it is `done`, tell what it encloses. */
function lasso(view, path, { done = false, add = false } = {}) {
  view.path = done ? null : path;
  view.invalidate();
  if (!done || !view.index) return;
  const corners = thinned(path);
  if (corners.length >= 3) view.emit("lasso", { points: view.screen.inside(new Polygon(corners)), add });
}
