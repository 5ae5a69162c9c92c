/**
 * How many points lie in each pixel, and of which colour on average: what a million points look like.
 *
 * Each bin sums weight and weighted colour. The texture has the mean colour times `a`, and as alpha `a`, the logarithm of
 * the weight between that of a single point and the 99.5 % quantile of the bins.
 */

const SINGLE = 0.26; // alpha of one point
const FEWEST_AT_TOP = 6; // a map with less in its fullest bins does not reach the top of the scale
const TABLE = 4096;
const PER_ENTRY = 16; // of the table a point

export class Density {
  constructor() {
    Object.assign(this, { width: 0, height: 0, table: new Float32Array(TABLE), peak: 0 });
  }

  /** Start anew with bins of `size` pixels. */
  start(width, height, size) {
    const [columns, rows] = [Math.max(1, Math.ceil(width / size)), Math.max(1, Math.ceil(height / size))];
    if (columns !== this.width || rows !== this.height) {
      this.sums = new Float32Array(columns * rows * 4);
      this.bytes = new Uint8Array(columns * rows * 4);
      this.words = new Uint32Array(this.bytes.buffer);
    } else this.sums.fill(0);
    Object.assign(this, { width: columns, height: rows, perPixel: 1 / size });
  }

  /** Add the points of an index seen from above; `paint` has r, g, b and weight of each as bytes of a word. */
  addFlat(index, paint, camera) {
    const { width, height, sums, perPixel } = this;
    const { k, halfW, halfH, center } = camera.numbers();
    const ax = k * perPixel;
    const bx = (halfW - center[0] * k) * perPixel;
    const by = (halfH + center[1] * k) * perPixel;
    const [x0, y1] = camera.under(0, 0);
    const [x1, y0] = camera.under(camera.width, camera.height);
    index.runs(x0, x1, y0, y1, (start, end) => addRun(sums, width, height, index, paint, start, end, ax, bx, by));
  }

  addProjected(projected, paint) {
    const { width, height, sums, perPixel } = this;
    const { px, py, weight, count } = projected;
    for (let i = 0; i < count; i++) {
      const sx = px[i] * perPixel;
      const sy = py[i] * perPixel;
      if (sx >= 0 && sy >= 0 && sx < width && sy < height) addPoint(sums, ((sy | 0) * width + (sx | 0)) << 2, paint[i], weight[i]);
    }
  }

  /** Fill `bytes`, the texture. */
  finish() {
    const { sums, words, table } = this;
    this.peak = Math.max(FEWEST_AT_TOP, peakOf(sums));
    const perLog = (1 - SINGLE) / Math.log1p(this.peak);
    const level = (weight) => Math.min(1, SINGLE * Math.min(1, weight) + perLog * Math.log1p(weight));
    for (let i = 0; i < TABLE; i++) table[i] = level(i / PER_ENTRY);
    for (let bin = 0, at = 0; bin < words.length; bin++, at += 4) {
      const weight = sums[at + 3];
      if (weight === 0) {
        words[bin] = 0;
        continue;
      }
      const entry = (weight * PER_ENTRY + 0.5) | 0;
      const a = entry < TABLE ? table[entry] : level(weight);
      const f = a / weight;
      words[bin] = (sums[at] * f) | ((sums[at + 1] * f) << 8) | ((sums[at + 2] * f) << 16) | ((a * 255) << 24);
    }
  }
}

function addRun(sums, width, height, index, paint, start, end, ax, bx, by) {
  const { x, y } = index;
  for (let i = start; i < end; i++) {
    const sx = x[i] * ax + bx;
    const sy = by - y[i] * ax;
    if (sx >= 0 && sy >= 0 && sx < width && sy < height) addPoint(sums, ((sy | 0) * width + (sx | 0)) << 2, paint[i], 1);
  }
}

function addPoint(sums, at, word, share) {
  const weight = (word >>> 24) * 0.00392156862745098 * share;
  sums[at] += (word & 255) * weight;
  sums[at + 1] += ((word >>> 8) & 255) * weight;
  sums[at + 2] += ((word >>> 16) & 255) * weight;
  sums[at + 3] += weight;
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
