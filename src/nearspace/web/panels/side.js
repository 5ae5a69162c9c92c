/** The panel on the right: results, the chosen point, the selection, the list of points. */
import { h } from "../dom.js";
import { count } from "../format.js";
import { icon } from "../icons.js";
import { pointPane } from "./point.js";
import { pointsPane } from "./points.js";
import { resultsPane } from "./results.js";
import { selectionPane } from "./selection.js";

const PANES = {
  results: ["Results", resultsPane, ({ results }) => results !== null],
  point: ["Point", pointPane, ({ row }) => row !== null],
  selection: ["Selection", selectionPane, ({ selection }) => selection.length > 0],
  points: ["List", pointsPane, () => true],
};

export function side(ctx) {
  const { store } = ctx;
  const panes = {};
  const tabs = {};
  const list = h("div", { class: "side-tabs", role: "tablist", "aria-label": "Panels" });
  for (const [name, [text, make]] of Object.entries(PANES)) {
    panes[name] = h("div", { class: "pane", role: "tabpanel", "aria-label": text }, make(ctx));
    tabs[name] = h("button", { type: "button", role: "tab", class: "side-tab", on: { click: () => store.set({ pane: name }) } });
    list.append(tabs[name]);
  }
  const close = h("button", { type: "button", class: "tool small", "aria-label": "Close panel", on: { click: () => store.set({ pane: null, sheet: null }) } }, icon("close", 14));
  const panel = h("aside", { class: "panel side", "aria-label": "Details", data: { sheet: "side" } }, h("div", { class: "side-head" }, list, close), ...Object.values(panes));
  const turn = () => show(panel, tabs, panes, store.state);
  store.on(["pane", "results", "row", "selection", "sheet"], turn, ctx.signal);
  turn();
  return panel;
}

function show(panel, tabs, panes, state) {
  const there = state.pane && PANES[state.pane]?.[2](state) ? state.pane : null;
  panel.hidden = there === null;
  panel.classList.toggle("raised", state.sheet === "side");
  for (const [name, [text, , possible]] of Object.entries(PANES)) {
    panes[name].hidden = name !== there;
    tabs[name].hidden = !possible(state);
    tabs[name].setAttribute("aria-selected", String(name === there));
    tabs[name].tabIndex = name === there ? 0 : -1;
    const held = { results: state.results?.hits.length, selection: state.selection.length }[name];
    tabs[name].replaceChildren(text, ...(held ? [h("span", { class: "badge", text: count(held) })] : []));
  }
}
