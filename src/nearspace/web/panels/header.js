/** The top line: name, tabs, search, switches. */
import { h } from "../dom.js";
import { plural } from "../format.js";
import { icon, mark } from "../icons.js";
import { searchBox } from "./search_box.js";
import { openShortcuts } from "./shortcuts.js";

const TABS = { map: "Map", measures: "Measures", recipe: "Recipe" };

export function header(ctx) {
  return h(
    "header",
    { class: "header" },
    h("div", { class: "lead" }, h("div", { class: "brand" }, mark(), spaceChoice(ctx)), tabList(ctx)),
    searchBox(ctx),
    h("div", { class: "header-tools" }, ...buttons(ctx)),
  );
}

/** The name of the Space, or a choice among several. */
function spaceChoice(ctx) {
  const { index, space } = ctx;
  const facts = `${plural(space.info.count, "row")} of ${space.info.dim} dimensions`;
  if (index.spaces.length < 2) return h("h1", { class: "space-name", title: facts, text: space.info.name });
  const select = h(
    "select",
    { "aria-label": "Space", title: facts, on: { change: () => ctx.app.change(Number(select.value)) } },
    ...index.spaces.map(({ id, name }) => h("option", { value: id, selected: id === space.id, text: name })),
  );
  return h("div", { class: "select" }, select, icon("chevron", 14));
}

function tabList(ctx) {
  const { store } = ctx;
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
  for (const [name, text] of Object.entries(TABS)) {
    const tab = h("button", {
      type: "button", role: "tab", id: `tab-${name}`, class: "tab", "aria-controls": `page-${name}`, text,
      on: { click: () => store.set({ tab: name }, "push") },
    });
    list.append(tab);
  }
  list.addEventListener("keydown", (event) => along(event, list));
  const mark = () => {
    for (const tab of list.children) {
      const chosen = tab.id === `tab-${TABS[store.state.tab] ? store.state.tab : "map"}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
  };
  store.on(["tab"], mark, ctx.signal);
  mark();
  return list;
}

/** Arrow keys go from tab to tab. */
function along(event, list) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...list.children];
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  event.preventDefault();
  next.click();
  next.focus();
}

function buttons(ctx) {
  const { app, actions } = ctx;
  const theme = h("button", { type: "button", class: "tool", on: { click: () => app.theme.toggle() } });
  const dress = () => {
    const dark = ctx.theme() === "dark";
    theme.replaceChildren(icon(dark ? "sun" : "moon"));
    theme.setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
    theme.title = `${dark ? "Light" : "Dark"} colours (t)`;
  };
  app.theme.addEventListener("change", dress, { signal: ctx.signal });
  dress();
  const link = h("button", {
    type: "button", class: "tool", "aria-label": "Copy link", title: "Copy a link to this view", on: { click: () => actions.copyLink() },
  }, icon("link"));
  const help = h("button", {
    type: "button", class: "tool", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", on: { click: () => openShortcuts(ctx) },
  }, icon("help"));
  return [app.address && link, theme, help];
}
