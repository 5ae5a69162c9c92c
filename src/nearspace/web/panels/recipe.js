/** How the Space and its map were made: steps, settings, versions, and what changed in its table since. */
import { h } from "../dom.js";
import { count, number, plural, shown } from "../format.js";
import { icon } from "../icons.js";

export function recipe(ctx) {
  const { info } = ctx.space;
  const made = info.recipe ?? {};
  const steps = [...(made.history ?? []), made];
  return h(
    "div",
    { class: "sheet-page" },
    h("h2", { class: "page-title", text: `How ${info.name} was made` }),
    facts({ rows: count(info.count), dimensions: count(info.dim), metric: info.metric, "version of the table": info.version, maps: info.maps.map(({ name }) => name).join(", ") || "none" }),
    ...steps.map((step, at) => stepCard(ctx, step, at, steps.length)),
    ...mapCards(ctx),
    changes(info.history ?? []),
  );
}

function facts(values) {
  const there = Object.entries(values).filter(([, value]) => shown(value) !== "");
  return h("dl", { class: "facts wide" }, ...there.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: shown(value) })]));
}

function stepCard(ctx, step, at, all) {
  const { learner = "unknown", settings = {}, seed, data = {}, versions = {}, seconds } = step;
  const title = all > 1 ? `${at + 1}. ${learner}` : learner;
  return h(
    "section",
    { class: "step" },
    h("div", { class: "step-head" }, h("h3", { text: title }), Number.isFinite(seconds) && h("span", { class: "note", text: duration(seconds) }), copyCommand(ctx, step)),
    part("Settings", { ...settings, seed }),
    part("Data", typeof data === "object" ? data : { from: data }),
    part("Versions", versions),
  );
}

function part(title, values) {
  const rows = Object.entries(values ?? {}).filter(([, value]) => shown(value) !== "");
  return rows.length > 0 && h("div", {}, h("h4", { text: title }), facts(Object.fromEntries(rows)));
}

function duration(seconds) {
  if (seconds < 120) return `${number(Math.round(seconds * 10) / 10)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** The command is there where the recipe records it. */
function copyCommand(ctx, step) {
  if (!step.command) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(step.command);
      ctx.notify("Command copied.");
    } catch {
      ctx.notify("The command could not be copied.", { kind: "error" });
    }
  };
  return h("button", { type: "button", class: "button small", on: { click: copy } }, icon("copy", 14), "Copy command");
}

function mapCards(ctx) {
  const place = h("div", { class: "map-recipe" });
  const draw = () => {
    const { map } = ctx.main;
    if (!map) return;
    place.replaceChildren(h("section", { class: "step" }, h("div", { class: "step-head" }, h("h3", { text: `The map ${map.info.name}` })), part("Settings", { method: map.info.method, dimensions: map.dim, points: map.n, ...map.info.settings })));
  };
  ctx.main.addEventListener("map", draw);
  draw();
  return [place];
}

function changes(history) {
  if (!history.length) return null;
  const rows = [...history].reverse().map(({ version, time, rows: n, change }) => h(
    "tr",
    {},
    h("td", { class: "figure", text: version }),
    h("td", { text: when(time) }),
    h("td", { class: "figure", text: Number.isFinite(n) ? count(n) : "" }),
    h("td", { text: change ?? "" }),
  ));
  const head = ["Version", "Time", "Rows", "Change"].map((text, at) => h("th", { scope: "col", class: at % 2 ? "" : "figure", text }));
  return h("section", { class: "step" }, h("div", { class: "step-head" }, h("h3", { text: "History of the table" }), h("span", { class: "note", text: plural(history.length, "version") })), h("table", { class: "list" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}

function when(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? shown(time) : date.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}
