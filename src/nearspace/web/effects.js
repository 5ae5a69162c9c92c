/** What follows from changes of the state: searches, maps, links, conditions. */
import { DataError } from "./data.js";
import { plural } from "./format.js";
import { HOW, search } from "./search.js";

export class Effects {
  constructor(ctx) {
    this.ctx = ctx;
    this.asked = 0;
    const { store, signal } = ctx;
    store.on(["map"], ({ map }) => this.draw(map), signal);
    store.on(["query"], () => this.find(), signal);
    store.on(["key"], () => this.locate(), signal);
    store.on(["row"], () => this.link(), signal);
    store.on(["where"], () => this.condition(), signal);
    ctx.main.addEventListener("pick", ({ detail }) => ctx.actions.pick(detail));
    ctx.main.addEventListener("lasso", ({ detail }) => ctx.actions.gather(detail));
  }

  /** Do what the address asks for. */
  async begin() {
    const { state } = this.ctx.store;
    if (state.where) this.condition();
    if (state.map) await this.draw(state.map);
    else this.ctx.main.blank();
    if (state.query) this.find();
    if (state.key !== null) this.locate();
    this.warm();
  }

  draw(name) {
    if (name) return this.ctx.main.show(this.ctx.space, name);
    return null;
  }

  /** When nothing else is to be done, get the keys, which search and hover need. */
  warm() {
    const idle = globalThis.requestIdleCallback ?? ((run) => setTimeout(run, 200));
    idle(() => this.ctx.space.keys().catch(() => null));
  }

  async find() {
    const { store, space, actions } = this.ctx;
    const { query, where } = store.state;
    this.asked += 1;
    const turn = this.asked;
    if (!query.trim()) return store.set({ results: null, active: -1 }, "silent");
    store.set({ searching: true }, "silent");
    try {
      const results = await search(space, query, { where });
      if (turn !== this.asked) return null;
      actions.show(results);
      this.ctx.announce(`${plural(results.hits.length, "result")}: ${HOW[results.how] ?? results.how}`);
    } catch (error) {
      if (turn === this.asked) this.failed(query, error);
    }
    return store.set({ searching: false }, "silent");
  }

  failed(query, error) {
    if (!(error instanceof DataError)) this.ctx.report(error);
    const results = { query, how: "error", hits: [], asked: [], note: "", error };
    this.ctx.store.set({ results, active: -1, pane: "results" }, "silent");
  }

  /** Find the row of the key in the address. */
  async locate() {
    const { store, space } = this.ctx;
    const { key, row } = store.state;
    if (key === null) return store.set({ row: null, links: null }, "silent");
    try {
      const keys = await space.keys();
      if (row !== null && keys.at(row) === key) return null;
      const found = keys.rowOf(key);
      if (found < 0) return this.ctx.notify(`The key "${key}" is not in this Space.`, { kind: "error" });
      return store.set({ row: found, pane: "point" }, "silent");
    } catch (error) {
      return this.ctx.notifyError(error, () => this.locate());
    }
  }

  /** Lines from the chosen point to its true neighbours. */
  async link() {
    const { store, space } = this.ctx;
    const { row } = store.state;
    store.set({ links: null }, "silent");
    if (row === null) return;
    try {
      const hits = await space.neighbors(row);
      if (store.state.row === row) store.set({ links: hits?.map((hit) => hit.row) ?? null }, "silent");
    } catch {
      // the panel of the point tells it, and how to try again
    }
  }

  async condition() {
    const { store, data, space, live } = this.ctx;
    const { where } = store.state;
    if (!where.trim() || !live) return store.set({ allowed: null, whereError: null }, "silent");
    try {
      const allowed = new Uint8Array(await data.post("filter", { ...space.stamp, where }));
      if (store.state.where === where) store.set({ allowed, whereError: null }, "silent");
    } catch (error) {
      this.ctx.report(error);
      store.set({ allowed: null, whereError: error }, "silent");
    }
    return null;
  }
}
