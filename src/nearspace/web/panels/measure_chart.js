/** A measure as a small chart: interval, value, baselines on one axis. */
import { svg } from "../dom.js";
import { number } from "../format.js";

const WIDTH = 240;
const PAD = 8;

export function chart({ name, value, low, high, baseline }) {
  const bases = Object.entries(baseline ?? {});
  const [from, to] = axis([value, low, high, ...bases.map(([, figure]) => figure)]);
  const at = (figure) => PAD + ((figure - from) / (to - from)) * (WIDTH - 2 * PAD);
  const label = `${name}: ${number(value)}, interval ${number(low)} to ${number(high)}; ${bases.map(([base, figure]) => `${base} ${number(figure)}`).join(", ")}`;
  const ticks = bases.map(([base, figure]) => svg("line", { class: "base", x1: at(figure), x2: at(figure), y1: 6, y2: 22 }, svg("title", { text: `${base}: ${number(figure)}` })));
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} 40`, role: "img", "aria-label": label },
    svg("line", { class: "axis", x1: PAD, x2: WIDTH - PAD, y1: 14, y2: 14 }),
    ...ticks,
    svg("line", { class: "interval", x1: at(low), x2: Math.max(at(high), at(low) + 1), y1: 14, y2: 14 }),
    svg("circle", { class: "value", cx: at(value), cy: 14, r: 5 }),
    svg("text", { class: "end", x: PAD, y: 37, text: number(from) }),
    svg("text", { class: "end", x: WIDTH - PAD, y: 37, "text-anchor": "end", text: number(to) }),
  );
}

/** Shares lie on 0..1, correlations on -1..1, all else on 0 to a round number. */
export function axis(figures) {
  const low = Math.min(...figures);
  const high = Math.max(...figures);
  if (low >= 0 && high <= 1) return [0, 1];
  if (low >= -1 && high <= 1) return [-1, 1];
  const unit = 10 ** Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high))));
  return [low < 0 ? Math.floor(low / unit) * unit : 0, Math.max(0, Math.ceil(high / unit) * unit)];
}
