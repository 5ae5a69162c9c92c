/**
 * One word a kept point: r, g, b and how much it weighs, from colours, fade and marks.
 *
 * Where some points are marked (found or selected), the others go towards the background and weigh little, so that
 * marked ones show even in a bin of thousands.
 */

import { mix } from "./theme.js";

export const [PLAIN, SELECTED, FOUND] = [0, 1, 2];
const DIMMED = 0.72; // of the way to the background
const DIM_WEIGHT = 0.22;

/** The word of each kept point, in the order of the index. */
export function paintOf(index, { colors, fade, marks, theme }) {
  const { order, count } = index;
  const { words, dim, pick } = tableOf(colors, theme);
  const paint = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const point = order[i];
    const color = pick(point);
    const weight = fade === null ? 255 : 40 + ((fade[point] * 215) >> 8);
    if (marks === null || marks[point] !== PLAIN) paint[i] = words[color] | ((marks === null ? weight : 255) << 24);
    else paint[i] = dim[color] | ((weight * DIM_WEIGHT) << 24);
  }
  return paint;
}

/** [r, g, b] of one point, as `paintOf` has it without marks. */
export function colorOf(point, colors, theme) {
  const { words, pick } = tableOf(colors, theme);
  const word = words[pick(point)];
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255];
}

/** The colours that occur, as words, plain and dimmed, and which of them a point has. */
function tableOf(colors, theme) {
  const list = listOf(colors, theme);
  return {
    words: Uint32Array.from(list, wordOf),
    dim: Uint32Array.from(list, (color) => wordOf(mix(color, theme.background, DIMMED))),
    pick: pickOf(colors),
  };
}

function listOf(colors, theme) {
  if (colors === null) return [theme.faint];
  if (colors.codes) return [...colors.palette, colors.missing ?? theme.missing];
  return [...colors.scale, colors.missing ?? theme.missing];
}

function pickOf(colors) {
  if (colors === null) return () => 0;
  if (colors.codes) {
    const { codes, palette } = colors;
    return (point) => (codes[point] < palette.length ? codes[point] : palette.length);
  }
  const { values, low, high, scale } = colors;
  const top = scale.length - 1;
  const per = top / (high - low || 1);
  return (point) => {
    const at = (values[point] - low) * per + 0.5;
    return at === at ? (at < 0 ? 0 : at > top ? top : at | 0) : top + 1;
  };
}

function wordOf([r, g, b]) {
  return (r & 255) | ((g & 255) << 8) | ((b & 255) << 16);
}
