/**
 * The map: up to a million points in 2-D or 3-D on an element, drawn by WebGL, looked at, pointed at and enclosed.
 *
 * It knows points by number only; colours, names and what a click means come from the app. Far away one sees the
 * density of the points, near by the points themselves. docs/page-view.md describes the whole.
 */

import { Camera, SOLID } from "./camera.js";
import { drawFrame } from "./frame.js";
import { handsOf } from "./hands.js";
import { listen } from "./input.js";
import { Labels } from "./labels.js";
import { Marks } from "./marks.js";
import { Overlay } from "./overlay.js";
import { colorOf, paintOf } from "./paint.js";
import { Pace } from "./pace.js";
import { Batch, NoWebGL, Painter } from "./painter.js";
import { PointIndex } from "./point_index.js";
import { Screen } from "./screen.js";
import { THEMES } from "./theme.js";

export { NoWebGL };

const FLIGHT = 650; // milliseconds
const REST = 140; // without change, after which names are asked for
const REFINE = 120; // after a coarse picture
const CLOSE_UP = 1500; // points on the screen, below which they are named
const MOST_NAMES = 160;

export class MapView extends EventTarget {
  /**
   * @param {HTMLElement} element the map fills it
   * @param {{theme?: "light"|"dark"}} options
   * @throws {NoWebGL}
   */
  constructor(element, { theme = "light" } = {}) {
    super();
    this.element = element;
    this.canvas = layer("application", "Map of points");
    this.painter = new Painter(this.canvas);
    this.overlay = new Overlay(layer("presentation"));
    this.camera = new Camera();
    this.screen = new Screen(this.camera);
    this.labels = new Labels();
    this.batch = new Batch();
    this.pace = new Pace();
    this.theme = THEMES[theme];
    this.ending = new AbortController();
    Object.assign(this, {
      colors: null,
      sizes: null,
      fade: null,
      mask: null,
      levels: [],
      texts: [],
      link: null,
      path: null,
    });
    Object.assign(this, {
      hovered: -1,
      mode: "pan",
      frame: 0,
      resting: 0,
      diameter: 4,
      closeUp: false,
      paint: null,
      n: 0,
    });
    this.marks = new Marks(0);
    this.attach();
  }

  attach() {
    const { element, canvas, overlay } = this;
    if (getComputedStyle(element).position === "static") element.style.position = "relative";
    element.append(canvas, overlay.canvas);
    canvas.tabIndex = 0;
    canvas.style.touchAction = "none";
    canvas.style.outlineOffset = "-2px";
    overlay.canvas.style.pointerEvents = "none";
    const { signal } = this.ending;
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.calm = motion.matches;
    motion.addEventListener("change", () => (this.calm = motion.matches), { signal });
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    canvas.addEventListener("webglcontextrestored", () => (this.painter.prepare(), this.invalidate()), { signal });
    listen(canvas, handsOf(this), signal);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element);
    this.setMode("pan");
    this.resize();
  }

  /** Say what the map shows, for those who do not see it. */
  describe(text) {
    this.canvas.setAttribute("aria-label", text);
  }

  /**
   * Show other points. What was set for the points of before stays where there are as many, since then it is the same
   * rows on another map; else it is dropped.
   *
   * @param {{n: number, dim: 2|3, x: Float32Array, y: Float32Array, z: Float32Array|null}} points NaN: not on the map
   */
  setPoints({ n, dim, x, y, z = null }) {
    for (const [name, values] of Object.entries({ x, y, ...(dim === 3 ? { z } : {}) })) checkLength(name, values, n);
    if (n !== this.n) this.forget(n);
    this.index = new PointIndex({ n, x, y, z: dim === 3 ? z : null });
    if (this.mask !== null) this.index.keep(this.mask);
    this.screen.setIndex(this.index);
    this.asked = null;
    this.camera.setBox(this.index.box, this.index.sample());
    this.camera.set({
      center: this.camera.middle,
      zoom: 0,
      rotation: dim === 3 ? SOLID : [0, 0],
      depth: dim === 3 ? 1 : 0,
    });
    this.repaint();
  }

  forget(n) {
    this.n = n;
    this.marks = new Marks(n);
    Object.assign(this, { colors: null, sizes: null, fade: null, mask: null, texts: [], link: null, hovered: -1 });
    this.labels.clear();
  }

  /** Codes into a palette, or values on a scale from `low` to `high`; a code or value beyond them is `missing`. */
  setColors(colors) {
    checkLength("colours", colors.codes ?? colors.values, this.n);
    this.colors = colors;
    this.repaint();
  }

  setSizes(sizes) {
    this.sizes = checkLength("sizes", sizes, this.n);
    this.invalidate();
  }

  setFade(fade) {
    this.fade = checkLength("fade", fade, this.n);
    this.repaint();
  }

  setVisible(mask) {
    this.mask = checkLength("visible", mask, this.n);
    this.index?.keep(mask);
    Object.assign(this, { hovered: -1, asked: null });
    this.repaint();
  }

  setRegions(levels) {
    this.levels = levels ?? [];
    this.invalidate();
  }

  setLabels(texts) {
    this.texts = (texts ?? []).filter(({ point }) => point < this.n);
    this.invalidate();
  }

  /** Search results, the best first; all others go into the background. */
  setHighlights(points, { order = true } = {}) {
    this.mark(() => this.marks.setFound(points, order));
  }

  setSelected(points) {
    this.mark(() => this.marks.setSelected(points));
  }

  /** Lines from a point to others, the nearest first; -1 or no others: none. */
  setLinks(fromPoint, toPoints) {
    this.link = fromPoint >= 0 && toPoints?.length > 0 ? { from: fromPoint, to: toPoints } : null;
    this.invalidate();
  }

  focusOn(points, { animate = true } = {}) {
    const box = this.boxOf(points);
    if (box === null) return;
    const nearest = Math.max(this.camera.zoom, this.zoomFor(300));
    this.fly(this.camera.viewOf(box, nearest), animate ? FLIGHT : 0);
  }

  fit() {
    this.fly({ center: this.camera.middle, zoom: 0 }, FLIGHT);
  }

  view() {
    return this.camera.view();
  }

  setView(view) {
    this.camera.set({ ...this.camera.view(), ...view });
    this.invalidate();
  }

  setMode(mode) {
    this.mode = mode;
    this.path = null;
    this.canvas.style.cursor = mode === "lasso" ? "crosshair" : "grab";
    this.invalidate();
  }

  setTheme(theme) {
    this.theme = THEMES[theme];
    this.repaint();
  }

  /** Turn the map flat, or let it have depth. */
  setDimension(dimension) {
    const solid = dimension === 3;
    this.fly({ rotation: solid ? SOLID : [0, 0], depth: solid ? 1 : 0 }, FLIGHT);
  }

  resize() {
    this.sized = false;
    this.invalidate();
  }

  destroy() {
    this.ending.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resting);
    clearTimeout(this.refining);
    this.painter.destroy();
    this.canvas.remove();
    this.overlay.canvas.remove();
    this.destroyed = true;
    Object.assign(this, { index: null, paint: null, colors: null, sizes: null, fade: null, mask: null, screen: null });
  }

  nearestAt(clientX, clientY, radius = 12) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return this.nearest(clientX - left, clientY - top, radius);
  }

  nearest(x, y, radius = 12) {
    if (!this.index) return -1;
    const { order } = this.index;
    const bytes = this.marks.bytes;
    this.settle();
    const i = this.screen.nearest(x, y, radius, bytes === null ? undefined : (at) => bytes[order[at]] !== 0);
    return i < 0 ? -1 : order[i];
  }

  /** Pixels of the element where a point is; NaN and not inside, where it is not on the map. */
  screenOf(point) {
    this.settle();
    const place = this.placeOf(point);
    if (place === null) return { x: NaN, y: NaN, inside: false };
    const [x, y] = place;
    return { x, y, inside: x >= 0 && y >= 0 && x < this.camera.width && y < this.camera.height };
  }

  visiblePoints(limit) {
    const { sizes, fade, marks } = this;
    this.settle();
    const worth = (point) => (marks.bytes?.[point] ?? 0) * 1000 + (fade?.[point] ?? 0) + (sizes?.[point] ?? 0);
    return this.screen.spread(limit, worth);
  }

  // what the parts of a frame ask for

  coordinatesOf(point) {
    const { x, y, z } = this.index.source;
    const at = [x[point], y[point], z === null ? 0 : z[point]];
    return at.every(Number.isFinite) && (this.mask === null || this.mask[point] !== 0) ? at : null;
  }

  placeOf(point) {
    if (!this.index || !(point >= 0 && point < this.n)) return null;
    const at = this.coordinatesOf(point);
    if (at === null) return null;
    const place = this.camera.projector()(...at);
    return Number.isNaN(place[0]) ? null : place;
  }

  wordOf(point) {
    const [r, g, b] = colorOf(point, this.colors, this.theme);
    return r | (g << 8) | (b << 16) | (255 << 24);
  }

  boxOf(points) {
    const all = [...points]
      .map((point) => (point < this.n ? this.coordinatesOf(point) : null))
      .filter((at) => at !== null);
    if (all.length === 0) return null;
    return [0, 1, 2].map((axis) => {
      const values = all.map((at) => at[axis]);
      return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    });
  }

  /** The zoom at which about so many points would be on the screen, were they spread evenly. */
  zoomFor(points) {
    return Math.max(0, Math.log2(Math.max(1, this.n) / points) / 2);
  }

  // drawing

  /** Colours, marks or the kept points have changed. */
  repaint() {
    this.paint = null;
    this.invalidate();
  }

  /** Change the marks; all points are painted anew only where marks are too many to be drawn over them. */
  mark(change) {
    const before = this.marks.painted;
    change();
    if (before === null && this.marks.painted === null) this.invalidate();
    else this.repaint();
  }

  invalidate() {
    if (this.screen === null) return;
    if (this.frame === 0) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  fly(to, milliseconds) {
    this.camera.fly(to, this.calm ? 0 : milliseconds, performance.now());
    this.invalidate();
  }

  /** Take over the size of the element, if it may have changed. */
  settle() {
    if (this.sized && this.ratio === devicePixelRatio) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    this.ratio = devicePixelRatio;
    this.camera.resize(width, height);
    this.overlay.resize(width, height, this.ratio);
    this.sized = true;
    this.invalidate();
  }

  draw(now) {
    this.frame = 0;
    if (this.painter.lost) return;
    const start = performance.now();
    this.settle();
    const moving = this.camera.advance(now);
    if (this.index && this.paint === null) this.paint = paintOf(this.index, { ...this, marks: this.marks.painted });
    const { points, density, busy } = drawFrame(this, now, this.pace.next(this.screen.key(), now));
    this.report(start, points, density);
    clearTimeout(this.refining);
    if (moving || busy) this.invalidate();
    else if (this.pace.coarse) this.refining = setTimeout(() => this.invalidate(), REFINE);
    else this.ask(points);
  }

  report(start, points, density) {
    const view = this.camera.view();
    const told = JSON.stringify([view, this.camera.width, this.camera.height]);
    if (told !== this.told) this.emit("view", { view });
    this.told = told;
    this.emit("drawn", { milliseconds: performance.now() - start, points, density });
  }

  /** Once the map rests, make ready for the pointer, and ask for the names of points that there is room for. */
  ask(points) {
    this.closeUp = points > 0 && points <= CLOSE_UP;
    clearTimeout(this.resting);
    if (this.asked === this.told) return;
    this.resting = setTimeout(() => {
      this.asked = this.told;
      this.screen.prepare();
      if (this.closeUp) this.emit("labels", { points: this.visiblePoints(MOST_NAMES) });
    }, REST);
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function layer(role, label) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas.style, { position: "absolute", inset: "0", width: "100%", height: "100%", display: "block" });
  canvas.setAttribute("role", role);
  if (label) canvas.setAttribute("aria-label", label);
  return canvas;
}

function checkLength(name, values, n) {
  if (values !== null && values?.length !== n)
    throw new RangeError(`${name}: ${values?.length} values came for ${n} points`);
  return values;
}
