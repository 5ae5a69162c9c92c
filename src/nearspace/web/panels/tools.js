/** The small buttons on the map: move or lasso, nearer, farther, all. */
import { h } from "../dom.js";
import { icon } from "../icons.js";

export function tools(ctx) {
  const { store, actions } = ctx;
  const button = (name, label, key, run) => h("button", { type: "button", class: "tool", "aria-label": label, title: `${label} (${key})`, on: { click: run } }, icon(name));
  const lasso = button("lasso", "Lasso", "l", () => actions.toggleMode());
  const mark = () => {
    lasso.setAttribute("aria-pressed", String(store.state.mode === "lasso"));
    ctx.stageArea.classList.toggle("lassoing", store.state.mode === "lasso");
  };
  store.on(["mode"], mark, ctx.signal);
  mark();
  const bar = h(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "Map tools", "aria-orientation": "vertical" },
    lasso,
    h("span", { class: "tools-gap" }),
    button("plus", "Nearer", "+", () => actions.zoom(0.7)),
    button("minus", "Farther", "-", () => actions.zoom(-0.7)),
    button("fit", "Whole map", "f", () => actions.fit()),
    dimensionSwitch(ctx),
  );
  bar.hidden = true;
  ctx.main.addEventListener("map", () => (bar.hidden = !ctx.main.view));
  return bar;
}

/** Between the maps of one method in two and three dimensions, where there are both. */
function dimensionSwitch(ctx) {
  const { store, space } = ctx;
  const twin = () => {
    const now = space.info.maps.find(({ name }) => name === store.state.map);
    return now && space.info.maps.find(({ method, dim }) => method === now.method && dim !== now.dim);
  };
  const go = () => store.set({ map: twin().name, camera: null }, "push");
  const button = h("button", { type: "button", class: "tool text", on: { click: go } });
  const dress = () => {
    const other = twin();
    button.hidden = !other;
    if (!other) return;
    button.textContent = `${other.dim}D`;
    button.setAttribute("aria-label", `Show in ${other.dim} dimensions`);
    button.title = `The map ${other.name}`;
  };
  store.on(["map"], dress, ctx.signal);
  queueMicrotask(dress);
  return button;
}
