/** The search box: keys are suggested as one types, Enter searches, up and down go through what is listed. */
import { debounce, fill, h, unique } from "../dom.js";
import { lastTerm } from "../expression.js";
import { icon } from "../icons.js";
import { searchImage } from "../search.js";

const MOST = 8;

export function searchBox(ctx) {
  return new SearchBox(ctx).element;
}

class SearchBox {
  constructor(ctx) {
    this.ctx = ctx;
    this.at = -1;
    this.rows = [];
    this.list = h("ul", { class: "suggestions", role: "listbox", id: unique("suggestions"), "aria-label": "Suggested keys", hidden: true });
    this.input = h("input", {
      type: "text", role: "combobox", placeholder: placeholder(ctx), "aria-label": "Search", autocomplete: "off", spellcheck: "false",
      "aria-expanded": "false", "aria-controls": this.list.id, "aria-autocomplete": "list", enterkeyhint: "search",
    });
    this.clear = h("button", { type: "button", class: "tool small", "aria-label": "Clear search", hidden: true }, icon("close", 14));
    const hint = h("kbd", { class: "search-hint", "aria-hidden": "true", text: "/" });
    this.element = h("div", { class: "search", role: "search" }, icon("search"), this.input, hint, this.clear, this.picture(), this.list);
    this.listen();
  }

  listen() {
    const { input, clear, list, ctx } = this;
    this.suggest = debounce(() => this.fetch(), 60);
    input.addEventListener("input", () => {
      this.dress();
      this.suggest();
    });
    input.addEventListener("keydown", (event) => this.press(event));
    input.addEventListener("blur", () => this.close());
    clear.addEventListener("click", () => this.empty());
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("li");
      if (option) this.take(Number(option.dataset.at));
    });
    const follow = () => {
      input.value = ctx.store.state.query;
      this.dress();
    };
    ctx.store.on(["query"], follow, ctx.signal);
    ctx.store.on(["searching"], ({ searching }) => this.element.classList.toggle("busy", Boolean(searching)), ctx.signal);
    follow();
  }

  /** Upload of a picture, where the server understands pictures. */
  picture() {
    const { ctx } = this;
    if (!ctx.space.search.includes("image")) return null;
    const file = h("input", { type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-label": "Picture to search with" });
    file.addEventListener("change", async () => {
      if (!file.files.length) return;
      try {
        ctx.actions.show(await searchImage(ctx.space, file.files[0]));
      } catch (error) {
        ctx.notifyError(error);
      }
      file.value = "";
    });
    const button = h("button", {
      type: "button", class: "tool small", "aria-label": "Search with a picture", title: "Search with a picture", on: { click: () => file.click() },
    }, icon("image"));
    return [button, file];
  }

  dress() {
    this.clear.hidden = !this.input.value;
    this.element.classList.toggle("filled", Boolean(this.input.value));
  }

  empty() {
    this.input.value = "";
    this.close();
    this.dress();
    this.ctx.actions.clearSearch();
    this.input.focus();
  }

  async fetch() {
    const { text } = lastTerm(this.input.value);
    const wanted = text.trim();
    if (!wanted) return this.close();
    try {
      const keys = await this.ctx.space.keys();
      if (lastTerm(this.input.value).text !== text || this.done === this.input.value) return null;
      this.rows = keys.find(wanted, MOST);
      return this.open(this.rows.map((row) => keys.at(row)), wanted);
    } catch {
      return this.close(); // searching itself will tell what is wrong
    }
  }

  open(keys, wanted) {
    this.keys = keys;
    this.at = -1;
    fill(this.list, ...keys.map((key, at) => h("li", { role: "option", id: `${this.list.id}-${at}`, "aria-selected": "false", data: { at } }, ...marked(key, wanted))));
    this.list.hidden = !keys.length;
    this.input.setAttribute("aria-expanded", String(keys.length > 0));
    this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    this.suggest.cancel();
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (this.list.hidden) this.ctx.actions.step(step);
      else this.move(step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.at >= 0) this.take(this.at);
      else this.enter();
    } else if (event.key === "Tab" && this.at >= 0) {
      event.preventDefault();
      this.complete(this.at);
      this.close();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (!this.list.hidden) this.close();
      else if (this.input.value) this.empty();
      else this.input.blur();
    }
  }

  move(step) {
    const options = [...this.list.children];
    this.at = (this.at + step + options.length + (this.at < 0 && step < 0 ? 1 : 0)) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.at)));
    this.input.setAttribute("aria-activedescendant", options[this.at].id);
  }

  /** Enter on what was typed; on the same query again the chosen result opens. */
  enter() {
    const { store, actions } = this.ctx;
    const { query, active, row, results } = store.state;
    this.done = this.input.value;
    this.close();
    if (this.input.value.trim() === query && results && active >= 0 && row !== null) store.set({ pane: "point" });
    else actions.find(this.input.value);
  }

  complete(at) {
    const { start } = lastTerm(this.input.value);
    this.input.value = this.input.value.slice(0, start) + this.keys[at];
    this.dress();
  }

  take(at) {
    this.complete(at);
    this.enter();
  }
}

function placeholder({ space }) {
  if (space.search.includes("encoded") || space.search.includes("text")) return "Search keys or texts, or king - man + woman";
  return space.info.vectors || space.search.includes("analogy") ? "Search keys, or king - man + woman" : "Search keys";
}

/** A key with the part that was typed in bold. */
function marked(key, wanted) {
  const at = key.toLowerCase().indexOf(wanted.toLowerCase());
  if (at < 0) return [key];
  const end = at + wanted.length;
  return [key.slice(0, at), h("b", { text: key.slice(at, end) }), key.slice(end)];
}
