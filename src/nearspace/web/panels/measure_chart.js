/** A measure as a small chart: interval, value and baselines on an axis. */
import { put, svg } from "../dom.js";
import { number } from "../format.js";

const PAD = 1.5; // per cent of the width, at both ends

/** Places are per cent of the width, so that nothing but the width grows with the page. */
export function chart({ name, value, low, high, baseline }, [from, to]) {
  const bases = Object.entries(baseline ?? {});
  const at = (figure) => `${PAD + ((figure - from) / (to - from)) * (100 - 2 * PAD)}%`;
  const label = `${name}: ${number(value)}, interval ${number(low)} to ${number(high)}; ${bases.map(([base, figure]) => `${base} ${number(figure)}`).join(", ")}`;
  const line = (kind, x1, x2, y1 = 12, y2 = 12) => svg("line", { class: kind, x1, x2, y1, y2 });
  const ticks = bases.map(([base, figure]) => put(line("base", at(figure), at(figure), 4, 20), svg("title", { text: `${base}: ${number(figure)}` })));
  return svg(
    "svg",
    { class: "chart", width: "100%", height: 38, role: "img", "aria-label": label },
    line("axis", at(from), at(to)),
    from < 0 && to > 0 && line("axis", at(0), at(0), 8, 16),
    ...ticks,
    line("interval", at(low), at(high)),
    svg("circle", { class: "value", cx: at(value), cy: 12, r: 4.5 }),
    svg("text", { class: "end", x: at(from), y: 34, text: number(from) }),
    svg("text", { class: "end", x: at(to), y: 34, "text-anchor": "end", text: number(to) }),
  );
}

/** The axis of some measures: shares lie on 0..1, correlations on -1..1, all else on 0 to a round number. */
export function sharedAxis(measures) {
  const figures = measures.flatMap(({ value, low, high, baseline }) => [value, low, high, ...Object.values(baseline ?? {})]);
  const low = Math.min(...figures);
  const high = Math.max(...figures);
  if (low >= 0 && high <= 1) return [0, 1];
  if (low >= -1 && high <= 1) return [low < -0.2 ? -1 : -0.2, 1];
  const unit = 10 ** Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high))));
  return [low < 0 ? Math.floor(low / unit) * unit : 0, Math.max(0, Math.ceil(high / unit) * unit)];
}
