/** From a choice (a column, a measure of the map, a level of regions) to the colours of points and a legend. */
import { NONE } from "./map_data.js";
import { CATEGORICAL, MISSING, SEQUENTIAL } from "./palette.js";

const OTHER = 255;
const LOG_FROM = 1000; // numbers above 0 whose largest is so many times the least are shown by their logarithm

export const MEASURES = {
  trust: ["Trust", "Share of a point's nearest points on the map that are also its nearest in the Space."],
  torn: ["Torn away", "How far, by ranks, a point's true neighbours lie from it on the map: 0 is near, 50 % is chance."],
  false: ["False neighbours", "How far, by ranks, a point's near points on the map are in the Space: 0 is near, 50 % is chance."],
  stability: ["Stability", "Share of a point's nearest points on the map that stay so with another seed."],
};

/** What a map can be coloured by: [{value, name, group}]; the value is what the address keeps. */
export function choices(space, map) {
  const columns = space.info.columns.filter((column) => column.file);
  return [
    ...columns.map(({ name }) => ({ value: name, name, group: "Columns" })),
    ...(map.info.trust ?? []).map((name) => ({ value: `~${name}`, name: titleOf(`~${name}`), group: "This map" })),
    ...(map.info.regions ?? []).map(({ level, count }) => ({
      value: `~region.${level}`,
      name: `Regions (${count})`,
      group: "This map",
    })),
    { value: "~none", name: "One colour", group: "This map" },
  ];
}

/** The choice a map starts with: the first column of few classes, else trust, else one colour. */
export function firstChoice(space, listed) {
  const fits = (column) => column.kind === "category" && column.file && column.values.length > 1;
  const few = space.info.columns.find((column) => fits(column) && column.values.length <= 40);
  return few?.name ?? (listed.trust === false ? "~none" : "~trust");
}

/** The name of a choice for people. */
export function titleOf(choice) {
  if (!choice.startsWith("~")) return choice;
  const name = choice.slice(1);
  return MEASURES[name]?.[0] ?? (name.startsWith("region.") ? "Regions" : name);
}

/**
 * Colours and legend of a map.
 *
 * @param {Uint32Array|null} rows row (of `space`) of each point, NONE for none; null: the rows of the map itself
 */
export async function coloring(space, map, choice, { theme, rows = map.rows }) {
  const base = { choice, title: titleOf(choice), missing: MISSING[theme] };
  if (choice.startsWith("~region.")) return byRegion(map, Number(choice.slice(8)), base, theme);
  if (choice === "~none") return single(map, base, theme);
  if (choice.startsWith("~")) return byMeasure(map, choice.slice(1), base, theme);
  const column = await space.column(choice);
  if (column.kind === "number") return byNumber(pick(column.values, rows, NaN), base, theme);
  const empty = column.codes instanceof Uint8Array ? 255 : 65535;
  const names = column.values;
  return byClass(pick(column.codes, rows, empty), names, base, theme);
}

/** Values of rows -> values of points. */
export function pick(values, rows, empty) {
  if (!rows) return values;
  const picked = new values.constructor(rows.length);
  for (let point = 0; point < rows.length; point++) {
    picked[point] = rows[point] === NONE ? empty : values[rows[point]];
  }
  return picked;
}

function single(map, base, theme) {
  const colors = { codes: new Uint8Array(map.n), palette: [CATEGORICAL[theme][0]], missing: base.missing };
  return { colors, legend: { ...base, kind: "none" } };
}

async function byRegion(map, level, base, theme) {
  const { regions } = map.info.regions.find((other) => other.level === level);
  const names = [];
  regions.forEach((region) => (names[region.id] = region.name));
  return byClass(await map.region(level), names, base, theme);
}

async function byMeasure(map, name, base, theme) {
  const bytes = await map.measure(name);
  const values = Float32Array.from(bytes, (byte) => byte / 255);
  const legend = { ...base, kind: "scale", low: 0, high: 1, scale: SEQUENTIAL[theme], about: MEASURES[name]?.[1] };
  return { colors: { values, low: 0, high: 1, scale: SEQUENTIAL[theme], missing: base.missing }, legend };
}

function byNumber(values, base, theme) {
  const scale = SEQUENTIAL[theme];
  const { low, high } = bounds(values);
  const log = low > 0 && high / low > LOG_FROM;
  const legend = { ...base, kind: "scale", low, high, log, scale };
  if (!log) return { colors: { values, low, high: high > low ? high : low + 1, scale, missing: base.missing }, legend };
  const logs = values.map(Math.log10);
  return { colors: { values: logs, low: Math.log10(low), high: Math.log10(high), scale, missing: base.missing }, legend };
}

/** Least and largest finite value; 0 and 1 where there is none. */
export function bounds(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low && value > -Infinity) low = value;
    if (value > high && value < Infinity) high = value;
  }
  return low <= high ? { low, high } : { low: 0, high: 1 };
}

/** The most frequent classes have colours of their own, the rest one together. */
function byClass(codes, names, base, theme) {
  const palette = CATEGORICAL[theme];
  const counts = new Uint32Array(names.length);
  for (const code of codes) if (code < names.length) counts[code]++;
  const order = Array.from(names.keys()).sort((a, b) => counts[b] - counts[a] || a - b);
  const own = order.slice(0, palette.length).filter((code) => counts[code]);
  const place = new Uint8Array(65536).fill(OTHER);
  own.forEach((code, at) => (place[code] = at));
  const shown = new Uint8Array(codes.length);
  for (let point = 0; point < codes.length; point++) shown[point] = place[codes[point]];
  const classes = own.map((code, at) => ({ name: names[code], count: counts[code], color: palette[at] }));
  const others = order.slice(own.length).filter((code) => counts[code]).length;
  const rest = codes.length - classes.reduce((sum, { count }) => sum + count, 0);
  const legend = { ...base, kind: "classes", classes, others, rest };
  return { colors: { codes: shown, palette: palette.slice(0, own.length || 1), missing: base.missing }, legend };
}
