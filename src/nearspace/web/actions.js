/** What a user can do, by whatever means: panels, map and keyboard call these. */

const STEP = 0.12; // of the map's width, for an arrow key
const TURN = 0.15; // radians

export class Actions {
  constructor(ctx) {
    this.ctx = ctx;
    this.store = ctx.store;
  }

  /** Search; the same query again looks at its results again. */
  find(query) {
    const text = query.trim();
    if (text && text === this.store.state.query) this.store.set({ pane: "results", sheet: "side" });
    else this.store.set({ query: text }, "push");
  }

  /** Show results, go through them from the first, and look at where they lie. */
  show(results) {
    this.store.set({ results, active: -1, pane: "results", sheet: "side" }, "silent");
    const rows = [...results.asked, ...results.hits.slice(0, 12).map((hit) => hit.row)];
    this.focus(rows);
  }

  clearSearch() {
    this.store.set({ query: "", results: null, active: -1 }, "push");
    this.ctx.app.announce("Search cleared");
    if (this.store.state.pane === "results") this.store.set({ pane: null, sheet: null });
  }

  /** Choose a row: its panel opens, and lines lead to its true neighbours. */
  async choose(row, { pane = "point", look = false } = {}) {
    try {
      const keys = await this.ctx.space.keys();
      this.store.set({ row, key: keys.at(row), pane, sheet: pane === "point" ? "side" : this.store.state.sheet }, "push");
      if (look) this.focus([row]);
    } catch (error) {
      this.ctx.notifyError(error, () => this.choose(row, { pane, look }));
    }
  }

  unchoose() {
    this.store.set({ row: null, key: null, links: null, pane: this.store.state.pane === "point" ? null : this.store.state.pane }, "push");
  }

  /** A click on a map; with Shift or Ctrl the point joins the selection. */
  pick({ row, event }) {
    if (row < 0) return;
    if (event?.shiftKey || event?.ctrlKey || event?.metaKey) this.toggle(row);
    else this.choose(row);
  }

  toggle(row) {
    const chosen = new Set(this.store.state.selection);
    if (!chosen.delete(row)) chosen.add(row);
    this.select([...chosen]);
  }

  /** What a lasso caught, of what is shown. */
  gather({ rows, add }) {
    this.select(add ? [...new Set([...this.store.state.selection, ...rows])] : rows);
    this.store.set({ mode: "pan" });
  }

  select(rows) {
    const selection = Uint32Array.from(rows);
    this.store.set({ selection, pane: selection.length ? "selection" : null, sheet: selection.length ? "side" : null }, "silent");
    this.ctx.announce(`${selection.length} selected`);
  }

  /** Go to another result: +1 the next, -1 the one before. */
  step(by) {
    const { results, active } = this.store.state;
    if (!results?.hits.length) return;
    const next = Math.min(results.hits.length - 1, Math.max(0, active + by));
    this.activate(next);
  }

  activate(at) {
    const hit = this.store.state.results.hits[at];
    this.store.set({ active: at, row: hit.row, key: hit.key, pane: "results" }, "replace");
    this.ctx.announce(`${at + 1}: ${hit.key}`);
  }

  focus(rows) {
    for (const stage of this.ctx.stages) if (stage.map) stage.focusOn(rows);
  }

  fit() {
    for (const stage of this.ctx.stages) if (stage.map && stage.view) stage.frame(null, true);
  }

  /** Come nearer by so many doublings; below 0 go farther. */
  zoom(by) {
    this.eachView((view) => ({ ...view, zoom: view.zoom + by }));
  }

  /** Move by a part of what is seen; in 3-D turn. */
  move(right, up) {
    this.eachView((view, map) => {
      if (map.dim === 3) return { ...view, rotation: [view.rotation[0] - right * TURN, view.rotation[1] + up * TURN] };
      const [[left, end], [low, high]] = map.info.bounds;
      const step = (Math.max(end - left, high - low) || 1) * STEP * 2 ** -view.zoom;
      return { ...view, center: view.center.map((at, axis) => at + step * [right, up, 0][axis]) };
    });
  }

  eachView(change) {
    for (const { view, map } of this.ctx.stages) if (view && map) view.setView(change(view.view(), map));
  }

  toggleMode() {
    const mode = this.store.state.mode === "lasso" ? "pan" : "lasso";
    this.store.set({ mode });
    this.ctx.announce(mode === "lasso" ? "Lasso: draw around points" : "Drag moves the map");
  }

  /** Escape: take back one thing, the latest first. */
  escape() {
    const { mode, row, selection, query } = this.store.state;
    if (mode === "lasso") return this.store.set({ mode: "pan" });
    if (row !== null) return this.unchoose();
    if (selection.length) return this.select([]);
    if (query) return this.clearSearch();
    return this.store.set({ pane: null, sheet: null });
  }

  setFilter(name, filter) {
    const filters = { ...this.store.state.filters };
    if (filter) filters[name] = filter;
    else delete filters[name];
    this.store.set({ filters }, "push");
  }

  clearFilters() {
    this.store.set({ filters: {}, where: "" }, "push");
  }

  async copyLink() {
    const { app } = this.ctx;
    try {
      await navigator.clipboard.writeText(app.address.location.href);
      this.ctx.notify("Link copied. It opens this view.");
    } catch {
      this.ctx.notify("The link could not be copied; it is in the address bar.", { kind: "error" });
    }
  }
}
