/** Short messages in a corner, with a way to act on them; they go by themselves unless they tell of an error. */
import { h } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 5000;
const MOST = 3;

export class Toasts {
  constructor() {
    this.element = h("div", { class: "toasts", role: "region", "aria-label": "Messages" });
  }

  /** @param {{label: string, run: Function}} [action] */
  say(text, { kind = "note", action = null } = {}) {
    for (const same of [...this.element.children]) if (same.dataset.text === text) same.remove();
    const close = h("button", { type: "button", class: "tool small", "aria-label": "Close message", on: { click: () => toast.remove() } }, icon("close", 12));
    const run = () => {
      toast.remove();
      action.run();
    };
    const button = action && h("button", { type: "button", class: "button small", text: action.label, on: { click: run } });
    const toast = h(
      "div",
      { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status", data: { text } },
      kind === "error" ? icon("warning") : icon("check"),
      h("span", { text }),
      button,
      close,
    );
    this.element.append(toast);
    while (this.element.children.length > MOST) this.element.firstChild.remove();
    if (kind !== "error") setTimeout(() => toast.remove(), STAYS);
  }

  error(error, retry) {
    const text = [error.message, error.hint].filter(Boolean).join(" ");
    this.say(text, { kind: "error", action: retry && { label: "Try again", run: retry } });
  }
}
