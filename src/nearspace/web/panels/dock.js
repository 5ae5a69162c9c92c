/** On a phone: buttons at the foot that raise the panels as sheets. */
import { h } from "../dom.js";
import { icon } from "../icons.js";

export function dock(ctx) {
  const { store } = ctx;
  const raise = (sheet, pane) => () => {
    const down = store.state.sheet === sheet;
    store.set({ sheet: down ? null : sheet, ...(pane && !store.state.pane ? { pane } : {}) });
  };
  const button = (name, text, sheet, pane) => {
    const made = h("button", { type: "button", class: "dock-button", "aria-pressed": "false", on: { click: raise(sheet, pane) } }, icon(name), h("span", { text }));
    store.on(["sheet"], (state) => made.setAttribute("aria-pressed", String(state.sheet === sheet)), ctx.signal);
    return made;
  };
  return h("nav", { class: "dock", "aria-label": "Panels" }, button("layers", "Display", "display"), button("filter", "Filters", "filters"), button("list", "Details", "side", "points"));
}
