/** The chosen point: its record, its trust, and its true neighbours with where each lies on the map. */
import { fill, h } from "../dom.js";
import { ordinal, score, shown } from "../format.js";
import { icon } from "../icons.js";
import { trustBars, trustOf } from "./hover_card.js";
import { point as pointAt, smallPicture } from "./results.js";

// a neighbour is near on the map if it is among the nearest points: 3 for each neighbour listed, or one in a hundred of all
const [EACH, SHARE] = [3, 0.01];

export function pointPane(ctx) {
  const { store, signal } = ctx;
  const pane = h("div", { class: "point" });
  const draw = () => store.state.row !== null && new PointPane(ctx, pane, store.state.row).draw();
  store.on(["row"], draw, signal);
  ctx.main.addEventListener("map", draw);
  return pane;
}

class PointPane {
  constructor(ctx, pane, row) {
    Object.assign(this, { ctx, pane, row });
    this.head = h("div", { class: "pane-head" });
    this.trust = h("div", { class: "point-trust" });
    this.near = h("div", { class: "point-near" });
    this.facts = h("div", { class: "point-facts" });
  }

  draw() {
    fill(this.pane, this.head, this.trust, this.near, this.facts);
    this.part(this.facts, () => this.record());
    this.part(this.trust, () => this.trusted());
    this.part(this.near, () => this.neighbors());
  }

  /** Fill one part; what cannot be had is told there, with a way to try again. */
  async part(element, make) {
    fill(element, h("div", { class: "waiting-line", "aria-hidden": "true" }));
    try {
      fill(element, await make());
    } catch (error) {
      this.ctx.report(error);
      const again = () => this.part(element, make);
      fill(element, h("div", { class: "failure", role: "alert" }, h("p", {}, icon("warning", 14), h("span", { text: error.message })), h("button", { type: "button", class: "button small", text: "Try again", on: { click: again } })));
    }
  }

  async record() {
    const { space } = this.ctx;
    const [record, picture] = await Promise.all([space.record(this.row), space.thumbnail(this.row)]);
    const { key, ...values } = record;
    const image = picture && h("img", { class: "point-picture", src: picture, alt: `Picture of ${key}`, on: { error: () => image.remove() } });
    fill(this.head, image, h("div", { class: "pane-title" }, h("h2", { class: "point-key", text: key })), this.buttons(key));
    const rows = Object.entries(values).filter(([, value]) => shown(value) !== "");
    if (!rows.length) return [];
    return [h("h3", { text: "Record" }), h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: shown(value) })]))];
  }

  buttons(key) {
    const { ctx, row } = this;
    const selected = () => ctx.store.state.selection.includes(row);
    const add = h("button", { type: "button", class: "button small" });
    const dress = () => fill(add, icon(selected() ? "check" : "plus", 14), selected() ? "Selected" : "Select");
    add.addEventListener("click", () => {
      const chosen = new Set(ctx.store.state.selection);
      if (!chosen.delete(row)) chosen.add(row);
      ctx.store.set({ selection: Uint32Array.from(chosen) }, "silent");
      dress();
    });
    dress();
    return h(
      "div",
      { class: "row" },
      h("button", { type: "button", class: "button small", on: { click: () => ctx.actions.focus([row]) } }, icon("fit", 14), "Show"),
      h("button", { type: "button", class: "button small", on: { click: () => ctx.actions.find(key) } }, icon("search", 14), "Search"),
      add,
    );
  }

  async trusted() {
    const { main } = this.ctx;
    const at = main.pointOf(this.row);
    if (!main.map) return [];
    if (at < 0) return h("p", { class: "note", text: "This row is not on the map." });
    const trust = await trustOf(main.map, at);
    const lost = !main.map.isDrawn(at) && h("p", { class: "note", text: "This point has no finite coordinates, so the map does not draw it." });
    return [lost, trust.length > 0 && trustBars(trust)];
  }

  async neighbors() {
    const { space } = this.ctx;
    const hits = await space.neighbors(this.row);
    if (!hits) return h("p", { class: "note", text: "This folder was exported without neighbours." });
    if (!hits.length) return h("p", { class: "note", text: "This row has no neighbours." });
    const keys = await space.keys();
    const places = this.places(hits);
    const torn = places.filter((place) => place.torn).length;
    const sum = torn ? `${torn} of ${hits.length} torn away on the map` : "all near on the map";
    return [
      h("h3", {}, "True neighbours", h("span", { class: "aside", text: places.length ? sum : "" })),
      h("ol", { class: `hits neighbors${space.info.thumbnails ? " pictured" : ""}` }, ...hits.map((hit, at) => this.neighbor(hit, keys.at(hit.row), places[at]))),
    ];
  }

  /** Where neighbours lie on the map as seen from the point. */
  places(hits) {
    const { map } = this.ctx.main;
    const at = this.ctx.main.pointOf(this.row);
    if (!map || at < 0 || !map.isDrawn(at)) return [];
    const points = hits.map(({ row }) => this.ctx.main.pointOf(row));
    const drawn = points.filter((one) => one >= 0 && map.isDrawn(one));
    const ranks = new Map(map.ranks(at, drawn).map((rank, place) => [drawn[place], rank]));
    return points.map((one) => {
      if (!ranks.has(one)) return { text: "not on the map", torn: false };
      const rank = ranks.get(one);
      const torn = rank > Math.max(EACH * hits.length, SHARE * map.n);
      return { text: torn ? "torn away" : "near on the map", torn, title: `The ${ordinal(rank)} nearest point on the map` };
    });
  }

  neighbor(hit, key, place) {
    const { ctx } = this;
    const open = () => ctx.actions.choose(hit.row);
    return h(
      "li",
      { class: `hit${place?.torn ? " torn" : ""}` },
      h(
        "button",
        { type: "button", class: "hit-button", on: { click: open, pointerenter: () => pointAt(ctx, hit.row), pointerleave: () => pointAt(ctx, null), focus: () => pointAt(ctx, hit.row), blur: () => pointAt(ctx, null) } },
        smallPicture(ctx, hit.row),
        h("span", { class: "hit-key", text: key }),
        place && h("span", { class: "place", title: place.title, text: place.text }),
        h("span", { class: "hit-score", text: score(hit.score) }),
      ),
    );
  }
}
