/** What the colours mean; a click on a class shows only that class. */
import { h, svg } from "../dom.js";
import { count, number } from "../format.js";

const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

export function legendOf(ctx, legend) {
  if (legend.kind === "scale") return scale(legend);
  if (legend.kind === "classes") return classes(ctx, legend);
  return null;
}

function scale(legend) {
  const share = legend.choice.startsWith("~");
  const ends = share ? ["0 %", "100 %"] : [number(legend.low), number(legend.high)];
  const middle = share ? "50 %" : number(legend.log ? Math.sqrt(legend.low * legend.high) : (legend.low + legend.high) / 2);
  return [
    ramp(legend.scale, `Colours from ${ends[0]} to ${ends[1]}`),
    h("div", { class: "legend-ends" }, h("span", { text: ends[0] }), h("span", { text: middle }), h("span", { text: ends[1] })),
    legend.log && h("p", { class: "note", text: "Coloured by the logarithm." }),
    legend.about && h("p", { class: "note", text: legend.about }),
  ];
}

/** The scale as a bar of 64 steps. */
export function ramp(colors, label) {
  const steps = 64;
  const bar = svg("svg", { class: "ramp", viewBox: `0 0 ${steps} 1`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  for (let at = 0; at < steps; at++) {
    const color = colors[Math.round((at / (steps - 1)) * (colors.length - 1))];
    bar.append(svg("rect", { x: at, y: 0, width: 1.05, height: 1, fill: css(color) }));
  }
  return bar;
}

function classes(ctx, legend) {
  const filterable = !legend.choice.startsWith("~");
  const chosen = ctx.store.state.filters[legend.choice]?.values ?? null;
  const rows = legend.classes.map((one) => classRow(ctx, legend, one, chosen, filterable));
  const rest = legend.rest > 0 && h(
    "li",
    { class: "legend-rest" },
    swatch(legend.missing),
    h("span", { class: "legend-name", text: legend.others ? `${count(legend.others)} more` : "none" }),
    h("span", { class: "legend-count", text: count(legend.rest) }),
  );
  return h("ul", { class: "legend-classes" }, ...rows, rest);
}

function classRow(ctx, legend, { name, count: n, color }, chosen, filterable) {
  const on = chosen === null || chosen.includes(name);
  const parts = [swatch(color), h("span", { class: "legend-name", title: name, text: name || "empty" }), h("span", { class: "legend-count", text: count(n) })];
  if (!filterable) return h("li", {}, h("div", { class: "legend-row" }, ...parts));
  const click = () => ctx.actions.setFilter(legend.choice, next(chosen, name));
  const title = chosen ? "Show or hide this class" : "Show only this class";
  return h("li", {}, h("button", { type: "button", class: `legend-row${on ? "" : " off"}`, "aria-pressed": String(chosen !== null && on), title, on: { click } }, ...parts));
}

/** The first click shows one class, further ones add or take away; taking away the last shows all. */
function next(chosen, name) {
  if (!chosen) return { values: [name] };
  const values = chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name];
  return values.length ? { values } : null;
}

/** A dot of colour. */
export function swatch(color) {
  return svg("svg", { class: "swatch", viewBox: "0 0 10 10", width: 10, height: 10, "aria-hidden": "true" }, svg("circle", { cx: 5, cy: 5, r: 5, fill: css(color) }));
}

