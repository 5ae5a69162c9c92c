/**
 * How many points lie in each pixel, and of which colour on average: what a million points look like.
 *
 * Each bin sums weight and weighted colour; a level between 0 and 1, the logarithm of the weight between that of a
 * single point and the 99.5 % quantile of the bins, says how much of the background a bin covers and how deep its
 * colour is. All this is a few table look-ups a bin, so the shader only copies: software WebGL needs ten times as long
 * for the same formula.
 */

import { smoothstep } from "./theme.js";

const SINGLE = 0.28; // level of one point
const FEWEST_AT_TOP = 6; // a map with less in its fullest bins does not reach the top of the scale
const TABLE = 4096;
const PER_ENTRY = 16; // of the tables a point
const DEEPER = 0.26; // how much darker the fullest bins are on a light ground
const BRIGHTER = 0.34; // how much nearer to white on a dark one

export class Density {
  constructor() {
    Object.assign(this, { width: 0, height: 0, peak: 0, box: null, version: 0 });
    this.tables = { cover: new Float32Array(TABLE), times: new Float32Array(TABLE), plus: new Float32Array(TABLE) };
  }

  /**
   * Start anew with bins of `size` pixels; a point also weighs `spread` in the three bins beside it, one of `stride`
   * counts.
   */
  start(width, height, size, spread, stride = 1) {
    const [columns, rows] = [Math.max(1, Math.ceil(width / size)), Math.max(1, Math.ceil(height / size))];
    if (columns !== this.width || rows !== this.height) {
      this.sums = new Float32Array((columns + 1) * (rows + 1) * 4); // a column and a row more for what spreads over the edge
      this.bytes = new Uint8Array(columns * rows * 4);
      this.words = new Uint32Array(this.bytes.buffer);
    } else this.sums.fill(0);
    Object.assign(this, { width: columns, height: rows, perPixel: 1 / size, spread, stride });
  }

  /** Add the points of an index seen from above; `paint` has r, g, b and weight of each as bytes of a word. */
  addFlat(index, paint, camera) {
    const { k, halfW, halfH, center } = camera.numbers();
    const ax = k * this.perPixel;
    const bx = (halfW - center[0] * k) * this.perPixel;
    const by = (halfH + center[1] * k) * this.perPixel;
    const [x0, y1] = camera.under(0, 0);
    const [x1, y0] = camera.under(camera.width, camera.height);
    index.runs(x0, x1, y0, y1, (start, end) => addRun(this, index, paint, start, end, ax, bx, by));
  }

  addProjected(projected, paint) {
    const { width, height, sums, perPixel, spread, stride } = this;
    const { px, py, weight, count } = projected;
    for (let i = 0; i < count; i += stride) {
      const sx = px[i] * perPixel;
      const sy = py[i] * perPixel;
      if (sx >= 0 && sy >= 0 && sx < width && sy < height)
        addPoint(sums, width + 1, sx | 0, sy | 0, paint[i], weight[i], spread);
    }
  }

  /** Fill `bytes`, the texture, and `box`, [x0, y0, x1, y1] of the bins that are not empty (null if all are). */
  finish(dark) {
    this.version++;
    this.peak = Math.max(FEWEST_AT_TOP, peakOf(this.sums));
    const perLog = (1 - SINGLE) / Math.log1p(this.peak);
    const { tables } = this;
    for (let i = 0; i < TABLE; i++) setEntry(tables, i, i / PER_ENTRY, perLog, dark);
    const top = { cover: [0], times: [0], plus: [0] };
    let [x0, y0, x1, y1] = [this.width, this.height, -1, -1];
    for (let row = 0; row < this.height; row++) {
      const [first, last] = finishRow(this, row, top, perLog, dark);
      if (last < 0) continue;
      [x0, x1] = [Math.min(x0, first), Math.max(x1, last)];
      [y0, y1] = [Math.min(y0, row), row];
    }
    this.box = x1 < 0 ? null : [x0, y0, x1 + 1, y1 + 1];
  }
}

function addRun({ sums, width, height, spread, stride }, { x, y }, paint, start, end, ax, bx, by) {
  for (let i = start + ((stride - (start % stride)) % stride); i < end; i += stride) {
    const sx = x[i] * ax + bx;
    const sy = by - y[i] * ax;
    if (sx >= 0 && sy >= 0 && sx < width && sy < height) addPoint(sums, width + 1, sx | 0, sy | 0, paint[i], 1, spread);
  }
}

function addPoint(sums, columns, column, row, word, share, spread) {
  const weight = (word >>> 24) * 0.00392156862745098 * share;
  const at = (row * columns + column) << 2;
  addTo(sums, at, word, weight);
  if (spread > 0) {
    addTo(sums, at + 4, word, weight * spread);
    addTo(sums, at + (columns << 2), word, weight * spread);
    addTo(sums, at + (columns << 2) + 4, word, weight * spread);
  }
}

function addTo(sums, at, word, weight) {
  sums[at] += (word & 255) * weight;
  sums[at + 1] += ((word >>> 8) & 255) * weight;
  sums[at + 2] += ((word >>> 16) & 255) * weight;
  sums[at + 3] += weight;
}

/** What the bins of one weight look like: covered share, times 255, and factor and summand of the mean colour. */
function setEntry({ cover, times, plus }, i, weight, perLog, dark) {
  const level = Math.min(1, SINGLE * Math.min(1, weight) + perLog * Math.log1p(weight));
  const full = smoothstep(0.45, 1, level);
  const covered = 1 - (1 - level) ** 1.9;
  cover[i] = 255 * covered;
  times[i] = covered * (dark ? 0.92 + (1 - BRIGHTER - 0.92) * full : 1 - DEEPER * full);
  plus[i] = dark ? 255 * covered * BRIGHTER * full : 0;
}

/** The first and last bin of a row that is not empty. */
function finishRow({ sums, words, width, tables }, row, top, perLog, dark) {
  let [first, last] = [width, -1];
  let at = row * (width + 1) * 4;
  for (let column = 0, bin = row * width; column < width; column++, bin++, at += 4) {
    const weight = sums[at + 3];
    if (weight === 0) {
      words[bin] = 0;
      continue;
    }
    if (last < 0) first = column;
    last = column;
    let entry = (weight * PER_ENTRY + 0.5) | 0;
    let table = tables;
    if (entry >= TABLE) {
      setEntry(top, 0, weight, perLog, dark);
      [entry, table] = [0, top];
    }
    const f = table.times[entry] / weight;
    const p = table.plus[entry];
    words[bin] =
      (sums[at] * f + p) | ((sums[at + 1] * f + p) << 8) | ((sums[at + 2] * f + p) << 16) | (table.cover[entry] << 24);
  }
  return [first, last];
}

/** The 99.5 % quantile of the bins that are not empty, from a sample. */
function peakOf(sums) {
  const step = 4 * Math.max(1, Math.floor(sums.length / 4 / 60000));
  const found = [];
  for (let at = 3; at < sums.length; at += step) if (sums[at] > 0) found.push(sums[at]);
  if (found.length === 0) return 0;
  const sorted = Float32Array.from(found).sort();
  return sorted[Math.floor((sorted.length - 1) * 0.995)];
}
