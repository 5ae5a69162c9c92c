/** A choice among the classes of a column: a list with counts that can be searched. */
import { fill, h } from "../dom.js";
import { count, plural } from "../format.js";

const LISTED = 60;

export async function categoryFilter(ctx, name) {
  const { codes, values } = await ctx.space.column(name);
  const counts = new Uint32Array(values.length);
  for (const code of codes) if (code < values.length) counts[code]++;
  const order = [...values.keys()].filter((code) => counts[code]).sort((a, b) => counts[b] - counts[a] || a - b);
  const list = h("ul", { class: "checks" });
  const more = h("p", { class: "note" });
  const search = h("input", { type: "search", placeholder: "Find a value", "aria-label": `Find a value of ${name}`, hidden: order.length < 9 });
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const chosen = ctx.store.state.filters[name]?.values ?? [];
    const fits = order.filter((code) => values[code].toLowerCase().includes(wanted));
    fits.sort((a, b) => Number(chosen.includes(values[b])) - Number(chosen.includes(values[a])));
    fill(list, ...fits.slice(0, LISTED).map((code) => check(ctx, name, values[code], counts[code], chosen)));
    more.textContent = fits.length > LISTED ? `and ${plural(fits.length - LISTED, "more value")}` : fits.length ? "" : "No such value.";
  };
  search.addEventListener("input", draw);
  ctx.store.on(["filters"], () => follow(ctx, name, list), ctx.signal);
  draw();
  return h("div", { class: "category" }, search, list, more);
}

function check(ctx, name, value, n, chosen) {
  const box = h("input", { type: "checkbox", value, on: { change: () => toggle(ctx, name, value, box.checked) } });
  box.checked = chosen.includes(value);
  return h("li", {}, h("label", { class: "check" }, box, h("span", { class: "check-name", text: value || "empty", title: value }), h("span", { class: "legend-count", text: count(n) })));
}

function toggle(ctx, name, value, on) {
  const chosen = (ctx.store.state.filters[name]?.values ?? []).filter((other) => other !== value);
  if (on) chosen.push(value);
  ctx.actions.setFilter(name, chosen.length ? { values: chosen } : null);
}

function follow(ctx, name, list) {
  const chosen = ctx.store.state.filters[name]?.values ?? [];
  for (const box of list.querySelectorAll("input")) box.checked = chosen.includes(box.value);
}
