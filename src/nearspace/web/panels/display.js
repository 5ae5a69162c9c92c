/** The panel on the left: which map, coloured by what, and the legend. */
import { choices } from "../coloring.js";
import { fill, h, unique } from "../dom.js";
import { plural } from "../format.js";
import { icon } from "../icons.js";
import { legendOf } from "./legend.js";

export function display(ctx) {
  const legend = h("div", { class: "legend" });
  const color = colorChoice(ctx);
  const options = h("div", { class: "options" });
  const panel = h(
    "section",
    { class: "panel display", "aria-label": "Display", data: { sheet: "display" } },
    mapChoice(ctx),
    color,
    legend,
    options,
    compareButton(ctx),
  );
  ctx.main.addEventListener("legend", ({ detail }) => fill(legend, legendOf(ctx, detail)));
  ctx.main.addEventListener("map", ({ detail }) => {
    fillColors(ctx, color.querySelector("select"), detail.map);
    fill(options, ...switches(ctx, detail.map));
  });
  const { store } = ctx;
  store.on(["filters"], () => ctx.main.legend && fill(legend, legendOf(ctx, ctx.main.legend)), ctx.signal);
  store.on(["sheet"], ({ sheet }) => panel.classList.toggle("raised", sheet === "display"), ctx.signal);
  panel.classList.toggle("bare", !ctx.space.info.maps.length);
  return panel;
}

function labelled(text, control) {
  control.id = unique("field");
  return h("div", { class: "field" }, h("label", { for: control.id, text }), h("div", { class: "select" }, control, icon("chevron", 14)));
}

function mapChoice(ctx) {
  const { store, space } = ctx;
  const select = h("select", { on: { change: () => store.set({ map: select.value, camera: null }, "push") } });
  for (const map of space.info.maps) select.append(h("option", { value: map.name, text: nameOf(map) }));
  if (!space.info.maps.length) select.append(h("option", { text: "none" }));
  const follow = () => (select.value = store.state.map);
  store.on(["map"], follow, ctx.signal);
  queueMicrotask(follow);
  return labelled("Map", select);
}

/** What tells a map from the others of its Space. */
export function nameOf(map) {
  const method = map.name.includes(map.method) ? "" : `, ${map.method}`;
  return `${map.name}${method}${map.dim === 3 ? ", 3-D" : ""}${map.stale ? ", out of date" : ""}`;
}

function colorChoice(ctx) {
  const { store } = ctx;
  const select = h("select", { on: { change: () => store.set({ color: select.value }, "push") } });
  store.on(["color"], ({ color }) => (select.value = color), ctx.signal);
  return labelled("Colour", select);
}

function fillColors(ctx, select, map) {
  const groups = new Map();
  for (const { value, name, group } of choices(ctx.space, map)) {
    if (!groups.has(group)) groups.set(group, h("optgroup", { label: group }));
    groups.get(group).append(h("option", { value, text: name }));
  }
  fill(select, ...groups.values());
  select.value = ctx.store.state.color;
}

function switches(ctx, map) {
  const trust = (map.info.trust ?? []).includes("trust");
  const stale = map.info.stale && h("p", { class: "note warning" }, icon("warning", 14), "The Space has changed since this map was made.");
  const partly = map.n < ctx.space.info.count && h("p", { class: "note", text: `${plural(map.n, "row")} of ${ctx.space.info.count.toLocaleString("en")} are on this map.` });
  return [
    trust && toggle(ctx, "sized", "Size by trust"),
    trust && toggle(ctx, "faded", "Fade what cannot be trusted"),
    stale,
    partly,
  ];
}

function toggle(ctx, name, text) {
  const { store } = ctx;
  const box = h("input", { type: "checkbox", role: "switch", on: { change: () => store.set({ [name]: box.checked }, "push") } });
  const follow = () => (box.checked = store.state[name]);
  store.on([name], follow, ctx.signal);
  follow();
  return h("label", { class: "switch" }, box, h("span", { class: "switch-track" }), text);
}

function compareButton(ctx) {
  const { store, space, index } = ctx;
  if (space.info.maps.length < 2 && index.spaces.length < 2) return null;
  const button = h("button", {
    type: "button", class: "button wide compare-open",
    on: { click: () => store.set({ compare: store.state.compare ? null : partner(ctx), sheet: null }, "push") },
  });
  const dress = () => fill(button, icon("compare"), store.state.compare ? "Close comparison" : "Compare");
  store.on(["compare"], dress, ctx.signal);
  dress();
  return button;
}

/** What to compare with first: another map of this Space, else the first map of another Space. */
function partner({ space, store, index }) {
  const other = space.info.maps.find(({ name }) => name !== store.state.map);
  if (other) return `${space.id}/${other.name}`;
  const linked = space.info.spaces_linked ?? [];
  return `${linked[0] ?? index.spaces.find(({ id }) => id !== space.id).id}/`;
}
