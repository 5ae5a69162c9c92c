/** What a search found, with scores; up and down go through it. */
import { fill, h } from "../dom.js";
import { score } from "../format.js";
import { icon } from "../icons.js";
import { HOW } from "../search.js";

const FIRST = 100;

export function resultsPane(ctx) {
  const { store } = ctx;
  const head = h("div", { class: "pane-head" });
  const list = h("ol", { class: "hits", role: "listbox", "aria-label": "Results", tabindex: "0" });
  const pane = h("div", { class: "results" }, head, list);
  list.addEventListener("keydown", (event) => press(ctx, event));
  store.on(["results"], () => draw(ctx, head, list), ctx.signal);
  store.on(["active"], () => mark(ctx, list), ctx.signal);
  store.on(["filters", "allowed"], () => mark(ctx, list), ctx.signal);
  ctx.main.addEventListener("shown", () => mark(ctx, list));
  return pane;
}

function press(ctx, event) {
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  const { active, results } = ctx.store.state;
  if (step) ctx.actions.step(step);
  else if (event.key === "Enter" && active >= 0) ctx.actions.choose(results.hits[active].row, { look: true });
  else return;
  event.preventDefault();
}

function draw(ctx, head, list) {
  const { results } = ctx.store.state;
  if (!results) return;
  const { how, hits, note, query, error } = results;
  list.classList.toggle("pictured", ctx.space.info.thumbnails);
  fill(
    head,
    h("div", { class: "pane-title" }, h("span", { class: "query", text: query })),
    h("div", { class: "note", text: error ? "" : HOW[how] ?? how }),
    note && h("p", { class: "note warning" }, icon("warning", 14), h("span", { text: note })),
    error && failure(ctx, error),
    !hits.length && !note && !error && h("p", { class: "empty", text: "Nothing found. Keys are searched by any part of their text." }),
  );
  fill(list, ...hits.slice(0, FIRST).map((hit, at) => row(ctx, hit, at)));
  if (hits.length > FIRST) list.append(h("li", { class: "more", role: "presentation", text: `and ${hits.length - FIRST} more on the map` }));
  list.hidden = !hits.length;
  list.scrollTop = 0;
  mark(ctx, list);
}

function failure(ctx, error) {
  const again = () => {
    const { query } = ctx.store.state;
    ctx.store.set({ query: "" }, "silent");
    ctx.store.set({ query }, "silent");
  };
  return h(
    "div",
    { class: "failure", role: "alert" },
    h("p", {}, icon("warning", 14), h("span", { text: error.message })),
    error.hint && h("p", { class: "note", text: error.hint }),
    h("button", { type: "button", class: "button small", text: "Try again", on: { click: again } }),
  );
}

function row(ctx, hit, at) {
  const click = () => ctx.actions.choose(hit.row, { look: true });
  return h(
    "li",
    {
      class: "hit", role: "option", data: { at }, "aria-selected": "false",
      on: { click, pointerenter: () => point(ctx, hit.row), pointerleave: () => point(ctx, null) },
    },
    h("span", { class: "hit-place", text: at + 1 }),
    smallPicture(ctx, hit.row),
    h("span", { class: "hit-text" }, h("span", { class: "hit-key", text: hit.key }), subtitle(ctx, hit)),
    h("span", { class: "hit-flag" }),
    Number.isFinite(hit.score) && h("span", { class: "hit-score", text: score(hit.score) }),
  );
}

/** A line of text below the key, where the hit has one. */
function subtitle({ space }, hit) {
  const text = hit.snippet ?? (space.info.content ? hit[space.info.content] : null);
  return text && text !== hit.key ? h("span", { class: "hit-line", text: String(text).slice(0, 160) }) : null;
}

/** The picture of a row in a list, where the Space has pictures. */
export function smallPicture({ space }, row) {
  if (!space.info.thumbnails) return null;
  const image = h("img", { class: "hit-picture", alt: "", loading: "lazy", width: 32, height: 32, on: { error: () => image.classList.add("lost") } });
  space.thumbnail(row).then((address) => (image.src = address), () => image.classList.add("lost"));
  return image;
}

/** Show on the maps where a row of a list lies. */
export function point(ctx, row) {
  ctx.store.set({ hover: row === null ? null : { row, stage: null } }, "silent");
}

/** Mark the active hit, and those that the map does not show. */
function mark(ctx, list) {
  const { results, active } = ctx.store.state;
  if (!results) return;
  for (const item of list.querySelectorAll(".hit")) {
    const at = Number(item.dataset.at);
    item.setAttribute("aria-selected", String(at === active));
    item.classList.toggle("active", at === active);
    const where = place(ctx, results.hits[at].row);
    item.classList.toggle("away", where !== "");
    item.querySelector(".hit-flag").textContent = where;
    if (at === active) item.scrollIntoView({ block: "nearest" });
  }
}

function place({ main }, row) {
  if (!main.map) return "";
  const at = main.pointOf(row);
  if (at < 0 || !main.map.isDrawn(at)) return "not on the map";
  return main.shown?.mask && !main.shown.mask[at] ? "filtered out" : "";
}
