/** One map on the page: its view, and what the state says of colours, filters, hits and selection. */
import { coloring } from "./coloring.js";
import { fill, h } from "./dom.js";
import { count, plural } from "./format.js";
import { icon } from "./icons.js";
import { frameOf, glide } from "./framing.js";
import { NONE } from "./map_data.js";
import { shownPoints } from "./shown.js";
import { MapView, NoWebGL } from "./view/map_view.js";

export class Stage extends EventTarget {
  /**
   * @param {object} ctx what the panels share
   * @param {{main: boolean}} settings the main stage owns the camera of the address
   */
  constructor(ctx, { main }) {
    super();
    this.ctx = ctx;
    this.main = main;
    this.map = null;
    this.view = null;
    this.turn = 0; // grows with every show, so that late answers are dropped
    this.ends = new AbortController();
    this.host = h("div", { class: "stage-view" });
    this.ring = h("div", { class: "ring", hidden: true });
    this.notice = h("div", { class: "stage-notice", hidden: true });
    this.element = h("div", { class: "stage", role: "region", "aria-label": "Map" });
    this.element.append(this.host, this.ring, this.notice);
    this.watch();
  }

  /** Draw a map; `links` tell which row of the main Space a row of this one is (null: the same Space). */
  async show(space, name, links = null) {
    const turn = ++this.turn;
    this.say("Loading the map", "waiting");
    try {
      const wanted = this.ctx.store.state.color;
      const listed = space.info.maps.find((map) => map.name === name);
      const early = listed && !wanted?.startsWith("~") && !links && wanted ? space.column(wanted) : null;
      early?.catch(() => null);
      const map = await space.map(name);
      if (turn !== this.turn) return;
      [this.space, this.map, this.links] = [space, map, links];
      this.rows = rowsOfPoints(map, links);
      await this.draw(turn);
    } catch (error) {
      if (turn === this.turn) this.fail(error, () => this.show(space, name, links));
    }
  }

  async draw(turn) {
    const { map } = this;
    const paint = await this.colors();
    if (turn !== this.turn) return;
    if (!this.open()) return;
    this.say(null);
    this.view.setPoints({ n: map.n, dim: map.dim, x: map.x, y: map.y, z: map.z });
    this.paint(paint);
    this.view.setRegions(map.info.regions ?? []);
    const { camera } = this.ctx.store.state;
    this.frame(null, false);
    this.home = JSON.stringify(this.view.view());
    if (this.main && camera) this.view.setView(camera);
    this.describe();
    await Promise.all([this.refilter(), this.resize(), this.refade()]);
    this.remark();
    this.dispatchEvent(new CustomEvent("map", { detail: { map } }));
  }

  /** Make the view, once; false where the browser cannot. */
  open() {
    if (this.view) return true;
    try {
      this.view = new MapView(this.host, { theme: this.ctx.theme() });
    } catch (error) {
      if (!(error instanceof NoWebGL)) throw error;
      this.picture();
      return false;
    }
    const on = (event, action) => this.view.addEventListener(event, ({ detail }) => action(detail));
    on("hover", (detail) => this.hovered(detail));
    on("click", ({ point, event }) => this.emit("pick", { row: point >= 0 ? this.rowOf(point) : -1, event }));
    on("lasso", ({ points, add }) => this.emit("lasso", { rows: this.rowsOf(points), add }));
    on("labels", ({ points }) => this.label(points));
    on("view", ({ view }) => this.moved(view));
    on("drawn", (detail) => {
      if (!this.timed) performance.mark("nearspace:drawn");
      this.timed = true;
      this.emit("drawn", detail);
    });
    this.view.setMode(this.ctx.store.state.mode);
    return true;
  }

  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The row in the main Space of a point; -1 where it has none. */
  rowOf(point) {
    const row = this.rows ? this.rows[point] : point;
    return row === NONE ? -1 : row;
  }

  rowsOf(points) {
    return Uint32Array.from(Array.from(points, (point) => this.rowOf(point)).filter((row) => row >= 0));
  }

  /** The point of a row of the main Space, or -1. */
  pointOf(row) {
    if (!this.map || row === null || row < 0) return -1;
    if (!this.links) return this.map.pointOf(row);
    const own = this.links.there[row];
    return own === NONE ? -1 : this.map.pointOf(own);
  }

  pointsOf(rows) {
    const points = [];
    for (const row of rows) {
      const point = this.pointOf(row);
      if (point >= 0) points.push(point);
    }
    return Uint32Array.from(points);
  }

  watch() {
    const { store } = this.ctx;
    const on = (names, action) => store.on(names, () => this.map && this.view && action(), this.ends.signal);
    on(["color"], () => this.recolor());
    on(["filters", "allowed"], () => this.refilter());
    on(["sized"], () => this.resize());
    on(["faded"], () => this.refade());
    on(["results", "selection", "row", "links"], () => this.remark());
    on(["hover"], () => this.placeRing());
    on(["mode"], () => this.view.setMode(store.state.mode));
    on(["camera"], () => this.restoreCamera());
  }

  /** A camera that came from the address, not from this view. */
  restoreCamera() {
    const { camera } = this.ctx.store.state;
    if (this.main && camera && camera !== this.lastView) this.view.setView(camera);
  }

  async colors() {
    const { color } = this.ctx.store.state;
    const own = color.startsWith("~");
    const known = !own || this.map.has(color) ? color : "~none";
    const space = own ? this.space : this.ctx.space;
    return coloring(space, this.map, known, { theme: this.ctx.theme(), rows: own ? null : this.rows });
  }

  async recolor() {
    const turn = this.turn;
    try {
      const paint = await this.colors();
      if (turn === this.turn && this.view) this.paint(paint);
    } catch (error) {
      this.ctx.notifyError(error, () => this.recolor());
    }
  }

  paint({ colors, legend }) {
    this.view.setColors(colors);
    this.legend = legend;
    this.emit("legend", legend);
  }

  async refilter() {
    const { filters, allowed } = this.ctx.store.state;
    const turn = this.turn;
    try {
      const shown = await shownPoints(this.ctx.space, this.map, { filters, allowed, rows: this.rows });
      if (turn !== this.turn || this.ctx.store.state.filters !== filters) return;
      this.view.setVisible(shown.mask);
      this.shown = shown;
      this.emit("shown", shown);
    } catch (error) {
      this.ctx.notifyError(error, () => this.refilter());
    }
  }

  async resize() {
    const { sized } = this.ctx.store.state;
    this.view.setSizes(sized && this.map.has("~trust") ? await this.map.measure("trust") : null);
  }

  async refade() {
    const { faded } = this.ctx.store.state;
    const trust = faded && this.map.has("~trust") ? await this.map.measure("trust") : null;
    this.view.setFade(trust);
  }

  /** Show hits, selection and the lines to neighbours as the state has them. */
  remark() {
    const { results, selection, row, links } = this.ctx.store.state;
    this.view.setHighlights(results ? this.pointsOf(results.hits.map((hit) => hit.row)) : new Uint32Array(0), { order: true });
    const chosen = new Set(this.pointsOf(selection));
    const point = this.pointOf(row);
    if (point >= 0) chosen.add(point);
    this.view.setSelected(Uint32Array.from(chosen));
    this.view.setLinks(point, point >= 0 && links ? this.pointsOf(links) : new Uint32Array(0));
    this.placeRing();
  }

  /** Look at some rows. */
  focusOn(rows) {
    const points = this.pointsOf(rows).filter((point) => this.map.isDrawn(point));
    if (this.view && points.length) this.frame(points, true);
  }

  /** Look at some points, or at all, in the room that the panels leave. */
  frame(points, animate) {
    const view = frameOf(this, points);
    if (view) glide(this.view, view, animate && !this.ctx.still());
    else if (points) this.view.focusOn(points, { animate: animate && !this.ctx.still() });
    else this.view.fit();
  }

  hovered({ point, x, y }) {
    const row = point >= 0 ? this.rowOf(point) : -1;
    this.ctx.store.set({ hover: point >= 0 ? { row, stage: this } : null }, "silent");
    const { left, top } = this.element.getBoundingClientRect();
    this.emit("hover", { point, x: x + left, y: y + top });
  }

  /** A ring around the point that another panel or map points at. */
  placeRing() {
    const { hover } = this.ctx.store.state;
    const point = hover && hover.stage !== this ? this.pointOf(hover.row) : -1;
    const place = point >= 0 && this.map.isDrawn(point) ? this.view.screenOf(point) : null;
    this.ring.hidden = !place?.inside;
    if (this.ring.hidden) return;
    this.ring.style.transform = `translate(${place.x}px, ${place.y}px)`;
  }

  async label(points) {
    try {
      const keys = await this.space.keys();
      const texts = Array.from(points, (point) => ({ point, text: short(keys.at(this.map.rowOf(point))) }));
      this.view?.setLabels(texts);
    } catch {
      // a map without names is still a map
    }
  }

  moved(view) {
    this.lastView = view;
    this.placeRing();
    this.emit("view", view);
    if (!this.main) return;
    clearTimeout(this.settle);
    // an untouched map needs no place in the address
    this.settle = setTimeout(() => this.ctx.store.set({ camera: JSON.stringify(view) === this.home ? null : view }), 250);
  }

  describe() {
    const { name, method, count: points, dim } = this.map.info;
    const text = `Map ${name}: ${plural(points, "point")} laid out by ${method} in ${dim} dimensions. Drag or use the arrow keys to move, plus and minus to zoom. The list of points says the same in words.`;
    this.element.setAttribute("aria-label", `Map ${name}`);
    this.view?.describe?.(text);
  }

  setTheme(theme) {
    this.view?.setTheme(theme);
    if (this.map && this.view) this.recolor();
    else if (this.map) this.picture();
  }

  /** What is shown in place of the map: a text, with a way to try again. */
  say(text, kind = "waiting", retry = null) {
    this.notice.hidden = text === null;
    if (text === null) return;
    this.notice.className = `stage-notice ${kind}`;
    fill(
      this.notice,
      h("div", { class: "notice-text", role: kind === "error" ? "alert" : "status" }, kind === "error" && icon("warning"), text),
      retry && h("button", { class: "button", type: "button", text: "Try again", on: { click: retry } }),
    );
  }

  /** A Space without a map. */
  blank() {
    const command = h("code", { class: "command", text: `nearspace map ${this.ctx.space.info.name}.space` });
    this.notice.hidden = false;
    this.notice.className = "stage-notice empty";
    fill(this.notice, h("p", { text: "This Space has no map yet. This command makes one:" }), command, h("p", { class: "note", text: "Search, measures and recipe work without." }));
  }

  fail(error, retry) {
    this.ctx.report(error);
    this.say([error.message, error.hint].filter(Boolean).join(" "), "error", retry);
  }

  /** Without WebGL: the picture that the export holds. */
  picture() {
    const name = this.ctx.theme() === "dark" ? "map-dark.png" : "map.png";
    const text = "This browser cannot draw with WebGL 2, so the map is a still picture. Search, neighbours, measures and the list of points work as ever.";
    const alt = `Map ${this.map.info.name} of ${count(this.map.n)} points`;
    const path = `${this.space.mapFolder(this.map.info.name)}/${name}`;
    const image = h("img", { class: "stage-picture", alt, on: { error: () => image.remove() } });
    fill(this.host, h("div", { class: "stage-still" }, h("p", { class: "stage-message", role: "status", text }), image));
    this.ctx.image(path).then((address) => (image.src = address));
    this.notice.hidden = true;
    this.describe();
    coloring(this.space, this.map, "~none", { theme: this.ctx.theme() }).then(({ legend }) => this.emit("legend", legend));
    const { filters, allowed } = this.ctx.store.state;
    shownPoints(this.ctx.space, this.map, { filters, allowed, rows: this.rows }).then((shown) => {
      this.shown = shown;
      this.emit("shown", shown);
    });
    this.emit("map", { map: this.map });
  }

  destroy() {
    this.turn += 1;
    clearTimeout(this.settle);
    this.ends.abort();
    this.view?.destroy();
    this.element.remove();
  }
}

/** The row in the main Space of each point; null where points are rows. */
function rowsOfPoints(map, links) {
  if (!links) return map.rows;
  const rows = new Uint32Array(map.n);
  for (let point = 0; point < map.n; point++) rows[point] = links.back[map.rowOf(point)];
  return rows;
}

const LONGEST = 40;
const short = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
