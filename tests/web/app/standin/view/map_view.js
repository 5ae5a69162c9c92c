/** A map on a 2-D canvas with the interface of the view, for the tests of the app. Draws dots; nothing else. */
export class NoWebGL extends Error {}

export class MapView extends EventTarget {
  constructor(element, { theme = "light" } = {}) {
    super();
    if (globalThis.noWebGL) throw new NoWebGL("no WebGL 2");
    this.element = element;
    this.canvas = document.createElement("canvas");
    element.replaceChildren(this.canvas);
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.describe("Map of points");
    Object.assign(this, { theme, center: [0, 0, 0], zoom: 0, rotation: [0, 0], points: null, mode: "pan", selected: [], highlights: [], links: [], visible: null, fade: null, sizes: null });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(element);
    this.listen();
  }
  listen() {
    const { canvas } = this;
    let from = null;
    canvas.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY, path: [[event.clientX, event.clientY]], moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) {
        const box = canvas.getBoundingClientRect();
        const point = this.nearestAt(event.clientX, event.clientY);
        if (point !== this.over || point >= 0) this.emit("hover", { point, x: event.clientX - box.left, y: event.clientY - box.top });
        this.over = point;
        return;
      }
      from.moved ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > 4;
      from.path.push([event.clientX, event.clientY]);
      if (from.moved && this.mode === "pan") {
        const k = this.scale();
        this.center[0] -= event.movementX / k;
        this.center[1] += event.movementY / k;
        this.changed();
      }
    });
    canvas.addEventListener("pointerup", (event) => {
      if (from && !from.moved) this.emit("click", { point: this.nearestAt(event.clientX, event.clientY), event });
      else if (from && this.mode === "lasso") this.emit("lasso", { points: this.inside(from.path), add: event.shiftKey });
      from = null;
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom -= event.deltaY / 300;
      this.changed();
    }, { passive: false });
  }
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
  describe(text) { this.canvas.setAttribute("aria-label", text); }
  setPoints(points) {
    this.points = points;
    this.box = [points.x, points.y].map((axis) => {
      const finite = axis.filter(Number.isFinite);
      return finite.length ? [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))] : [0, 0];
    });
    this.draw();
    this.emit("labels", { points: Uint32Array.from({ length: Math.min(12, points.n) }, (_, i) => Math.floor((i * points.n) / 12)) });
  }
  setColors(colors) { this.colors = colors; this.draw(); }
  setSizes(sizes) { this.sizes = sizes; this.draw(); }
  setFade(fade) { this.fade = fade; this.draw(); }
  setVisible(visible) { this.visible = visible; this.draw(); }
  setRegions(levels) { this.regions = levels; this.draw(); }
  setLabels(labels) { this.labels = labels; this.draw(); }
  setHighlights(points) { this.highlights = points; this.draw(); }
  setSelected(points) { this.selected = points; this.draw(); }
  setLinks(from, to) { this.from = from; this.links = to; this.draw(); }
  focusOn(points) {
    let [x, y] = [0, 0];
    for (const p of points) [x, y] = [x + this.points.x[p] / points.length, y + this.points.y[p] / points.length];
    this.center = [x, y, 0];
    this.zoom = 1.5;
    this.changed();
  }
  fit() {
    this.center = [...this.box.map(([a, b]) => (a + b) / 2), 0];
    this.zoom = 0;
    this.changed();
  }
  view() { return { center: [...this.center], zoom: this.zoom, rotation: [...this.rotation] }; }
  setView({ center, zoom, rotation }) { Object.assign(this, { center: [...center], zoom, rotation }); this.changed(); }
  changed() { this.draw(); this.emit("view", { view: this.view() }); }
  setMode(mode) { this.mode = mode; }
  setTheme(theme) { this.theme = theme; this.draw(); }
  setDimension() {}
  resize() { this.draw(); }
  destroy() { this.observer.disconnect(); this.canvas.remove(); }
  scale() {
    const widths = this.box.map(([a, b]) => b - a || 1);
    const { clientWidth: w, clientHeight: h } = this.element;
    return Math.min((w - 72) / widths[0], (h - 72) / widths[1]) * 2 ** this.zoom;
  }
  place(p) {
    const k = this.scale();
    const { clientWidth: w, clientHeight: h } = this.element;
    return [w / 2 + (this.points.x[p] - this.center[0]) * k, h / 2 - (this.points.y[p] - this.center[1]) * k];
  }
  shown(p) { return (!this.visible || this.visible[p]) && Number.isFinite(this.points.x[p]) && Number.isFinite(this.points.y[p]); }
  nearestAt(x, y, radius = 12) {
    if (!this.points) return -1;
    const box = this.canvas.getBoundingClientRect();
    let [best, least] = [-1, radius];
    for (let p = 0; p < this.points.n; p++) {
      if (!this.shown(p)) continue;
      const [px, py] = this.place(p);
      const d = Math.hypot(px - (x - box.left), py - (y - box.top));
      if (d < least) [best, least] = [p, d];
    }
    return best;
  }
  screenOf(p) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = this.place(p);
    return { x, y, inside: x >= 0 && y >= 0 && x <= box.width && y <= box.height };
  }
  visiblePoints(limit) { return Uint32Array.from({ length: Math.min(limit, this.points.n) }, (_, i) => i); }
  inside(path) {
    const box = this.canvas.getBoundingClientRect();
    const found = [];
    for (let p = 0; p < this.points.n; p++) {
      if (!this.shown(p)) continue;
      const [px, py] = this.place(p).map((v, a) => v + (a ? box.top : box.left));
      let odd = false;
      for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
        const [[xi, yi], [xj, yj]] = [path[i], path[j]];
        if (yi > py !== yj > py && px < ((xj - xi) * (py - yi)) / (yj - yi) + xi) odd = !odd;
      }
      if (odd) found.push(p);
    }
    return Uint32Array.from(found);
  }
  color(p) {
    const c = this.colors;
    if (!c) return [120, 120, 120];
    if (c.codes) return c.palette[c.codes[p]] ?? c.missing;
    const at = Math.round(((c.values[p] - c.low) / (c.high - c.low)) * 255);
    return c.scale[Math.max(0, Math.min(255, at))] ?? c.missing;
  }
  draw() {
    if (!this.points || this.planned) return;
    this.planned = requestAnimationFrame(() => {
      this.planned = 0;
      const start = performance.now();
      this.paint();
      this.emit("drawn", { milliseconds: performance.now() - start, points: this.points.n, density: false });
    });
  }
  paint() {
    const { clientWidth: w, clientHeight: h } = this.element;
    const ratio = devicePixelRatio;
    Object.assign(this.canvas, { width: w * ratio, height: h * ratio });
    this.canvas.style.width = `${w}px`;
    this.canvas.style.height = `${h}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const lit = new Set(this.highlights);
    const chosen = new Set(this.selected);
    for (let p = 0; p < this.points.n; p++) {
      if (!this.shown(p)) continue;
      const [x, y] = this.place(p);
      pen.globalAlpha = (lit.size && !lit.has(p) && !chosen.has(p) ? 0.15 : 0.85) * (this.fade ? 0.15 + (this.fade[p] / 255) * 0.85 : 1);
      pen.fillStyle = `rgb(${this.color(p).join()})`;
      pen.beginPath();
      pen.arc(x, y, this.sizes ? 1.5 + this.sizes[p] / 64 : 3, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = this.theme === "dark" ? "#6ea8fe" : "#1c64f2";
    for (const p of this.links) {
      pen.beginPath();
      pen.moveTo(...this.place(this.from));
      pen.lineTo(...this.place(p));
      pen.stroke();
    }
    for (const p of chosen) {
      pen.beginPath();
      pen.arc(...this.place(p), 6, 0, 7);
      pen.stroke();
    }
  }
}
