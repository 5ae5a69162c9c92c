/** The selection: how many, what they are, and what can be done with them. */
import { asCsv, download } from "../csv.js";
import { fill, h } from "../dom.js";
import { count, percent, plural } from "../format.js";
import { icon } from "../icons.js";
import { point, smallPicture } from "./results.js";

const LISTED = 200;
const CLASSES = 5;
const COLUMNS = 3;

export function selectionPane(ctx) {
  const { store, signal } = ctx;
  const pane = h("div", { class: "selection" });
  const draw = () => store.state.selection.length && render(ctx, pane);
  store.on(["selection"], draw, signal);
  return pane;
}

async function render(ctx, pane) {
  const { store, space } = ctx;
  const { selection } = store.state;
  const classes = h("div", { class: "shares" });
  const list = h("ol", { class: `hits plain${space.info.thumbnails ? " pictured" : ""}` });
  fill(
    pane,
    h("div", { class: "pane-head" }, h("div", { class: "pane-title" }, h("h2", { text: `${plural(selection.length, "row")} selected` })), buttons(ctx)),
    classes,
    h("h3", { text: "Rows" }),
    list,
  );
  try {
    const [keys, shares] = await Promise.all([space.keys(), frequent(space, selection)]);
    if (store.state.selection !== selection) return;
    fill(classes, ...shares.map((one) => share(one, selection.length)));
    fill(list, ...Array.from(selection.subarray(0, LISTED), (row) => item(ctx, row, keys.at(row))));
    if (selection.length > LISTED) list.append(h("li", { class: "more", text: `and ${count(selection.length - LISTED)} more` }));
  } catch (error) {
    ctx.notifyError(error, () => render(ctx, pane));
  }
}

function item(ctx, row, key) {
  return h("li", { class: "hit" }, h(
    "button",
    { type: "button", class: "hit-button", on: { click: () => ctx.actions.choose(row, { look: false }), pointerenter: () => point(ctx, row), pointerleave: () => point(ctx, null) } },
    smallPicture(ctx, row),
    h("span", { class: "hit-key", text: key }),
  ));
}

/** The most frequent categories among some rows, with their share in the whole Space. */
async function frequent(space, rows) {
  const described = space.info.columns.filter(({ kind, file }) => kind === "category" && file).slice(0, COLUMNS);
  return Promise.all(described.map(async ({ name }) => {
    const { codes, values } = await space.column(name);
    const inside = new Uint32Array(values.length);
    const overall = new Uint32Array(values.length);
    for (const row of rows) if (codes[row] < values.length) inside[codes[row]]++;
    for (const code of codes) if (code < values.length) overall[code]++;
    const order = [...values.keys()].filter((code) => inside[code]).sort((a, b) => inside[b] - inside[a] || a - b);
    const top = order.slice(0, CLASSES).map((code) => ({ value: values[code], count: inside[code], expected: overall[code] / codes.length }));
    return { name, top, rest: order.length - top.length };
  }));
}

function share({ name, top, rest }, total) {
  return h(
    "section",
    {},
    h("h3", { text: name }),
    h("dl", { class: "share-list" }, ...top.flatMap(({ value, count: n, expected }) => {
      const bar = h("span", { class: "bar" }, h("span", { class: "bar-fill" }));
      bar.firstChild.style.width = `${(n / total) * 100}%`;
      return [h("dt", { text: value || "empty", title: value }), h("dd", { title: `${count(n)} of ${count(total)}; in the whole Space ${percent(expected)}` }, bar, h("span", { class: "bar-value", text: percent(n / total) }))];
    })),
    rest > 0 && h("p", { class: "note", text: `and ${plural(rest, "other value")}` }),
  );
}

function buttons(ctx) {
  const { space, actions } = ctx;
  const can = space.live ? space.info.save ?? [] : ["table"];
  const button = (name, text, run) => h("button", { type: "button", class: "button small", on: { click: run } }, icon(name, 14), text);
  return h(
    "div",
    { class: "row" },
    button("fit", "Show", () => actions.focus(ctx.store.state.selection)),
    can.includes("table") && button("download", "Save table", () => saveTable(ctx)),
    can.includes("tag") && button("tag", "Tag", () => ask(ctx, "tag", "Tag these rows", "Name of the tag")),
    can.includes("space") && button("space", "New Space", () => ask(ctx, "space", "Make a Space of these rows", "Name of the Space")),
    button("close", "Clear", () => actions.select([])),
  );
}

async function saveTable(ctx) {
  const { space, store, data } = ctx;
  const rows = Array.from(store.state.selection);
  try {
    const name = `${space.info.name}-selection.csv`;
    const content = space.live
      ? await data.post("save", { ...space.stamp, rows, as: "table", name })
      : asCsv(await Promise.all(rows.map((row) => space.record(row))));
    download(content, name, "text/csv");
    ctx.notify(`${plural(rows.length, "row")} saved as ${name}.`);
  } catch (error) {
    ctx.notifyError(error, () => saveTable(ctx));
  }
}

/** Ask for a name in a dialog, then have the server save. */
function ask(ctx, as, title, label) {
  const input = h("input", { type: "text", required: true, "aria-label": label, placeholder: label, maxlength: 80, autocomplete: "off" });
  const cancel = h("button", { type: "button", class: "button", text: "Cancel", on: { click: () => dialog.close() } });
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { text: title }),
    input,
    h("div", { class: "row end" }, cancel, h("button", { type: "submit", class: "button primary", text: "Save" })),
  );
  const dialog = h("dialog", { class: "dialog small", "aria-label": title }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    save(ctx, as, input.value.trim());
  });
  dialog.addEventListener("close", () => dialog.remove());
  ctx.root.append(dialog);
  dialog.showModal();
}

async function save(ctx, as, name) {
  const { space, store, data } = ctx;
  try {
    const answer = await data.post("save", { ...space.stamp, rows: Array.from(store.state.selection), as, name });
    ctx.notify(`${plural(answer.count, "row")} saved as ${answer.saved}.`);
    if (answer.reload) await ctx.app.change(space.id, { map: store.state.map, color: as }, "replace");
  } catch (error) {
    ctx.notifyError(error, () => save(ctx, as, name));
  }
}
