/** The app: mounted into any element, several on a page; everything it makes lives inside that element. */
import { bind, read } from "./address.js";
import { httpData } from "./data.js";
import { fill, h } from "./dom.js";
import { icon, mark } from "./icons.js";
import { SpaceData } from "./space_data.js";
import { Store } from "./store.js";
import { Theme } from "./theme.js";
import { Toasts } from "./toasts.js";
import { Workspace } from "./workspace.js";

const INITIAL = {
  space: null, map: null, color: null, sized: false, faded: false, filters: {}, where: "", query: "",
  key: null, camera: null, tab: "map", compare: null,
};
const PASSING = {
  row: null, links: null, results: null, active: -1, selection: new Uint32Array(0), allowed: null, hover: null,
  pane: null, sheet: null, mode: "pan",
};

/**
 * Put the app into an element.
 *
 * @param {HTMLElement} element is filled; give it a height
 * @param {object} [settings]
 * @param {{json, bytes, post, url?}} [settings.data] where the data comes from; by default the folder of the page
 * @param {"light"|"dark"|"system"} [settings.theme] by default what was chosen last, else the system's
 * @param {Window} [settings.address] the window whose address keeps the state; none: the app keeps it
 * @param {string} [settings.styles] the text of app.css, where it cannot be had from beside this module
 * @returns {Promise<App>}
 */
export async function mount(element, { data = httpData(), theme, address, styles } = {}) {
  const app = new App(element, data, { theme, address });
  await app.style(styles);
  await app.start();
  return app;
}

class App {
  constructor(element, data, { theme, address }) {
    this.element = element;
    this.data = data;
    this.address = address ?? null;
    this.ends = new AbortController();
    this.shadow = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    this.shadow.replaceChildren();
    this.root = h("div", { class: "app" });
    this.body = h("div", { class: "body" });
    this.live = h("div", { class: "unseen", "aria-live": "polite", role: "status" });
    this.toasts = new Toasts();
    this.root.append(this.body, this.live, this.toasts.element);
    this.theme = new Theme(this.root, theme, this.ends.signal);
    const given = address ? read(address.location.hash) : {};
    this.initial = { ...INITIAL };
    this.store = new Store({ ...INITIAL, ...PASSING, ...given });
    if (address) bind(this.store, address, this.initial, this.ends.signal);
  }

  /** Nothing is shown before its styles are there. */
  async style(text) {
    if (text) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      this.shadow.adoptedStyleSheets = [sheet];
      this.shadow.append(this.root);
      return;
    }
    const link = h("link", { rel: "stylesheet", href: new URL("./app.css", import.meta.url).href });
    const ready = new Promise((resolve) => {
      link.addEventListener("load", resolve, { once: true });
      link.addEventListener("error", resolve, { once: true });
    });
    this.shadow.append(link);
    this.shadow.append(this.root);
    this.root.hidden = true;
    await ready;
    this.root.hidden = false;
  }

  async start() {
    this.message("Opening", "waiting");
    try {
      const guess = this.store.state.space ?? 0;
      const early = this.data.json(`data/${guess}/space.json`);
      early.catch(() => null);
      this.index = await this.data.json("data/index.json");
      const known = this.index.spaces.some(({ id }) => id === guess);
      const first = known ? guess : this.index.spaces[0].id;
      this.initial.space = this.index.spaces[0].id;
      this.open(first === guess ? await early : await this.data.json(`data/${first}/space.json`));
    } catch (error) {
      this.message([error.message, error.hint].filter(Boolean).join(" "), "error");
      return;
    }
    this.store.on(["space"], ({ space }) => this.change(space), this.ends.signal);
  }

  open(info) {
    this.workspace?.destroy();
    const space = new SpaceData(this.data, info, this.index.live);
    this.store.set({ space: info.id }, "silent");
    if (this.address) this.address.document.title = `${info.name} · nearspace`;
    this.workspace = new Workspace(this, space);
    fill(this.body, this.workspace.element);
    this.workspace.begin();
  }

  /** Another Space: what was said of the one before goes. */
  async change(id) {
    if (this.workspace.ctx.space.id === id) return;
    try {
      const info = await this.data.json(`data/${id}/space.json`);
      const { tab } = this.store.state;
      this.store.set({ ...INITIAL, ...PASSING, tab, space: id }, "silent");
      this.open(info);
      this.store.set({ tab: tab === "map" ? "map" : tab });
    } catch (error) {
      this.store.set({ space: this.workspace.ctx.space.id }, "replace");
      this.toasts.error(error, () => this.store.set({ space: id }, "push"));
    }
  }

  message(text, kind) {
    const retry = () => this.start();
    fill(
      this.body,
      h(
        "div",
        { class: `whole ${kind}` },
        mark(),
        h("p", { role: kind === "error" ? "alert" : "status" }, kind === "error" && icon("warning"), text),
        kind === "error" && h("button", { type: "button", class: "button", text: "Try again", on: { click: retry } }),
      ),
    );
  }

  announce(text) {
    this.live.textContent = text;
  }

  destroy() {
    this.ends.abort();
    this.workspace?.destroy();
    this.shadow.replaceChildren();
  }
}
