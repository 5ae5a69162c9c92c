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
    if (address) bind(this.store, address, this.initial, { arrive: (state) => this.arrive(state), signal: this.ends.signal });
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
      const info = first === guess ? await early : await this.data.json(`data/${first}/space.json`);
      this.store.set({ space: first }, "silent");
      this.open(info);
    } catch (error) {
      this.message([error.message, error.hint].filter(Boolean).join(" "), "error");
      return;
    }
  }

  open(info) {
    const space = new SpaceData(this.data, info, this.index.live);
    if (this.address) this.address.document.title = `${info.name} · nearspace`;
    this.workspace = new Workspace(this, space);
    fill(this.body, this.workspace.element);
    this.workspace.begin();
  }

  /**
   * Go to another Space; what was said of the one before goes.
   *
   * @param {object} [given] state to begin with
   */
  async change(id, given = {}, history = "push") {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      const info = await this.data.json(`data/${id}/space.json`);
      if (turn !== this.turn) return;
      const { tab } = this.store.state;
      this.workspace.destroy();
      this.store.set({ ...INITIAL, ...PASSING, tab, ...given, space: id }, history);
      this.open(info);
    } catch (error) {
      this.toasts.error(error, () => this.change(id, given, history));
    }
  }

  /** The address has changed: back, forward, or by hand. */
  arrive(state) {
    const space = state.space ?? this.initial.space;
    if (space !== this.workspace?.ctx.space.id) this.change(space, { ...state, tab: state.tab ?? "map" }, "silent");
    else this.store.set({ ...this.initial, ...state }, "silent");
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
