/** The measures of a Space and of its map, each with interval, baselines, n and coverage. */
import { fill, h } from "../dom.js";
import { count, number, percent, plural } from "../format.js";
import { icon } from "../icons.js";
import { chart } from "./measure_chart.js";

/** What each figure says, by a part of its name. */
const ABOUT = [
  [/spearman/, "How well the order of similarities follows that of people: rank correlation, 1 is the same order."],
  [/pearson/, "How well similarities follow those of people: linear correlation."],
  [/google|analog|gram\d|accuracy/, "Share of questions such as \"king is to man as queen is to …\" answered right."],
  [/purity/, "Share of words whose cluster has their own category as its most common one."],
  [/opp/, "How near the odd one out of a group is to the last place, where it belongs."],
  [/outlier|groups/, "Share of groups in which the odd one out is found."],
  [/recall/, "Share of what should be found that is found."],
  [/mrr|reciprocal/, "One over the place of the first right answer, on average."],
  [/ndcg/, "How near the right answers are to the top, on average; 1 is the best order."],
  [/trustworthiness/, "How little comes near on the map that is far in the Space."],
  [/continuity/, "How little is torn apart on the map that is near in the Space."],
  [/trust/, "Share of a point's nearest points on the map that are also its nearest in the Space, on average."],
  [/torn/, "Share of true neighbours that lie far away on the map."],
  [/false/, "Share of near points on the map that are no neighbours in the Space."],
  [/stability/, "How much of the surroundings stays when the map is made again."],
  [/latency/, "Time to answer a query."],
];

export function measures(ctx) {
  const own = h("div", { class: "measure-part" });
  const map = h("div", { class: "measure-part" });
  const element = h("div", { class: "sheet-page" }, h("h2", { class: "page-title", text: `Measures of ${ctx.space.info.name}` }), own, map);
  load(ctx, own);
  const mapPart = () => ctx.main.map && fill(map, ...ofMap(ctx.main.map));
  ctx.main.addEventListener("map", mapPart);
  mapPart();
  return element;
}

async function load(ctx, element) {
  fill(element, h("p", { class: "note", role: "status", text: "Loading the report" }));
  try {
    const report = await ctx.space.report();
    fill(element, ...(report.measures?.length ? groups(report.measures) : nothing(ctx)));
  } catch (error) {
    ctx.report(error);
    const button = h("button", { type: "button", class: "button", text: "Try again", on: { click: () => load(ctx, element) } });
    fill(element, h("div", { class: "failure", role: "alert" }, h("p", {}, icon("warning"), h("span", { text: [error.message, error.hint].filter(Boolean).join(" ") })), button));
  }
}

function nothing({ space }) {
  return [
    h("div", { class: "blank" }, h("p", { text: "This Space has not been measured yet. This command does it:" }), h("code", { class: "command", text: `nearspace measure ${space.info.name}.space` })),
  ];
}

function ofMap(map) {
  const list = map.info.report?.measures ?? [];
  if (!list.length) return [];
  return [h("h3", { class: "part-title", text: `The map ${map.info.name}` }), h("div", { class: "measure-grid" }, ...list.map(card))];
}

/** Measures by the part of their name before the first dot, in the order of the report. */
function groups(list) {
  const families = new Map();
  for (const measure of list) {
    const family = measure.name.split(".")[0];
    if (!families.has(family)) families.set(family, []);
    families.get(family).push(measure);
  }
  return [
    h("p", { class: "note lead", text: "The bar is the 95 % interval, the dot the value, ticks are baselines: what comes without this Space. A figure is worth something if its bar lies beyond all ticks." }),
    ...[...families].map(([family, measured]) => h("section", {}, h("h3", { class: "part-title", text: family }), h("div", { class: "measure-grid" }, ...measured.map(card)))),
  ];
}

function card(measure) {
  const { name, value, low, high, baseline, n, coverage } = measure;
  const figure = name.includes(".") ? name.slice(name.indexOf(".") + 1) : name;
  const about = ABOUT.find(([part]) => part.test(name))?.[1];
  const bases = Object.entries(baseline ?? {});
  return h(
    "article",
    { class: "measure", "aria-label": name },
    h("div", { class: "measure-head" }, h("h4", { text: figure, title: name }), h("span", { class: "measure-value", text: number(round(value)) })),
    chart(measure),
    h("p", { class: "measure-text", text: `${number(round(low))} to ${number(round(high))} · ${bases.map(([base, figure2]) => `${base} ${number(round(figure2))}`).join(", ")}` }),
    h("p", { class: "measure-text", text: [plural(n, "case"), coverage < 1 ? `${percent(coverage)} of the set judged` : ""].filter(Boolean).join(" · "), title: `${count(n)} judged` }),
    about && h("p", { class: "note", text: about }),
  );
}

const round = (value) => (Math.abs(value) < 10 ? Math.round(value * 1000) / 1000 : value);
