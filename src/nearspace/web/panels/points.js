/** The table that says what the map shows: shown points in order, as a list to read and to go through. */
import { fill, h } from "../dom.js";
import { count, percent, plural } from "../format.js";

const PAGE = 100;

export function pointsPane(ctx) {
  const { store, signal } = ctx;
  const pane = h("div", { class: "points" });
  let first = 0;
  const draw = () => {
    if (store.state.pane === "points") table(ctx, pane, first, turn);
  };
  const turn = (to) => {
    first = to;
    draw();
  };
  store.on(["pane"], draw, signal);
  ctx.main.addEventListener("shown", () => turn(0));
  return pane;
}

async function table(ctx, pane, first, turn) {
  const { main, space } = ctx;
  if (!main.map) return fill(pane, h("p", { class: "empty", text: "There is no map." }));
  const { points, total } = shownOf(main, first);
  try {
    const keys = await space.keys();
    const trust = (main.map.info.trust ?? []).includes("trust") ? await main.map.measure("trust") : null;
    const last = Math.min(first + PAGE, total);
    fill(
      pane,
      h("p", { class: "pane-head note", text: `${plural(total, "shown point")}${total ? `, ${count(first + 1)} to ${count(last)}` : ""}` }),
      h(
        "table",
        { class: "list" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "Key" }), trust && h("th", { scope: "col", class: "figure", text: "Trust" }))),
        h("tbody", {}, ...points.map((point) => line(ctx, point, keys, trust))),
      ),
      pages(first, total, turn),
    );
    pane.scrollTop = 0;
  } catch (error) {
    ctx.notifyError(error, () => table(ctx, pane, first, turn));
  }
  return null;
}

function line({ actions, main }, point, keys, trust) {
  const row = main.map.rowOf(point);
  const choose = () => actions.choose(row, { look: true });
  return h(
    "tr",
    {},
    h("td", {}, h("button", { type: "button", class: "link", text: keys.at(row), on: { click: choose } })),
    trust && h("td", { class: "figure", text: percent(trust[point] / 255) }),
  );
}

/** PAGE of the shown points from the first on, and how many there are. */
function shownOf({ map, shown }, first) {
  const points = [];
  let total = 0;
  for (let point = 0; point < map.n; point++) {
    if ((shown?.mask && !shown.mask[point]) || !map.isDrawn(point)) continue;
    if (total >= first && points.length < PAGE) points.push(point);
    total++;
  }
  return { points, total };
}

function pages(first, total, turn) {
  if (total <= PAGE) return null;
  const button = (text, to, possible) => h("button", { type: "button", class: "button small", text, disabled: !possible, on: { click: () => turn(to) } });
  return h("div", { class: "row pages-row" }, button("Previous", first - PAGE, first > 0), button("Next", first + PAGE, first + PAGE < total));
}
