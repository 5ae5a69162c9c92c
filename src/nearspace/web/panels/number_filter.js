/** A range of numbers: a histogram with two handles, and two fields to type in. */
import { bounds } from "../coloring.js";
import { h, svg } from "../dom.js";
import { number } from "../format.js";

const BINS = 40;

export async function numberFilter(ctx, name) {
  const values = await valuesOf(ctx, name);
  const { low, high } = name.startsWith("~") ? { low: 0, high: 1 } : bounds(values);
  if (!(high > low)) return h("p", { class: "note", text: `All values are ${number(low)}.` });
  return new NumberFilter(ctx, name, values, low, high).element;
}

async function valuesOf({ main, space }, name) {
  if (!name.startsWith("~")) return (await space.column(name)).values;
  return Float32Array.from(await main.map.measure(name.slice(1)), (byte) => byte / 255);
}

class NumberFilter {
  constructor(ctx, name, values, low, high) {
    Object.assign(this, { ctx, name, low, high });
    this.bars = histogram(values, low, high);
    this.sliders = ["Least", "Most"].map((label) => this.slider(label));
    this.fields = ["Least", "Most"].map((label) => this.field(label));
    const chart = svg("svg", { class: "histogram", viewBox: `0 0 ${BINS} 20`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...this.bars);
    this.element = h("div", { class: "range" }, h("div", { class: "range-chart" }, chart, ...this.sliders), h("div", { class: "range-fields" }, this.fields[0], h("span", { text: "to" }), this.fields[1]));
    ctx.store.on(["filters"], () => this.follow(), ctx.signal);
    this.follow();
  }

  slider(label) {
    const input = h("input", { type: "range", min: 0, max: 1000, step: 1, "aria-label": `${label} ${this.name.replace("~", "")}` });
    input.addEventListener("input", () => this.slide());
    return input;
  }

  field(label) {
    const input = h("input", { type: "number", step: "any", "aria-label": `${label} ${this.name.replace("~", "")} as a number` });
    input.addEventListener("change", () => this.set(...this.fields.map((field) => Number(field.value))));
    return input;
  }

  /** The handles may cross: the lesser of the two is the lower end. */
  slide() {
    const ends = this.sliders.map((input) => this.low + (Number(input.value) / 1000) * (this.high - this.low));
    clearTimeout(this.timer);
    this.show(Math.min(...ends), Math.max(...ends), false);
    this.timer = setTimeout(() => this.set(Math.min(...ends), Math.max(...ends)), 60);
  }

  set(low, high) {
    if (!Number.isFinite(low) || !Number.isFinite(high)) return this.follow();
    const all = low <= this.low && high >= this.high;
    return this.ctx.actions.setFilter(this.name, all ? null : { low: digits(Math.min(low, high)), high: digits(Math.max(low, high)) });
  }

  follow() {
    const { low, high } = this.ctx.store.state.filters[this.name] ?? this;
    this.show(low, high, true);
  }

  show(low, high, move) {
    const place = (value) => Math.round(((value - this.low) / (this.high - this.low)) * 1000);
    if (move) [low, high].forEach((value, at) => (this.sliders[at].value = place(value)));
    [low, high].forEach((value, at) => {
      this.fields[at].value = digits(value);
      this.sliders[at].setAttribute("aria-valuetext", number(digits(value)));
    });
    this.bars.forEach((bar, at) => {
      const middle = this.low + ((at + 0.5) / BINS) * (this.high - this.low);
      bar.classList.toggle("out", middle < low || middle > high);
    });
  }
}

const digits = (value) => Number(value.toPrecision(6));

/** Bars whose height is the square root of their count, so that small ones are seen. */
function histogram(values, low, high) {
  const counts = new Uint32Array(BINS);
  const per = BINS / (high - low);
  for (const value of values) if (value >= low && value <= high) counts[Math.min(BINS - 1, Math.floor((value - low) * per))]++;
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  return Array.from(counts, (count, at) => {
    const height = count ? Math.max(0.6, Math.sqrt(count / most) * 20) : 0;
    return svg("rect", { x: at + 0.08, y: 20 - height, width: 0.84, height });
  });
}
