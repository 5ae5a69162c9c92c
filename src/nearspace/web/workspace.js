/** All that is shown of one Space: header, map, panels; and what follows from changes of the state. */
import { Actions } from "./actions.js";
import { firstChoice } from "./coloring.js";
import { imageUrl } from "./data.js";
import { h } from "./dom.js";
import { Effects } from "./effects.js";
import { Keyboard } from "./keyboard.js";
import { Comparison } from "./panels/compare.js";
import { display } from "./panels/display.js";
import { dock } from "./panels/dock.js";
import { filters } from "./panels/filters.js";
import { header } from "./panels/header.js";
import { HoverCard } from "./panels/hover_card.js";
import { measures } from "./panels/measures.js";
import { recipe } from "./panels/recipe.js";
import { side } from "./panels/side.js";
import { status } from "./panels/status.js";
import { tools } from "./panels/tools.js";
import { Stage } from "./stage.js";

export class Workspace {
  constructor(app, space) {
    this.ends = new AbortController();
    this.ctx = context(app, space, this.ends.signal);
    const { ctx } = this;
    ctx.actions = new Actions(ctx);
    ctx.main = new Stage(ctx, { main: true });
    ctx.stages = [ctx.main];
    ctx.stageArea = h("div", { class: "stages" }, ctx.main.element);
    ctx.card = new HoverCard(ctx);
    ctx.card.follow(ctx.main);
    this.element = h("div", { class: "workspace" }, header(ctx), this.pages());
    new Comparison(ctx);
    new Keyboard(ctx, this.element, app.address);
    this.effects = new Effects(ctx);
    ctx.store.on(["tab"], () => this.turn(), ctx.signal);
    app.theme.addEventListener("change", () => ctx.stages.forEach((stage) => stage.setTheme(app.theme.name)), {
      signal: ctx.signal,
    });
    this.turn();
  }

  pages() {
    const { ctx } = this;
    const page = (name, ...content) =>
      h("section", { class: `page page-${name}`, id: `page-${name}`, role: "tabpanel", tabindex: name === "map" ? null : 0, "aria-labelledby": `tab-${name}` }, ...content);
    const left = h("div", { class: "left" }, display(ctx), filters(ctx));
    this.tabs = {
      map: page("map", ctx.stageArea, left, side(ctx), tools(ctx), status(ctx), dock(ctx), ctx.card.element),
      measures: page("measures"),
      recipe: page("recipe"),
    };
    return h("main", { class: "pages" }, ...Object.values(this.tabs));
  }

  /** Show the tab of the state; measures and recipe are made when first looked at. */
  turn() {
    const tab = this.tabs[this.ctx.store.state.tab] ? this.ctx.store.state.tab : "map";
    for (const [name, page] of Object.entries(this.tabs)) page.hidden = name !== tab;
    const make = { measures, recipe }[tab];
    if (make && !this.tabs[tab].childElementCount) this.tabs[tab].append(make(this.ctx));
  }

  /** Choose what the address leaves open, then draw. */
  begin() {
    const { store, space } = this.ctx;
    const { maps } = space.info;
    const known = maps.some(({ name }) => name === store.state.map);
    const map = known ? store.state.map : maps[0]?.name ?? null;
    const color = usable(space, store.state.color) ?? firstChoice(space, maps[0] ?? {});
    Object.assign(this.ctx.app.initial, { map: maps[0]?.name ?? null, color: firstChoice(space, maps[0] ?? {}) });
    store.set({ map, color }, "silent");
    this.effects.begin();
  }

  destroy() {
    this.ends.abort();
    for (const stage of this.ctx.stages) stage.destroy();
  }
}

function usable(space, color) {
  return color && (color.startsWith("~") || space.describe(color)?.file) ? color : null;
}

/** What all panels share. */
function context(app, space, signal) {
  const { store, data, index, toasts, theme } = app;
  return {
    app, space, store, data, index, signal,
    live: index.live,
    root: app.root,
    shadow: app.shadow,
    theme: () => theme.name,
    still: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
    announce: (text) => app.announce(text),
    notify: (text, settings) => toasts.say(text, settings),
    notifyError: (error, retry) => {
      report(error);
      toasts.error(error, retry);
    },
    report,
    image: (path) => imageUrl(data, path),
  };
}

/** A fault of ours is not hushed up; what the server or the network did is told on the page only. */
function report(error) {
  if (!error.kind) reportError(error);
}
