/** Which points of a map are shown: those that all filters and the SQL condition let through. */
import { NONE } from "./map_data.js";
import { pick } from "./coloring.js";

/**
 * @typedef {{low: number, high: number}|{values: string[]}} Filter by name of a column, or "~" and a measure of the map
 *
 * @param {{[name: string]: Filter}} filters
 * @param {Uint8Array|null} allowed a row: what the SQL condition says
 * @param {Uint32Array|null} rows row of each point, NONE for none
 * @returns {Promise<{mask: Uint8Array|null, count: number}>} mask: 1 for shown points, null for all; count of those on the map
 */
export async function shownPoints(space, map, { filters, allowed, rows = map.rows }) {
  const usable = Object.entries(filters).filter(([name, one]) => makesSense(space, map, name, one));
  const tests = await Promise.all(usable.map(([name, one]) => test(space, map, name, one, rows)));
  if (allowed) tests.push(byRow(allowed, rows));
  const mask = tests.length ? new Uint8Array(map.n).fill(1) : null;
  let count = 0;
  for (let point = 0; point < map.n; point++) {
    for (let at = 0; mask && at < tests.length; at++) if (!tests[at](point)) mask[point] = 0;
    if ((!mask || mask[point]) && map.isDrawn(point)) count++;
  }
  return { mask, count };
}

/** An address may name what this Space or map does not have. */
function makesSense(space, map, name, filter) {
  if (name.startsWith("~")) return map.has(name) && !filter.values;
  const column = space.describe(name);
  return Boolean(column?.file) && (column.kind === "number") === !filter.values;
}

function byRow(allowed, rows) {
  if (!rows) return (point) => allowed[point] === 1;
  return (point) => rows[point] !== NONE && allowed[rows[point]] === 1;
}

async function test(space, map, name, filter, rows) {
  if (name.startsWith("~")) {
    const bytes = await map.measure(name.slice(1));
    return (point) => bytes[point] >= filter.low * 255 - 0.5 && bytes[point] <= filter.high * 255 + 0.5;
  }
  const column = await space.column(name);
  if (column.kind === "number") {
    const values = pick(column.values, rows, NaN);
    const { low, high } = singles(filter);
    return (point) => values[point] >= low && values[point] <= high;
  }
  const chosen = new Set(filter.values.map((value) => column.values.indexOf(value)));
  const codes = pick(column.codes, rows, column.codes instanceof Uint8Array ? 255 : 65535);
  return (point) => chosen.has(codes[point]);
}

/** Ends of a range as the columns hold numbers, so that the least and the largest value lie within. */
function singles({ low, high }) {
  return { low: Math.fround(low), high: Math.fround(high) };
}
