/** The measures of a Space and of its map, each with interval, baselines, n and coverage. */
import { fill, h } from "../dom.js";
import { count, number, percent, plural } from "../format.js";
import { icon } from "../icons.js";
import { chart, sharedAxis } from "./measure_chart.js";
import { aboutOf, familyOf } from "./measure_words.js";

export function measures(ctx) {
  const own = h("div", { class: "measure-part" });
  const map = h("div", { class: "measure-part" });
  const element = h("div", { class: "sheet-page" }, h("h2", { class: "page-title", text: `Measures of ${ctx.space.info.name}` }), own, map);
  load(ctx, own);
  const mapPart = () => ctx.main.map && fill(map, ofMap(ctx.main.map));
  ctx.main.addEventListener("map", mapPart);
  mapPart();
  return element;
}

async function load(ctx, element) {
  fill(element, h("p", { class: "note", role: "status", text: "Loading the report" }));
  try {
    const report = await ctx.space.report();
    fill(element, report.measures?.length ? families(report.measures) : nothing(ctx));
  } catch (error) {
    ctx.report(error);
    const button = h("button", { type: "button", class: "button", text: "Try again", on: { click: () => load(ctx, element) } });
    const text = [error.message, error.hint].filter(Boolean).join(" ");
    fill(element, h("div", { class: "failure", role: "alert" }, h("p", {}, icon("warning"), h("span", { text })), button));
  }
}

function nothing({ space }) {
  return h(
    "div",
    { class: "blank" },
    h("p", { text: "This Space has not been measured yet. This command does it:" }),
    h("code", { class: "command", text: `nearspace measure ${space.info.name}.space` }),
  );
}

function ofMap(map) {
  const list = map.info.report?.measures ?? [];
  return list.length ? section(`The map ${map.info.name}`, list) : null;
}

/** Sections by what is measured, in the order of the report. */
function families(list) {
  const groups = new Map();
  for (const measure of list) {
    const family = familyOf(measure.name);
    if (!groups.has(family)) groups.set(family, []);
    groups.get(family).push(measure);
  }
  const lead = "The bar is the 95 % interval, the dot the value, the ticks are baselines: what comes without this Space. A figure is worth something if its bar lies beyond all ticks.";
  return [h("p", { class: "note intro", text: lead }), ...[...groups].map(([family, measured]) => section(family, measured))];
}

/** One axis for all of a section, so that bars can be compared. */
function section(title, list) {
  const axis = sharedAxis(list);
  return h("section", { class: "measure-section" }, h("h3", { class: "part-title", text: title }), h("div", { class: "measure-list" }, ...list.map((one) => row(one, axis))));
}

function row(measure, axis) {
  const { name, value, low, high, baseline, n, coverage } = measure;
  const about = aboutOf(name);
  const bases = Object.entries(baseline ?? {}).map(([base, figure]) => `${base} ${round(figure)}`);
  const cases = [plural(n, "case"), coverage < 1 ? `${percent(coverage)} judged` : ""].filter(Boolean).join(", ");
  return h(
    "article",
    { class: "measure", "aria-label": name },
    h("div", { class: "measure-name" }, h("h4", { text: name }), about && h("p", { class: "note", text: about })),
    h("div", { class: "measure-chart" }, chart(measure, axis), h("p", { class: "measure-text" }, h("span", { text: bases.join(", ") }), h("span", { text: cases, title: `${count(n)} judged` }))),
    h("div", { class: "measure-figures" }, h("span", { class: "measure-value", text: round(value) }), h("span", { class: "measure-text", text: `${round(low)} to ${round(high)}` })),
  );
}

/** Three decimals below 10; what is not 0 is not shown as 0. */
function round(value) {
  if (Math.abs(value) >= 10) return number(value);
  if (value !== 0 && Math.abs(value) < 0.0005) return "< 0.001";
  return value.toFixed(3);
}
