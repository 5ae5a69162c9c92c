/** Which points are shown, by column, by trust, and by an SQL condition where a server can answer it. */
import { fill, h, unique } from "../dom.js";
import { icon } from "../icons.js";
import { titleOf } from "../coloring.js";
import { categoryFilter } from "./category_filter.js";
import { numberFilter } from "./number_filter.js";

export function filters(ctx) {
  const { store, space } = ctx;
  const body = h("div", { class: "filter-list" });
  const clear = h("button", { type: "button", class: "link", text: "Clear all", on: { click: () => ctx.actions.clearFilters() } });
  const head = h("div", { class: "panel-head" }, h("h2", { text: "Filters" }), clear);
  const panel = h("section", { class: "panel filters", "aria-label": "Filters", data: { sheet: "filters" } }, head, body);
  const columns = space.info.columns.filter(({ file }) => file);
  const trust = h("div");
  fill(body, trust, columns.map(({ name, kind }) => one(ctx, name, kind)), ctx.live && whereBox(ctx));
  let ends = new AbortController();
  const draw = () => {
    ends.abort(); // the filter of the map before
    ends = new AbortController();
    const known = (ctx.main.map?.info.trust ?? []).includes("trust");
    fill(trust, known && one({ ...ctx, signal: AbortSignal.any([ctx.signal, ends.signal]) }, "~trust", "number"));
    panel.classList.toggle("bare", !known && !columns.length && !ctx.live);
  };
  const mark = () => {
    const { filters: set, where, sheet } = store.state;
    clear.hidden = !Object.keys(set).length && !where;
    panel.classList.toggle("raised", sheet === "filters");
  };
  store.on(["filters", "where", "sheet"], mark, ctx.signal);
  ctx.main.addEventListener("map", draw);
  draw();
  mark();
  return panel;
}

/** A column that opens to its filter. */
function one(ctx, name, kind) {
  const { store } = ctx;
  const inside = h("div", { class: "filter-body" });
  const state = h("span", { class: "filter-state" });
  const details = h("details", { class: "filter" }, h("summary", {}, icon("chevron", 14), h("span", { class: "filter-name", text: titleOf(name) }), state), inside);
  let made = false;
  details.addEventListener("toggle", () => {
    if (!details.open || made) return;
    made = true;
    build(ctx, name, kind, inside);
  });
  const mark = () => {
    const filter = store.state.filters[name];
    state.textContent = filter ? (filter.values ? `${filter.values.length} chosen` : "range") : "";
    details.classList.toggle("set", Boolean(filter));
  };
  store.on(["filters"], mark, ctx.signal);
  mark();
  return details;
}

async function build(ctx, name, kind, inside) {
  fill(inside, h("div", { class: "waiting-line" }));
  try {
    fill(inside, kind === "number" ? await numberFilter(ctx, name) : await categoryFilter(ctx, name));
  } catch (error) {
    ctx.report(error);
    const again = () => build(ctx, name, kind, inside);
    fill(inside, h("div", { class: "failure", role: "alert" }, h("p", { text: error.message }), h("button", { type: "button", class: "button small", text: "Try again", on: { click: again } })));
  }
}

function whereBox(ctx) {
  const { store } = ctx;
  const id = unique("where");
  const input = h("input", { id, type: "text", class: "code", placeholder: "year > 1990 AND class = 'cat'", spellcheck: "false", autocomplete: "off", "aria-describedby": `${id}-error` });
  const error = h("p", { class: "note warning", id: `${id}-error`, role: "alert", hidden: true });
  const set = () => store.set({ where: input.value.trim() }, "push");
  input.addEventListener("change", set);
  input.addEventListener("keydown", (event) => event.key === "Enter" && set());
  const follow = () => (input.value = store.state.where);
  store.on(["where"], follow, ctx.signal);
  store.on(["whereError"], ({ whereError }) => {
    error.hidden = !whereError;
    error.textContent = whereError ? [whereError.message, whereError.hint].filter(Boolean).join(" ") : "";
  }, ctx.signal);
  follow();
  return h("div", { class: "field where" }, h("label", { for: id, text: "SQL condition" }), input, error);
}
