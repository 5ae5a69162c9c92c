/** The dialog that lists the keys. */
import { h } from "../dom.js";
import { icon } from "../icons.js";

const KEYS = [
  ["Everywhere", [["/", "Search"], ["1 2 3", "Map, Measures, Recipe"], ["t", "Light or dark"], ["Esc", "Take back, step by step"], ["?", "This list"]]],
  ["Search", [["↑ ↓", "Through suggestions, then through results"], ["Enter", "Search; once more: open the result"], ["Tab", "Complete the chosen suggestion"]]],
  ["Map", [["m", "Focus the map"], ["← ↑ → ↓", "Move it"], ["+ −", "Nearer, farther"], ["f", "Whole map"], ["l", "Lasso on or off"], ["[ ]", "Result before, after"], ["p", "List of points"], ["c", "Compare"]]],
  ["Mouse", [["Drag", "Move; in 3-D turn"], ["Wheel", "Nearer, farther"], ["Click", "Choose a point"], ["Shift click", "Add to the selection"], ["Shift drag", "Lasso without the button"]]],
];

export function openShortcuts(ctx) {
  if (ctx.root.querySelector("dialog[open]")) return;
  const close = h("button", { type: "button", class: "tool", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("close"));
  const groups = KEYS.map(([title, rows]) => h(
    "section",
    {},
    h("h3", { text: title }),
    h("dl", { class: "keys" }, ...rows.flatMap(([key, text]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text })])),
  ));
  const dialog = h("dialog", { class: "dialog", "aria-label": "Keyboard shortcuts" }, h("div", { class: "dialog-head" }, h("h2", { text: "Keyboard and mouse" }), close), h("div", { class: "key-groups" }, ...groups));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  ctx.root.append(dialog);
  dialog.showModal();
}
