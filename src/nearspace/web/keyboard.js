/** Keys of the whole app; in a page of its own they work wherever the focus is. */
import { focused, isTyping } from "./dom.js";
import { openShortcuts } from "./panels/shortcuts.js";

const TABS = ["map", "measures", "recipe"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Keyboard {
  constructor(ctx, element, address) {
    this.ctx = ctx;
    const target = address?.document ?? element;
    target.addEventListener("keydown", (event) => this.press(event), { signal: ctx.signal });
    target.addEventListener("keyup", (event) => this.release(event), { signal: ctx.signal });
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented && event.key !== "Escape") return;
    const { shadow, root } = this.ctx;
    if (root.querySelector("dialog[open]")) return;
    const at = focused(shadow);
    if (isTyping(at)) return;
    if (event.key === "Shift") this.hold();
    else if (this.run(event, at)) event.preventDefault();
  }

  /** While Shift is held, dragging draws a lasso. */
  hold() {
    const { store } = this.ctx;
    if (store.state.tab !== "map" || store.state.mode === "lasso") return;
    this.held = true;
    store.set({ mode: "lasso" });
  }

  release({ key }) {
    if (key !== "Shift" || !this.held) return;
    this.held = false;
    this.ctx.store.set({ mode: "pan" });
  }

  run(event, at) {
    const { actions, store, app, main, shadow } = this.ctx;
    const onMap = at?.tagName === "CANVAS";
    if (onMap && ARROWS[event.key]) return did(actions.move(...ARROWS[event.key]));
    const tab = TABS[Number(event.key) - 1];
    if (tab) return did(store.set({ tab }, "push"));
    const keys = {
      "/": () => this.search(),
      "?": () => openShortcuts(this.ctx),
      Escape: () => actions.escape(),
      t: () => app.theme.toggle(),
    };
    const onlyMap = {
      l: () => actions.toggleMode(),
      f: () => actions.fit(),
      m: () => main.element.querySelector("canvas")?.focus(),
      c: () => shadow.querySelector(".compare-choice select, .compare-open")?.click(),
      p: () => store.set({ pane: "points", sheet: "side" }),
      "+": () => actions.zoom(0.5),
      "=": () => actions.zoom(0.5),
      "-": () => actions.zoom(-0.5),
      "]": () => actions.step(1),
      "[": () => actions.step(-1),
    };
    const run = keys[event.key] ?? (store.state.tab === "map" ? onlyMap[event.key] : null);
    return run ? did(run()) : false;
  }

  search() {
    this.ctx.store.set({ tab: "map" });
    this.ctx.shadow.querySelector(".search input")?.focus();
  }
}

/** Whatever it was: it is done. */
const did = () => true;
