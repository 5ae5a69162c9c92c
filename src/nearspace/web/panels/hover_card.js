/** The card beside the pointer: key, picture, metadata, and how far the point can be trusted. */
import { MEASURES } from "../coloring.js";
import { fill, h } from "../dom.js";
import { percent, shown } from "../format.js";

const BAD = new Set(["torn", "false"]); // the more, the worse
const MOST = 6; // columns
const WAIT = 70; // milliseconds before a record is asked for

export class HoverCard {
  constructor(ctx) {
    this.ctx = ctx;
    this.turn = 0;
    this.element = h("div", { class: "card", "aria-hidden": "true", hidden: true });
  }

  follow(stage) {
    stage.addEventListener("hover", ({ detail }) => this.show(stage, detail));
    stage.element.addEventListener("pointerleave", () => this.hide());
    stage.element.addEventListener("pointerdown", () => this.hide());
  }

  hide() {
    this.turn += 1;
    this.element.hidden = true;
    clearTimeout(this.timer);
  }

  async show(stage, { point, x, y }) {
    if (point < 0) return this.hide();
    this.place(x, y);
    if (this.point === point && this.stage === stage && !this.element.hidden) return null;
    const turn = ++this.turn;
    [this.point, this.stage] = [point, stage];
    const row = stage.map.rowOf(point);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.detail(stage, point, row, turn), WAIT);
    try {
      const keys = await stage.space.keys();
      if (turn === this.turn) this.draw({ key: keys.at(row) }, [], x, y);
    } catch {
      // the record has the key too
    }
    return null;
  }

  async detail(stage, point, row, turn) {
    try {
      const [record, trust, picture] = await Promise.all([stage.space.record(row), trustOf(stage.map, point), stage.space.thumbnail(row)]);
      if (turn === this.turn) this.draw(record, trust, this.x, this.y, picture);
    } catch {
      // the key alone is shown; the panel of the point tells what is wrong
    }
  }

  draw(record, trust, x, y, picture = null) {
    const { key, ...rest } = record;
    const values = Object.entries(rest).filter(([, value]) => shown(value) !== "");
    const image = picture && h("img", { class: "card-picture", src: picture, alt: "", on: { error: () => image.remove() } });
    fill(
      this.element,
      image,
      h("div", { class: "card-key", text: key }),
      values.length > 0 && h("dl", { class: "card-values" }, ...values.slice(0, MOST).flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: shown(value).slice(0, 240) })])),
      trust.length > 0 && trustBars(trust),
    );
    this.element.hidden = false;
    this.place(x, y);
  }

  /** Beside the pointer, on the side that has room. */
  place(x, y) {
    [this.x, this.y] = [x, y];
    const frame = this.element.offsetParent?.getBoundingClientRect();
    if (!frame) return;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = x - frame.left + 16 + width > frame.width ? x - frame.left - 16 - width : x - frame.left + 16;
    const top = Math.min(y - frame.top + 12, frame.height - height - 8);
    this.element.style.transform = `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)`;
  }
}

/** [name, share] of each measure of a point. */
export async function trustOf(map, point) {
  const names = map.info.trust ?? [];
  const bytes = await Promise.all(names.map((name) => map.measure(name)));
  return names.map((name, at) => [name, bytes[at][point] / 255]);
}

/** The measures of a point as bars. */
export function trustBars(trust) {
  return h(
    "dl",
    { class: "trust" },
    ...trust.flatMap(([name, share]) => {
      const bar = h("span", { class: "bar" }, h("span", { class: BAD.has(name) ? "bar-fill bad" : "bar-fill" }));
      bar.firstChild.style.width = `${share * 100}%`;
      return [h("dt", { text: MEASURES[name]?.[0] ?? name, title: MEASURES[name]?.[1] ?? "" }), h("dd", {}, bar, h("span", { class: "bar-value", text: percent(share) }))];
    }),
  );
}
