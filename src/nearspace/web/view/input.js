/** Mouse, touch and keys: what is done on the element becomes calls on its `target`. */

const CLICK = 4; // pixels that a pointer may move in a click
const KEY_STEP = 60; // pixels
const ZOOM_STEP = 0.5;

/**
 * Listen on `element` until `signal` aborts.
 *
 * @param {{lassoing: () => boolean, solid: () => boolean, pan: Function, orbit: Function, zoom: Function, fit: Function,
 *   hover: Function, leave: Function, click: Function, lasso: Function}} target places are pixels of the element
 */
export function listen(element, target, signal) {
  const pointers = new Map();
  const state = { element, target, pointers, moved: false, path: null, turning: false, span: 0 };
  const on = (type, handler, options = {}) => element.addEventListener(type, handler, { signal, ...options });
  on("pointerdown", (event) => down(state, event));
  on("pointermove", (event) => move(state, event));
  on("pointerup", (event) => up(state, event));
  on("pointercancel", (event) => cancel(state, event));
  on("pointerleave", () => target.leave());
  on("wheel", (event) => wheel(state, event), { passive: false });
  on("dblclick", (event) => !target.lassoing() && target.zoom(event.shiftKey ? -1 : 1, ...placeOf(element, event)));
  on("keydown", (event) => key(target, event));
  on("contextmenu", (event) => event.preventDefault());
}

function placeOf(element, event) {
  const { left, top } = element.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function down(state, event) {
  const { element, target, pointers } = state;
  if (event.button > 2) return;
  element.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, placeOf(element, event));
  state.moved = state.moved && pointers.size > 1;
  if (pointers.size > 1) return startPinch(state);
  state.start = placeOf(element, event);
  state.turning = target.solid() && event.button === 0 && !event.shiftKey && !event.ctrlKey && !event.metaKey;
  state.path = target.lassoing() && event.button === 0 ? [state.start] : null;
}

function startPinch(state) {
  state.path = null;
  state.moved = true;
  state.target.lasso(null);
  state.span = spanOf(state.pointers);
}

function spanOf(pointers) {
  const [[ax, ay], [bx, by]] = [...pointers.values()];
  return Math.max(1, Math.hypot(ax - bx, ay - by));
}

function move(state, event) {
  const { element, target, pointers } = state;
  const place = placeOf(element, event);
  const last = pointers.get(event.pointerId);
  if (last === undefined) return target.hover(...place);
  const [dx, dy] = [place[0] - last[0], place[1] - last[1]];
  if (!state.moved && Math.hypot(place[0] - state.start[0], place[1] - state.start[1]) < CLICK) return;
  pointers.set(event.pointerId, place);
  if (!state.moved) target.leave();
  state.moved = true;
  if (pointers.size > 1) pinch(state, dx, dy);
  else if (state.path !== null) {
    state.path.push(place);
    target.lasso(state.path);
  } else if (state.turning) target.orbit(dx, dy);
  else target.pan(dx, dy);
}

function pinch(state, dx, dy) {
  const span = spanOf(state.pointers);
  const [[ax, ay], [bx, by]] = [...state.pointers.values()];
  state.target.pan(dx / 2, dy / 2);
  state.target.zoom(Math.log2(span / state.span), (ax + bx) / 2, (ay + by) / 2);
  state.span = span;
}

function up(state, event) {
  const { element, target, pointers } = state;
  if (!pointers.delete(event.pointerId)) return;
  if (pointers.size > 0) return;
  if (state.path !== null && state.moved) target.lasso(state.path, { done: true, add: event.shiftKey });
  else if (!state.moved && event.button === 0) target.click(...placeOf(element, event), event);
  state.path = null;
  state.moved = false;
}

function cancel(state, event) {
  state.pointers.delete(event.pointerId);
  if (state.path !== null) state.target.lasso(null);
  state.path = null;
}

function wheel({ element, target }, event) {
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1);
  const steps = -Math.max(-240, Math.min(240, pixels)) * (event.ctrlKey ? 0.012 : 0.0028);
  target.zoom(steps, ...placeOf(element, event));
}

function key(target, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowLeft: () => target.pan(KEY_STEP, 0),
    ArrowRight: () => target.pan(-KEY_STEP, 0),
    ArrowUp: () => target.pan(0, KEY_STEP),
    ArrowDown: () => target.pan(0, -KEY_STEP),
    "+": () => target.zoom(ZOOM_STEP),
    "=": () => target.zoom(ZOOM_STEP),
    "-": () => target.zoom(-ZOOM_STEP),
    0: () => target.fit(),
    Escape: () => target.lasso(null),
  }[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}
