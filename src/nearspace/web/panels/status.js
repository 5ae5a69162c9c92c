/** The line at the foot of the map: how many points are shown, and what narrows them. */
import { fill, h } from "../dom.js";
import { count, percent, plural } from "../format.js";
import { icon } from "../icons.js";

export function status(ctx) {
  const text = h("span", { class: "status-text", role: "status" });
  const chips = h("span", { class: "chips" });
  const bar = h("div", { class: "status" }, text, chips);
  const { store } = ctx;
  ctx.main.addEventListener("shown", ({ detail }) => tell(ctx, text, detail));
  bar.hidden = !ctx.space.info.maps.length;
  const mark = () => fill(chips, ...chipsOf(ctx));
  store.on(["filters", "where", "query", "selection"], mark, ctx.signal);
  mark();
  return bar;
}

async function tell(ctx, element, { count: shown }) {
  const { map } = ctx.main;
  const missing = missingOf(map);
  const parts = [shown < map.n - missing ? `${count(shown)} of ${plural(map.n - missing, "point")} shown` : plural(shown, "point")];
  if (missing) parts.push(`${count(missing)} without coordinates`);
  element.textContent = parts.join(" · ");
  if (!(map.info.trust ?? []).includes("trust")) return;
  try {
    const trust = await map.measure("trust");
    if (ctx.main.map !== map) return;
    const mean = trust.reduce((sum, value) => sum + value, 0) / 255 / Math.max(1, map.n);
    const chance = map.info.chance ? `, ${percent(map.info.chance)} by chance` : "";
    element.textContent = [...parts, `mean trust ${percent(mean)}${chance}`].join(" · ");
  } catch {
    // the colours tell it
  }
}

function missingOf(map) {
  let missing = 0;
  for (let point = 0; point < map.n; point++) if (!map.isDrawn(point)) missing++;
  return missing;
}

/** One removable chip a filter. */
function chipsOf(ctx) {
  const { filters, where } = ctx.store.state;
  const chips = Object.keys(filters).map((name) => chip(`${name.replace(/^~/, "")}`, () => ctx.actions.setFilter(name, null)));
  if (where) chips.push(chip("where", () => ctx.store.set({ where: "" }, "push")));
  return chips;
}

function chip(text, remove) {
  return h("button", { type: "button", class: "chip", "aria-label": `Remove filter ${text}`, on: { click: remove } }, h("span", { text }), icon("close", 12));
}
