/** Where to look so that points lie in the room that the floating panels leave. Of maps in 2-D. */

const MARGIN = 32; // pixels around
const FOOT = 40; // pixels of the line at the foot
const AROUND = 12; // the nearest look shows about this many points squared, if they lay evenly
const LASTS = 450; // milliseconds

/** The view {center, zoom, rotation} for some points or all, or null where the view has to do it. */
export function frameOf(stage, points) {
  const { map, view } = stage;
  if (map.dim !== 2) return null;
  const scale = pixelsPerUnit(map, view);
  if (!scale) return null;
  const box = points ? boxOf(map, points) : map.info.bounds;
  const { left, right, top, bottom, width, height } = room(stage);
  const free = [width - left - right - 2 * MARGIN, height - top - bottom - 2 * MARGIN].map((pixels) => Math.max(60, pixels));
  const wanted = Math.min(...box.slice(0, 2).map(([low, high], axis) => free[axis] / Math.max(high - low, 1e-12)));
  const now = view.view();
  const zoom = Math.min(now.zoom + Math.log2(wanted / scale), points ? Math.max(now.zoom, closest(map.n)) : Infinity);
  const pixel = 2 ** (now.zoom - zoom) / scale;
  const middle = box.slice(0, 2).map(([low, high]) => (low + high) / 2);
  const center = [middle[0] - ((left - right) / 2) * pixel, middle[1] + ((top - bottom) / 2) * pixel, now.center[2] ?? 0];
  return { center, zoom, rotation: [0, 0] };
}

/** Doublings beyond the whole map that looking at points may come nearer. */
const closest = (n) => Math.max(1, Math.log2(Math.sqrt(n) / AROUND));

/** Measured between the two points farthest apart along an axis; 0 where all are one. */
function pixelsPerUnit(map, view) {
  let [low, high] = [-1, -1];
  const axis = map.info.bounds[0][1] > map.info.bounds[0][0] ? map.x : map.y;
  for (let point = 0; point < map.n; point++) {
    if (!map.isDrawn(point)) continue;
    if (low < 0 || axis[point] < axis[low]) low = point;
    if (high < 0 || axis[point] > axis[high]) high = point;
  }
  if (low < 0 || axis[low] === axis[high]) return 0;
  const [a, b] = [view.screenOf(low), view.screenOf(high)];
  const pixels = Math.hypot(a.x - b.x, a.y - b.y);
  const units = Math.hypot(map.x[low] - map.x[high], map.y[low] - map.y[high]);
  return Number.isFinite(pixels) ? pixels / units : 0;
}

function boxOf(map, points) {
  const box = [[Infinity, -Infinity], [Infinity, -Infinity]];
  for (const point of points) {
    [map.x[point], map.y[point]].forEach((value, axis) => {
      box[axis] = [Math.min(box[axis][0], value), Math.max(box[axis][1], value)];
    });
  }
  return box;
}

/** Pixels of the stage that panels cover from its sides. */
function room({ element, ctx }) {
  const own = element.getBoundingClientRect();
  const covered = { left: 0, right: 0, top: 0, bottom: ctx.main.element === element ? FOOT : 0, width: own.width, height: own.height };
  for (const panel of ctx.root.querySelectorAll(".left .panel, .side")) {
    const box = panel.getBoundingClientRect();
    const across = Math.min(box.right, own.right) - Math.max(box.left, own.left);
    if (across <= 0 || box.height === 0) continue;
    if (across > own.width * 0.8) covered.bottom = Math.max(covered.bottom, own.bottom - box.top);
    else if (box.left - own.left < own.right - box.right) covered.left = Math.max(covered.left, box.right - own.left);
    else covered.right = Math.max(covered.right, own.right - box.left);
  }
  return covered;
}

const flights = new WeakMap();

/** Go to a view, in steps or at once; a later call takes over. */
export function glide(view, to, animate) {
  cancelAnimationFrame(flights.get(view));
  if (!animate) return view.setView(to);
  const from = view.view();
  const start = performance.now();
  const step = (now) => {
    const share = Math.min(1, Math.max(0, (now - start) / LASTS));
    const eased = share * share * (3 - 2 * share);
    view.setView(between(from, to, eased));
    if (share < 1) flights.set(view, requestAnimationFrame(step));
  };
  flights.set(view, requestAnimationFrame(step));
  return null;
}

/** The centre goes with the magnification, so that the way looks straight. */
function between(from, to, share) {
  const zoomed = to.zoom - from.zoom;
  const way = Math.abs(zoomed) < 1e-3 ? share : (1 - 2 ** (-zoomed * share)) / (1 - 2 ** -zoomed);
  return {
    center: from.center.map((value, axis) => value + (to.center[axis] - value) * way),
    zoom: from.zoom + zoomed * share,
    rotation: to.rotation,
  };
}
